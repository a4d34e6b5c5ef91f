#include "value_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "big_int.h"
#include "gilspy/memory.h"
#include "python_quote.h"

namespace gilspy::sample {
namespace {

tl::unexpected<Error> corrupt(std::string_view what) { return fail(ErrorCode::kCorrupt, std::string(what)); }

// Containers and texts of subclasses are shown as those of their type, in the class' name.
bool is_wrapped(ValueKind kind) {
  switch (kind) {
    case ValueKind::kInt:
    case ValueKind::kFloat:
    case ValueKind::kComplex:
    case ValueKind::kStr:
    case ValueKind::kBytes:
    case ValueKind::kBytearray:
    case ValueKind::kList:
    case ValueKind::kTuple:
    case ValueKind::kDict:
    case ValueKind::kFrozenDict:
    case ValueKind::kOrderedDict:
    case ValueKind::kSet:
    case ValueKind::kFrozenSet: return true;
    default: return false;
  }
}

// Whose repr() has the name although it is no subclass.
bool is_named(ValueKind kind) {
  return kind == ValueKind::kBytearray || kind == ValueKind::kFrozenDict || kind == ValueKind::kOrderedDict;
}

}  // namespace

ValueText::Shown ValueText::show(RemoteAddr object, const ValueLimits& limits) {
  limits_ = limits;
  out_.clear();
  path_.clear();
  cut_ = false;
  Shown shown;
  put(object);
  if (const TypeFacts* const type = types_.of(object)) shown.type = type->full_name;
  shown.text = std::exchange(out_, {});
  shown.cut = cut_;
  return shown;
}

// One that is garbage spoils no other.
void ValueText::put(RemoteAddr object) {
  if (out_.size() >= limits_.characters) return leave_out();
  const std::size_t before = out_.size();
  const std::size_t depth = path_.size();
  const TypeFacts* const type = types_.of(object);
  if (type != nullptr && put_as(*type, object).has_value()) return;
  out_.resize(before);
  path_.resize(depth);
  if (memory_.is_exhausted()) return leave_out();
  out_ += kUnreadable;
}

Result<void> ValueText::put_as(const TypeFacts& type, RemoteAddr object) {
  const bool is_own = type.is_exact || !is_wrapped(type.kind);
  if (is_own && !is_named(type.kind)) return put_own(type, object);
  out_ += type.name + "(";
  GILSPY_CHECK(put_own(type, object));
  out_ += ")";
  return {};
}

Result<void> ValueText::put_own(const TypeFacts& type, RemoteAddr object) {
  switch (type.kind) {
    case ValueKind::kNone: out_ += "None"; return {};
    case ValueKind::kEllipsis: out_ += "Ellipsis"; return {};
    case ValueKind::kNotImplemented: out_ += "NotImplemented"; return {};
    case ValueKind::kBool: return put_bool(object);
    case ValueKind::kInt: return put_int(object);
    case ValueKind::kFloat: return put_float(object);
    case ValueKind::kComplex: return put_complex(object);
    case ValueKind::kStr: return put_str(object);
    case ValueKind::kBytes: return put_bytes_object(object);
    case ValueKind::kBytearray: return put_bytearray(object);
    case ValueKind::kList: return put_list(object);
    case ValueKind::kTuple: return put_tuple(object);
    case ValueKind::kDict:
    case ValueKind::kFrozenDict: return put_dict(object);
    case ValueKind::kOrderedDict: return put_ordered_dict(object);
    case ValueKind::kSet:
    case ValueKind::kFrozenSet: return put_set(object);
    case ValueKind::kRange: return put_range(object);
    case ValueKind::kFunction: return put_named("function", object + layout_.values.function_name);
    case ValueKind::kGenerator: return put_named(type.name, object + layout_.generator.name);
    case ValueKind::kMethod: return put_method(object);
    case ValueKind::kBuiltin: return put_builtin(object);
    case ValueKind::kModule: return put_module(type, object);
    case ValueKind::kType: return put_class(object);
    case ValueKind::kException: return put_exception(type, object);
    case ValueKind::kObject: break;
  }
  return put_object(type, object);
}

// --- numbers ---------------------------------------------------------------------------------------------------------

Result<void> ValueText::put_int(RemoteAddr object) {
  GILSPY_TRY(const BigInt number, read_big_int(memory_, layout_, object));
  out_ += number.text();
  cut_ = cut_ || !number.is_exact();
  return {};
}

Result<void> ValueText::put_bool(RemoteAddr object) {
  GILSPY_TRY(const BigInt number, read_big_int(memory_, layout_, object));
  out_ += number.text() == "0" ? "False" : "True";
  return {};
}

Result<void> ValueText::put_float(RemoteAddr object) {
  GILSPY_TRY(const auto value, read_value<double>(memory_, object + layout_.values.float_value));
  out_ += float_text(value);
  return {};
}

Result<void> ValueText::put_complex(RemoteAddr object) {
  GILSPY_TRY(const auto real, read_value<double>(memory_, object + layout_.values.complex_value));
  GILSPY_TRY(const auto imaginary, read_value<double>(memory_, object + layout_.values.complex_value + 8));
  const std::string part = short_float_text(imaginary) + "j";
  if (real == 0 && !std::signbit(real)) {
    out_ += part;
  } else {
    out_ += fmt::format("({}{}{})", short_float_text(real), part.front() == '-' ? "" : "+", part);
  }
  return {};
}

Result<void> ValueText::put_range(RemoteAddr object) {
  // rangeobject.c: start, stop and step follow the header.
  std::string numbers[3];
  for (std::uint64_t i = 0; i < 3; ++i) {
    GILSPY_TRY(const RemoteAddr part, read_pointer(memory_, object + layout_.object.var_size + 8 * i));
    GILSPY_TRY(const BigInt number, read_big_int(memory_, layout_, part));
    numbers[i] = number.text();
  }
  out_ += fmt::format("range({}, {}", numbers[0], numbers[1]);
  out_ += numbers[2] == "1" ? ")" : ", " + numbers[2] + ")";
  return {};
}

// --- texts -----------------------------------------------------------------------------------------------------------

Result<void> ValueText::put_str(RemoteAddr object) {
  GILSPY_TRY(const Text text, read_text(memory_, layout_, object, limits_.text));
  out_ += quoted(text.characters);
  if (text.length > text.characters.size()) leave_out();
  return {};
}

Result<void> ValueText::put_bytes(RemoteAddr first, std::uint64_t size) {
  std::vector<std::byte> bytes(std::min<std::uint64_t>(size, limits_.text));
  if (!bytes.empty()) GILSPY_CHECK(read_exact(memory_, first, bytes));
  out_ += quoted(bytes);
  if (size > bytes.size()) leave_out();
  return {};
}

Result<void> ValueText::put_bytes_object(RemoteAddr object) {
  GILSPY_TRY(const auto size, read_value<std::uint64_t>(memory_, object + layout_.object.var_size));
  return put_bytes(object + layout_.object.bytes_data, size);
}

Result<void> ValueText::put_bytearray(RemoteAddr object) {
  GILSPY_TRY(const auto size, read_value<std::uint64_t>(memory_, object + layout_.object.var_size));
  GILSPY_TRY(const RemoteAddr first, read_pointer(memory_, object + layout_.values.bytearray_start));
  return put_bytes(first, size);
}

// --- containers ------------------------------------------------------------------------------------------------------

// Whether there is no room for another item, or no more of them are shown.
bool ValueText::is_full(std::size_t items) {
  if (items < limits_.items && out_.size() < limits_.characters && !memory_.is_exhausted()) return false;
  leave_out();
  return true;
}

// False: it was written without what is in it.
bool ValueText::may_go_into(RemoteAddr object, std::string_view open, std::string_view close, std::uint64_t size) {
  const bool is_cycle = std::ranges::find(path_, object) != path_.end();
  if (!is_cycle && path_.size() < limits_.depth) {
    path_.push_back(object);
    return true;
  }
  // Three dots are what repr() writes for what contains itself.
  const std::string within = is_cycle ? "..." : fmt::format("<{} item{}>", size, size == 1 ? "" : "s");
  out_.append(open).append(within).append(close);
  cut_ = cut_ || !is_cycle;
  return false;
}

void ValueText::put_items(std::span<const RemoteAddr> items, std::uint64_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    if (i > 0) out_ += ", ";
    if (i == items.size()) return leave_out();
    if (is_full(i)) return;
    put(items[i]);
  }
}

Result<void> ValueText::put_list(RemoteAddr object) {
  GILSPY_TRY(const auto size, read_value<std::uint64_t>(memory_, object + layout_.object.var_size));
  if (size == 0) {
    out_ += "[]";
    return {};
  }
  GILSPY_TRY(const auto items, read_list(memory_, layout_, object, limits_.items));
  if (!may_go_into(object, "[", "]", size)) return {};
  out_ += "[";
  put_items(items, size);
  out_ += "]";
  path_.pop_back();
  return {};
}

Result<void> ValueText::put_tuple(RemoteAddr object) {
  GILSPY_TRY(const auto size, read_value<std::uint64_t>(memory_, object + layout_.object.var_size));
  if (size == 0) {
    out_ += "()";
    return {};
  }
  GILSPY_TRY(const auto items, read_tuple(memory_, layout_, object, limits_.items));
  if (!may_go_into(object, "(", ")", size)) return {};
  out_ += "(";
  put_items(items, size);
  out_ += size == 1 ? ",)" : ")";
  path_.pop_back();
  return {};
}

Result<void> ValueText::put_dict(RemoteAddr object) {
  GILSPY_TRY(const DictPart part, read_dict_part(memory_, layout_, object, limits_.items));
  if (part.size == 0) {
    out_ += "{}";
    return {};
  }
  if (!may_go_into(object, "{", "}", part.size)) return {};
  put_entries(part.entries, part.size);
  path_.pop_back();
  return {};
}

void ValueText::put_entries(std::span<const DictEntry> entries, std::uint64_t size) {
  out_ += "{";
  for (std::size_t i = 0; i < entries.size() && !is_full(i); ++i) {
    put(entries[i].key);
    out_ += ": ";
    put(entries[i].value);
    if (i + 1 < size) out_ += ", ";
  }
  if (entries.size() < size && !out_.ends_with("...")) leave_out();
  out_ += "}";
}

// move_to_end() changes the order without the dict. odictobject.c, the same from 3.8 to 3.15: behind the dict comes
// the first node of a list that has the order; a node has a key, its hash, and the next node.
Result<void> ValueText::put_ordered_dict(RemoteAddr object) {
  constexpr std::size_t kMost = 500;  // the order of more is not looked up
  constexpr std::uint64_t kBehindValues = 8, kNextNode = 16;
  GILSPY_TRY(const DictPart part, read_dict_part(memory_, layout_, object, kMost));
  if (part.size == 0) {
    out_ += "{}";
    return {};
  }
  if (part.size > part.entries.size()) {
    out_ += fmt::format("{{<{} items>}}", part.size);
    cut_ = true;
    return {};
  }
  std::vector<DictEntry> ordered;
  GILSPY_TRY(RemoteAddr node, read_pointer(memory_, object + layout_.dict.values + kBehindValues));
  while (!node.is_null() && ordered.size() < part.size) {
    GILSPY_TRY(const RemoteAddr key, read_pointer(memory_, node));
    const auto entry = std::ranges::find(part.entries, key, &DictEntry::key);
    if (entry == part.entries.end()) return corrupt("the order names another key");
    ordered.push_back(*entry);
    GILSPY_TRY(node, read_pointer(memory_, node + kNextNode));
  }
  if (ordered.size() != part.size || !node.is_null()) return corrupt("the order is not of as many keys");
  if (!may_go_into(object, "{", "}", part.size)) return {};
  put_entries(ordered, part.size);
  path_.pop_back();
  return {};
}

Result<void> ValueText::put_set(RemoteAddr object) {
  GILSPY_TRY(const SetPart part, read_set_part(memory_, layout_, object, limits_.items));
  const TypeFacts* const type = types_.of(object);
  if (type == nullptr) return corrupt("the set has gone");
  const bool has_name = type->is_exact && (type->kind == ValueKind::kFrozenSet || part.size == 0);
  if (has_name) out_ += type->name + "(";
  if (part.size > 0 && may_go_into(object, "{", "}", part.size)) {
    out_ += "{";
    put_items(part.items, part.size);
    out_ += "}";
    path_.pop_back();
  }
  if (has_name) out_ += ")";
  return {};
}

// --- functions, modules, classes -------------------------------------------------------------------------------------

Result<void> ValueText::put_named(std::string_view what, RemoteAddr name_at) {
  GILSPY_TRY(const RemoteAddr name, read_pointer(memory_, name_at));
  GILSPY_TRY(const std::string text, read_str(memory_, layout_, name));
  out_ += fmt::format("<{} {}>", what, printable_name(text));
  return {};
}

Result<void> ValueText::put_method(RemoteAddr object) {
  GILSPY_TRY(const RemoteAddr function, read_pointer(memory_, object + layout_.values.method_function));
  const TypeFacts* const type = types_.of(function);
  if (type == nullptr) return corrupt("a method without a function");
  if (type->kind == ValueKind::kFunction) return put_named("bound method", function + layout_.values.function_name);
  out_ += fmt::format("<bound method, a {}>", type->full_name);
  return {};
}

Result<void> ValueText::put_builtin(RemoteAddr object) {
  GILSPY_TRY(const RemoteAddr definition, read_pointer(memory_, object + layout_.values.builtin_definition));
  GILSPY_TRY(const RemoteAddr name_at, read_pointer(memory_, definition));
  GILSPY_TRY(const std::string name, read_c_string(memory_, name_at));
  GILSPY_TRY(const RemoteAddr self, read_pointer(memory_, object + layout_.values.builtin_self));
  const TypeFacts* const type = self.is_null() ? nullptr : types_.of(self);
  if (type == nullptr || type->kind == ValueKind::kModule) {
    out_ += fmt::format("<built-in function {}>", printable_name(name));
  } else {
    out_ += fmt::format("<built-in method {} of {}>", printable_name(name), type->full_name);
  }
  return {};
}

Result<void> ValueText::put_module(const TypeFacts& type, RemoteAddr object) {
  GILSPY_TRY(const RemoteAddr name, read_pointer(memory_, object + layout_.values.module_name));
  if (name.is_null()) return put_object(type, object);
  GILSPY_TRY(const Text text, read_text(memory_, layout_, name, limits_.text));
  out_ += fmt::format("<{} {}>", type.is_exact ? "module" : type.full_name, quoted(text.characters));
  return {};
}

Result<void> ValueText::put_class(RemoteAddr object) {
  const TypeFacts* const itself = types_.at(object);
  if (itself == nullptr) return corrupt("not a class");
  out_ += fmt::format("<class '{}'>", itself->full_name);
  return {};
}

Result<void> ValueText::put_exception(const TypeFacts& type, RemoteAddr object) {
  GILSPY_TRY(const RemoteAddr arguments, read_pointer(memory_, object + layout_.values.exception_arguments));
  const TypeFacts* const of_arguments = types_.of(arguments);
  if (of_arguments == nullptr || of_arguments->kind != ValueKind::kTuple) return put_object(type, object);
  GILSPY_TRY(const auto size, read_value<std::uint64_t>(memory_, arguments + layout_.object.var_size));
  GILSPY_TRY(const auto items, read_tuple(memory_, layout_, arguments, limits_.items));
  out_ += type.name;
  if (size == 0) {
    out_ += "()";
  } else if (may_go_into(object, "(", ")", size)) {
    out_ += "(";
    put_items(items, size);
    out_ += ")";
    path_.pop_back();
  }
  return {};
}

// --- other objects ---------------------------------------------------------------------------------------------------

Result<void> ValueText::put_object(const TypeFacts& type, RemoteAddr object) {
  out_ += fmt::format("<{} at {:#x}", type.full_name, object.value());
  const bool goes_on = limits_.attributes && path_.size() < limits_.depth && std::ranges::count(path_, object) == 0;
  if (goes_on) {
    path_.push_back(object);
    put_attributes(type, object);
    path_.pop_back();
  }
  out_ += ">";
  return {};
}

void ValueText::put_attributes(const TypeFacts& type, RemoteAddr object) {
  std::vector<std::pair<std::string, RemoteAddr>> attributes = slots_of(type, object);
  constexpr std::size_t kMostRead = 256;
  const auto entries = read_attributes(memory_, layout_, object, kMostRead);
  for (const DictEntry& entry : entries.value_or(std::vector<DictEntry>{})) {
    const TypeFacts* const of_key = types_.of(entry.key);
    if (entry.value.is_null() || of_key == nullptr || of_key->kind != ValueKind::kStr) continue;
    if (const auto name = read_str(memory_, layout_, entry.key)) attributes.emplace_back(*name, entry.value);
  }
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    out_ += i > 0 ? ", " : " ";
    if (is_full(i)) return;
    out_ += printable_name(attributes[i].first) + "=";
    put(attributes[i].second);
  }
}

// PyMemberDef (structmember.h): name, type, offset, flags, doc. A class has one for each of its __slots__.
std::vector<std::pair<std::string, RemoteAddr>> ValueText::slots_of(const TypeFacts& type, RemoteAddr object) {
  constexpr std::uint64_t kMemberSize = 40, kMemberType = 8, kMemberOffset = 16, kFarthest = 1 << 16;
  constexpr std::int32_t kObjectEx = 16;  // T_OBJECT_EX
  constexpr std::uint64_t kMostSlots = 64;
  constexpr int kMostBases = 16;
  std::vector<std::pair<std::string, RemoteAddr>> found;
  const TypeFacts* level = &type;
  for (int i = 0; i < kMostBases && level != nullptr && level->is_heap; ++i, level = types_.at(level->base)) {
    const auto count = read_value<std::uint64_t>(memory_, level->address + layout_.object.var_size);
    const auto members = read_pointer(memory_, level->address + layout_.object.type_members);
    if (!count.has_value() || !members.has_value() || members->is_null()) continue;
    for (std::uint64_t slot = 0; slot < std::min(*count, kMostSlots); ++slot) {
      const RemoteAddr member = *members + slot * kMemberSize;
      const auto offset = read_value<std::uint64_t>(memory_, member + kMemberOffset);
      if (read_value<std::int32_t>(memory_, member + kMemberType).value_or(0) != kObjectEx) continue;
      if (!offset.has_value() || *offset > kFarthest) continue;
      const auto name_at = read_pointer(memory_, member);
      const auto name = name_at.has_value() ? read_c_string(memory_, *name_at) : tl::unexpected(name_at.error());
      const auto value = read_pointer(memory_, object + *offset);
      if (name.has_value() && value.has_value() && !value->is_null()) found.emplace_back(*name, *value);
    }
  }
  return found;
}

}  // namespace gilspy::sample
