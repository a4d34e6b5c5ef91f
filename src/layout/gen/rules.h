// Which field of CPython each field of RuntimeLayout is: where it lies in the debugging information, and which builds
// must have it. All knowledge of names is here; a CPython that renames a field gets one more Place.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "shape.h"

namespace gilspy::layout::gen {

struct Place {
  std::string_view type;
  std::string_view path = {};  // empty: the end of the struct, which is its size
};

struct FieldRule {
  std::string_view field;         // "thread.next", as in RuntimeLayout
  bool (*needed)(const Shape&);   // a build that is so and does not have it is refused
  std::array<Place, 3> places{};  // the first that a build has is it
  bool zero_when_absent = false;
};

// What _Py_DebugOffsets says of a field: its own place, or that of a neighbour at a distance that does not change.
struct SlotRule {
  std::string_view field;  // "thread.datastack_top"
  std::string_view slot;   // "thread_state.datastack_chunk", in _Py_DebugOffsets
  Place neighbour = {};    // what the slot tells, where that is not the field itself
};

std::span<const FieldRule> field_rules();  // in the order of RuntimeLayout
std::span<const SlotRule> slot_rules();    // of several for one field, the first that a build has counts

}  // namespace gilspy::layout::gen
