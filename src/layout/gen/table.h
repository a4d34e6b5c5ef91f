// The fields of one build, found by the rules.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "gilspy/layout.h"
#include "gilspy/result.h"
#include "shape.h"
#include "type_index.h"

namespace gilspy::layout::gen {

struct FoundField {
  std::string_view field;  // "thread.next"
  Offset offset = 0;
  Offset size = 0;
};

struct FoundSlot {
  std::string_view field;
  Offset slot = 0;
  std::int64_t distance = 0;
};

struct Table {
  Shape shape;
  std::vector<FoundField> fields;  // in the order of RuntimeLayout, sizes of structs included
  std::vector<FoundSlot> slots;    // empty where a build does not publish its offsets
  Offset kind_shift = 0;           // of the bit-fields in PyASCIIObject.state, from its first bit
  Offset compact_shift = 0;
  Offset ascii_shift = 0;
};

// Errors: kUnsupported, naming every field that the build should have and does not.
Result<Table> table_of(const TypeIndex& types);

}  // namespace gilspy::layout::gen
