#include "thread_names.h"

#include "gilspy/memory.h"
#include "objects.h"

namespace gilspy::sample {

Result<RemoteAddr> ThreadNameReader::find_active() {
  if (!active_.is_null()) return active_;
  GILSPY_TRY(active_, find_in_module(memory_, layout_, interpreter_, "threading", "_active"));
  return active_;
}

Result<ThreadNames> ThreadNameReader::read(const std::unordered_set<std::uint64_t>& wanted) {
  constexpr std::size_t kMostThreads = 100'000;
  GILSPY_TRY(const RemoteAddr active, find_active());
  GILSPY_TRY(const std::vector<DictEntry> entries, read_dict(memory_, layout_, active, kMostThreads));
  ThreadNames names;
  // The latest come last, and are mostly those that are asked for.
  for (auto at = entries.rbegin(); at != entries.rend() && names.size() < wanted.size(); ++at) {
    const DictEntry& entry = *at;
    const auto ident = read_int(memory_, layout_, entry.key);
    if (!ident.has_value() || !wanted.contains(*ident)) continue;
    const auto name_object = find_attribute(memory_, layout_, entry.value, "_name");
    if (!name_object.has_value()) continue;
    if (auto name = read_str(memory_, layout_, *name_object); name.has_value()) names[*ident] = std::move(*name);
  }
  return names;
}

}  // namespace gilspy::sample
