// CPython 3.11, x86-64 Linux. Offsets from the DWARF of a 3.11.7 build; every 3.11 release has them.
#pragma once

#include "gilspy/layout.h"

namespace gilspy::layout::tables {

inline constexpr RuntimeLayout kCpython311{
    .name = "3.11",
    .runtime = {.interpreters_head = 40, .gil = 360},
    .interpreter = {.next = 0, .id = 48, .threads_head = 16, .threads_next_id = 8, .modules = 888},
    .gil = {.size = 208, .interval = 0, .last_holder = 8, .locked = 16, .switch_number = 24, .cond = 32, .switch_cond = 120},
    .thread = {.size = 360,
               .next = 8,
               .interpreter = 16,
               .id = 240,
               .thread_id = 152,
               .native_thread_id = 160,
               .frame_root = 56,
               .datastack_chunk = 296,
               .datastack_top = 304},
    .cframe = {.size = 24, .current_frame = 8},
    .chunk = {.previous = 0, .chunk_size = 8, .data = 24},
    .frame = {.size = 80, .code = 32, .previous = 48, .instruction = 56, .owner = 69},
    .code = {.size = 192,
             .filename = 112,
             .name = 120,
             .qualname = 128,
             .first_line = 72,
             .line_table = 136,
             .instructions = 184},
    .object = {.type = 8,
               .var_size = 16,
               .type_name = 24,
               .type_cached_keys = 872,
               .type_flags = 168,
               .type_basicsize = 32,
               .bytes_data = 32,
               .long_size_or_tag = 16,
               .long_digits = 24,
               .long_has_tag = false},
    .unicode = {.length = 16, .state = 32, .ascii_data = 48, .compact_data = 72},
    .dict = {.keys = 32,
             .values = 40,
             .keys_log2_size = 8,
             .keys_log2_index_bytes = 9,
             .keys_kind = 10,
             .keys_entry_count = 24,
             .keys_indices = 32,
             .module_dict = 16,
             .values_first = 0},
    .frame_root = FrameRoot::kViaCframe,
    .gil_home = GilHome::kInRuntime,
    .instance_values = InstanceValues::kPointerBeforeObject,
};

}  // namespace gilspy::layout::tables
