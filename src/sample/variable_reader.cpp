#include "variable_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "python_quote.h"

namespace gilspy::sample {
namespace {

struct FrameLimits {
  std::size_t frames = 0;     // of a thread, the innermost
  std::size_t variables = 0;  // of a frame
  std::size_t reads = 0;      // of pages, for a thread
};

FrameLimits limits_of(VariableDetail detail) {
  return detail == VariableDetail::kFull ? FrameLimits{500, 500, 20'000} : FrameLimits{100, 60, 4'000};
}

// What Python itself puts into a module or a class body.
bool is_special(std::string_view name) { return name.starts_with("__") && name.ends_with("__"); }

// Of a module these are mostly what it imports and defines.
bool is_definition(const TypeFacts* type) {
  if (type == nullptr) return false;
  return type->kind == ValueKind::kModule || type->kind == ValueKind::kFunction || type->kind == ValueKind::kType ||
         type->kind == ValueKind::kBuiltin;
}

// Nobody can change these objects.
bool is_fixed(const ShownVariable& variable) {
  constexpr std::array<std::string_view, 7> kTypes{"NoneType", "bool", "int", "float", "complex", "str", "bytes"};
  return !variable.is_bound || std::ranges::find(kTypes, variable.type) != kTypes.end();
}

// Between two readings. Objects that have changed meanwhile are marked in the second.
bool agree(const FrameVariables& first, FrameVariables& second) {
  if (first.variables.size() != second.variables.size()) return false;
  for (std::size_t i = 0; i < second.variables.size(); ++i) {
    const ShownVariable& before = first.variables[i];
    ShownVariable& now = second.variables[i];
    if (before.name != now.name || before.type != now.type) return false;
    now.changed = before.value != now.value;
    if (now.changed && is_fixed(now)) return false;
  }
  return true;
}

}  // namespace

// An object that is freed makes room for the next one, so that a variable of a thread that runs can seem to be bound to
// the same object and mean another value. What cannot change by itself then has changed.
std::vector<FrameVariables> VariableReader::read(std::span<const FramePlace> places, VariableDetail detail) {
  detail_ = detail;
  const Pass first = pass(places);
  Pass second = pass(places);
  for (std::size_t depth = 0; depth < places.size(); ++depth) {
    FrameVariables& frame = second.frames[depth];
    if (frame.state != FrameVariables::State::kRead) continue;
    if (first.slots[depth] != second.slots[depth] || !agree(first.frames[depth], frame)) frame = FrameVariables{};
  }
  return std::move(second.frames);
}

VariableReader::Pass VariableReader::pass(std::span<const FramePlace> places) {
  const FrameLimits limits = limits_of(detail_);
  const std::size_t reads = std::min(limits.reads, reads_left_);
  pages_.begin(reads);
  types_.clear();
  Pass result;
  result.slots.resize(places.size());
  result.frames.resize(places.size());
  // The innermost frames matter most.
  for (std::size_t depth = places.size(); depth-- > 0;) {
    if (places.size() - depth > limits.frames || places[depth].frame.is_null()) {
      result.frames[depth].state = FrameVariables::State::kLeftOut;
      continue;
    }
    result.slots[depth] = frames_.slots(places[depth]);
    if (result.slots[depth].has_value()) result.frames[depth] = variables_of(places[depth], *result.slots[depth]);
  }
  reads_left_ -= reads - pages_.reads_left();
  return result;
}

FrameVariables VariableReader::variables_of(const FramePlace& place, const FrameSlots& slots) {
  FrameVariables frame;
  frame.state = FrameVariables::State::kRead;
  const std::size_t most = limits_of(detail_).variables;
  for (const Slot& slot : slots.slots) {
    const std::string& name = frames_.name_of(place, slot);
    if (slot.value.is_null() && detail_ != VariableDetail::kFull) continue;
    if (slots.scope != Scope::kFunction && is_special(name)) continue;
    if (frame.variables.size() == most) {
      frame.more = true;
      break;
    }
    add(name, slot.value, slot.argument, frame);
  }
  const bool is_shown =
      slots.scope == Scope::kMapping || (slots.scope == Scope::kModule && detail_ == VariableDetail::kFull);
  if (is_shown) add_mapping(slots.mapping, slots.scope, frame);
  return frame;
}

void VariableReader::add(std::string name, RemoteAddr value, bool argument, FrameVariables& frame) {
  ShownVariable variable;
  variable.name = printable_name(name);
  variable.argument = argument;
  variable.is_bound = !value.is_null();
  if (variable.is_bound) {
    ValueText::Shown shown = values_.show(value, ValueLimits::of(detail_));
    variable.value = std::move(shown.text);
    variable.type = std::move(shown.type);
    variable.cut = shown.cut;
  }
  frame.variables.push_back(std::move(variable));
}

void VariableReader::add_mapping(RemoteAddr mapping, Scope scope, FrameVariables& frame) {
  const TypeFacts* const type = types_.of(mapping);
  if (type == nullptr || type->kind != ValueKind::kDict) return;  // __prepare__ can return anything
  const std::size_t most = limits_of(detail_).variables;
  const auto part = read_dict_part(pages_, layout_, mapping, 4 * most);
  if (!part.has_value()) return;
  frame.more = frame.more || part->size > part->entries.size();
  for (const DictEntry& entry : part->entries) {
    const TypeFacts* const of_key = types_.of(entry.key);
    if (of_key == nullptr || of_key->kind != ValueKind::kStr) continue;
    const auto name = read_str(pages_, layout_, entry.key);
    if (!name.has_value() || is_special(*name)) continue;
    if (scope == Scope::kModule && is_definition(types_.of(entry.value))) continue;
    if (frame.variables.size() == most) {
      frame.more = true;
      return;
    }
    add(*name, entry.value, false, frame);
  }
}

}  // namespace gilspy::sample
