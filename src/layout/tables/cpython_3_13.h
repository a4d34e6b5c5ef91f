// CPython 3.13 with a GIL, x86-64 Linux. Offsets from the DWARF of a 3.13.0 build; by its headers
// 3.13.15 has the same fields in the same places (PyThreadState grew at its end); it was not tried.
#pragma once

#include "gilspy/layout.h"

namespace gilspy::layout::tables {

inline constexpr RuntimeLayout kCpython313{
    .name = "3.13",
    .runtime = {.interpreters_head = 632},
    .interpreter =
        {.next = 7264, .id = 7272, .threads_head = 7344, .threads_next_id = 7336, .gil = 16, .modules = 7656},
    .gil = {.size = 208,
            .interval = 0,
            .last_holder = 8,
            .locked = 16,
            .switch_number = 24,
            .cond = 32,
            .switch_cond = 120},
    .thread = {.size = 304,
               .next = 8,
               .interpreter = 16,
               .id = 224,
               .thread_id = 152,
               .native_thread_id = 160,
               .frame_root = 72,
               .datastack_chunk = 232,
               .datastack_top = 240},
    .cframe = {},
    .chunk = {.previous = 0, .chunk_size = 8, .data = 24},
    .frame = {.size = 80, .code = 0, .previous = 8, .instruction = 56, .owner = 70, .first_sentinel_owner = 3},
    .code = {.size = 208,
             .filename = 112,
             .name = 120,
             .qualname = 128,
             .first_line = 68,
             .line_table = 136,
             .instructions = 200},
    .object = {.type = 8,
               .var_size = 16,
               .type_name = 24,
               .type_cached_keys = 880,
               .type_flags = 168,
               .type_basicsize = 32,
               .bytes_data = 32,
               .long_size_or_tag = 16,
               .long_digits = 24,
               .long_has_tag = true},
    .unicode = {.length = 16, .state = 32, .ascii_data = 40, .compact_data = 56},
    .dict = {.keys = 32,
             .values = 40,
             .keys_log2_size = 8,
             .keys_log2_index_bytes = 9,
             .keys_kind = 10,
             .keys_entry_count = 24,
             .keys_indices = 32,
             .module_dict = 16,
             .values_first = 8},
    .frame_root = FrameRoot::kInThread,
    .gil_home = GilHome::kViaInterpreter,
    .instance_values = InstanceValues::kInlineAfterObject,
};

}  // namespace gilspy::layout::tables
