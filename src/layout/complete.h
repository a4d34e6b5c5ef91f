// Does a table have all that its traits need? Asked while compiling (layout.cpp): a table that does not never ships.
#pragma once

#include <cstddef>
#include <string_view>

#include "gilspy/layout.h"

namespace gilspy::layout {

struct NeededField {
  std::string_view name;
  Offset value;
  bool needed;
};

// The first field that is needed and has the value that stands for "not there"; "" where there is none.
template <std::size_t kCount>
constexpr std::string_view first_with(Offset nothing, const NeededField (&fields)[kCount]) {
  for (const NeededField& field : fields) {
    if (field.needed && field.value == nothing) return field.name;
  }
  return "";
}

// A field, "" where none is missing. `state`, `gil_requested`, `base_frame` and thread-local bytecode (`tlbc`) are not
// needed by any trait: where they are absent a reader does without.
constexpr std::string_view first_missing(const RuntimeLayout& layout) {
  const bool data_stack = layout.frame_root != FrameRoot::kFrameObjects;
  const bool via_cframe = layout.frame_root == FrameRoot::kViaCframe;
  const bool one_gil = layout.gil_home == GilHome::kInRuntime;
  const bool values = layout.instance_values != InstanceValues::kNone;
  const bool tlbc = layout.code.tlbc != kAbsent;
  const NeededField fields[] = {
      {"runtime.interpreters_head", layout.runtime.interpreters_head, true},
      {"runtime.interpreters_main", layout.runtime.interpreters_main, true},
      {"runtime.gil", layout.runtime.gil, one_gil},
      {"interpreter.next", layout.interpreter.next, true},
      {"interpreter.id", layout.interpreter.id, true},
      {"interpreter.threads_head", layout.interpreter.threads_head, true},
      {"interpreter.threads_next_id", layout.interpreter.threads_next_id, true},
      {"interpreter.gil", layout.interpreter.gil, !one_gil},
      {"interpreter.modules", layout.interpreter.modules, true},
      {"gil.enabled", layout.gil.enabled, layout.free_threaded},
      {"gil.interval", layout.gil.interval, true},
      {"gil.last_holder", layout.gil.last_holder, true},
      {"gil.locked", layout.gil.locked, true},
      {"gil.switch_number", layout.gil.switch_number, true},
      {"gil.cond", layout.gil.cond, true},
      {"gil.switch_cond", layout.gil.switch_cond, true},
      {"thread.next", layout.thread.next, true},
      {"thread.interpreter", layout.thread.interpreter, true},
      {"thread.id", layout.thread.id, true},
      {"thread.thread_id", layout.thread.thread_id, true},
      {"thread.native_thread_id", layout.thread.native_thread_id, data_stack},
      {"thread.frame_root", layout.thread.frame_root, true},
      {"thread.datastack_chunk", layout.thread.datastack_chunk, data_stack},
      {"thread.datastack_top", layout.thread.datastack_top, data_stack},
      {"thread.context_version", layout.thread.context_version, true},
      {"cframe.current_frame", layout.cframe.current_frame, via_cframe},
      {"chunk.previous", layout.chunk.previous, data_stack},
      {"chunk.chunk_size", layout.chunk.chunk_size, data_stack},
      {"chunk.data", layout.chunk.data, data_stack},
      {"frame.code", layout.frame.code, true},
      {"frame.previous", layout.frame.previous, true},
      {"frame.instruction", layout.frame.instruction, true},
      {"frame.owner", layout.frame.owner, data_stack},
      {"frame.state", layout.frame.state, !data_stack},
      {"frame.tlbc_index", layout.frame.tlbc_index, tlbc},
      {"variables.mapping", layout.variables.mapping, true},
      {"generator.frame", layout.generator.frame, true},
      {"generator.state", layout.generator.state, data_stack},
      {"generator.name", layout.generator.name, true},
      {"set.mask", layout.set.mask, true},
      {"set.table", layout.set.table, true},
      {"set.used", layout.set.used, true},
      {"code.filename", layout.code.filename, true},
      {"code.name", layout.code.name, true},
      {"code.qualname", layout.code.qualname, data_stack},
      {"code.first_line", layout.code.first_line, true},
      {"code.line_table", layout.code.line_table, true},
      {"code.instructions", layout.code.instructions, layout.line_format == LineFormat::kLocations},
      {"code.tlbc_entries", layout.code.tlbc_entries, tlbc},
      {"code.flags", layout.code.flags, true},
      {"code.arguments", layout.code.arguments, true},
      {"code.keyword_only", layout.code.keyword_only, true},
      {"code.local_kinds", layout.code.local_kinds, data_stack},
      {"object.type", layout.object.type, true},
      {"object.var_size", layout.object.var_size, true},
      {"object.type_name", layout.object.type_name, true},
      {"object.type_cached_keys", layout.object.type_cached_keys, values},
      {"object.type_flags", layout.object.type_flags, true},
      {"object.type_dict", layout.object.type_dict, true},
      {"object.type_basicsize", layout.object.type_basicsize, true},
      {"object.type_dictoffset", layout.object.type_dictoffset, true},
      {"object.type_base", layout.object.type_base, true},
      {"object.type_members", layout.object.type_members, true},
      {"object.type_qualname", layout.object.type_qualname, true},
      {"object.bytes_data", layout.object.bytes_data, true},
      {"object.long_size_or_tag", layout.object.long_size_or_tag, true},
      {"object.long_digits", layout.object.long_digits, true},
      {"unicode.length", layout.unicode.length, true},
      {"unicode.state", layout.unicode.state, true},
      {"unicode.ascii_data", layout.unicode.ascii_data, true},
      {"unicode.compact_data", layout.unicode.compact_data, true},
      {"dict.keys", layout.dict.keys, true},
      {"dict.values", layout.dict.values, true},
      {"dict.keys_size", layout.dict.keys_size, !values},
      {"dict.keys_log2_size", layout.dict.keys_log2_size, values},
      {"dict.keys_log2_index_bytes", layout.dict.keys_log2_index_bytes, values},
      {"dict.keys_entry_count", layout.dict.keys_entry_count, true},
      {"dict.keys_indices", layout.dict.keys_indices, true},
      {"dict.module_dict", layout.dict.module_dict, true},
      {"dict.values_first", layout.dict.values_first, true},
      {"dict.used", layout.dict.used, true},
      {"values.list_items", layout.values.list_items, true},
      {"values.float_value", layout.values.float_value, true},
      {"values.complex_value", layout.values.complex_value, true},
      {"values.bytearray_start", layout.values.bytearray_start, true},
      {"values.function_name", layout.values.function_name, true},
      {"values.method_function", layout.values.method_function, true},
      {"values.builtin_definition", layout.values.builtin_definition, true},
      {"values.builtin_self", layout.values.builtin_self, true},
      {"values.module_name", layout.values.module_name, true},
      {"values.exception_arguments", layout.values.exception_arguments, true},
  };
  const NeededField sizes[] = {
      {"gil.size", layout.gil.size, true},
      {"thread.size", layout.thread.size, true},
      {"cframe.size", layout.cframe.size, via_cframe},
      {"frame.size", layout.frame.size, true},
      {"code.size", layout.code.size, true},
  };
  const std::string_view field = first_with(kAbsent, fields);
  return field.empty() ? first_with(0, sizes) : field;
}

}  // namespace gilspy::layout
