#include "type_names.h"

#include <algorithm>

#include "gilspy/memory.h"
#include "objects.h"

namespace gilspy::sample {
namespace {

bool is_plausible_type_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

const std::string& TypeNames::of(RemoteAddr object) {
  static const std::string kNone;
  const auto type = read_pointer(memory_, object + layout_.object.type);
  if (!type.has_value() || type->is_null() || type->value() % 8 != 0) return kNone;
  if (const auto known = names_.find(*type); known != names_.end()) return known->second;
  // A type is an object of a type, and says how large its objects are.
  constexpr std::uint64_t kLargest = 1U << 20;
  const auto size = read_value<std::uint64_t>(memory_, *type + layout_.object.type_basicsize);
  const auto meta = read_pointer(memory_, *type + layout_.object.type);
  if (!size.has_value() || *size < layout_.object.var_size || *size > kLargest) return kNone;
  if (!meta.has_value() || meta->is_null()) return kNone;
  const auto name = read_type_name(memory_, layout_, object);
  if (!name.has_value() || !is_plausible_type_name(*name)) return kNone;
  return names_.emplace(*type, *name).first->second;
}

}  // namespace gilspy::sample
