// What 3.13 and later publish of themselves: _Py_DebugOffsets (pycore_debug_offsets.h), at the start of _PyRuntime.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "gilspy/layout.h"
#include "gilspy/locate.h"
#include "gilspy/result.h"
#include "gilspy/target.h"

namespace gilspy::layout {

static_assert(std::is_standard_layout_v<RuntimeLayout>);  // for offsetof

// One word of it, and the field that it tells.
struct DebugSlot {
  Offset slot = 0;            // bytes from the start of _Py_DebugOffsets
  std::size_t field = 0;      // an Offset in RuntimeLayout
  std::int32_t distance = 0;  // of the field from what the word tells: 0, or constant, as for neighbours
};

// Puts what the process says before what its table says; the sizes of structs grow with their fields.
// Errors: kUnsupported for words that cannot be the offsets of this build; those of reading.
Result<void> take_debug_offsets(MemoryReader& memory, const RuntimeLocation& location, std::span<const DebugSlot> slots,
                                RuntimeLayout& layout);

}  // namespace gilspy::layout
