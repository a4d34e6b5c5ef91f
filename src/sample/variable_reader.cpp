#include "variable_reader.h"

#include <algorithm>
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

}  // namespace

std::vector<FrameVariables> VariableReader::read(std::span<const FramePlace> places, VariableDetail detail) {
  detail_ = detail;
  const FrameLimits limits = limits_of(detail);
  const std::size_t reads = std::min(limits.reads, reads_left_);
  pages_.begin(reads);
  types_.clear();
  slots_.assign(places.size(), std::nullopt);
  std::vector<FrameVariables> frames(places.size());
  // All slots first: the shorter the time, the less of it changes. The innermost frames matter most.
  for (std::size_t depth = places.size(); depth-- > 0;) {
    if (places.size() - depth > limits.frames) {
      frames[depth].state = FrameVariables::State::kLeftOut;
    } else {
      slots_[depth] = frames_.slots(places[depth]);
    }
  }
  for (std::size_t depth = places.size(); depth-- > 0;) {
    if (slots_[depth].has_value()) frames[depth] = variables_of(places[depth], *slots_[depth]);
  }
  reads_left_ -= reads - pages_.reads_left();
  return frames;
}

bool VariableReader::unchanged(const FramePlace& place, std::size_t depth) {
  return depth < slots_.size() && slots_[depth].has_value() && frames_.slots(place) == slots_[depth];
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
