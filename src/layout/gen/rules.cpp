#include "rules.h"

namespace gilspy::layout::gen {
namespace {

constexpr bool always(const Shape&) { return true; }
constexpr bool never(const Shape&) { return false; }
constexpr bool with_data_stack(const Shape& shape) { return shape.has_data_stack(); }
constexpr bool with_frame_objects(const Shape& shape) { return !shape.has_data_stack(); }
constexpr bool with_frame_in_thread(const Shape& shape) { return shape.frame_root == FrameRoot::kInThread; }
constexpr bool with_cframe(const Shape& shape) { return shape.frame_root == FrameRoot::kViaCframe; }
constexpr bool with_one_gil(const Shape& shape) { return shape.gil_home == GilHome::kInRuntime; }
constexpr bool with_many_gils(const Shape& shape) { return shape.gil_home == GilHome::kViaInterpreter; }
constexpr bool with_values(const Shape& shape) { return shape.instance_values != InstanceValues::kNone; }
constexpr bool free_threaded(const Shape& shape) { return shape.free_threaded; }
constexpr bool with_thread_local_bytecode(const Shape& shape) { return shape.has_thread_local_bytecode; }

constexpr FieldRule kFields[] = {
    {"runtime.size", always, {{{"pyruntimestate"}}}},
    {"runtime.interpreters_head", always, {{{"pyruntimestate", "interpreters.head"}}}},
    {"runtime.interpreters_main", always, {{{"pyruntimestate", "interpreters.main"}}}},
    {"runtime.gil", with_one_gil, {{{"pyruntimestate", "ceval.gil"}}}},
    {"runtime.interpreters_mutex", with_frame_in_thread, {{{"pyruntimestate", "interpreters.mutex"}}}},
    {"runtime.stop_the_world", with_frame_in_thread, {{{"pyruntimestate", "stoptheworld"}}}},

    {"interpreter.next", always, {{{"_is", "next"}}}},
    {"interpreter.id", always, {{{"_is", "id"}}}},
    {"interpreter.threads_head", always, {{{"_is", "threads.head"}, {"_is", "tstate_head"}}}},
    {"interpreter.threads_next_id", always, {{{"_is", "threads.next_unique_id"}, {"_is", "tstate_next_unique_id"}}}},
    {"interpreter.gil", with_many_gils, {{{"_is", "ceval.gil"}}}},
    {"interpreter.modules", always, {{{"_is", "imports.modules"}, {"_is", "modules"}}}},
    {"interpreter.size", always, {{{"_is"}}}},
    {"interpreter.stop_the_world", with_frame_in_thread, {{{"_is", "stoptheworld"}}}},
    {"interpreter.import_lock", with_frame_in_thread, {{{"_is", "imports.lock"}}}},
    {"interpreter.type_lock", with_frame_in_thread, {{{"_is", "types.mutex"}}}},
    {"interpreter.pending_lock", with_frame_in_thread, {{{"_is", "ceval.pending.mutex"}}}},
    {"interpreter.weakref_locks", free_threaded, {{{"_is", "weakref_locks"}}}},
    {"interpreter.reference_counts", free_threaded, {{{"_is", "brc"}}}},

    {"stop_the_world.size", with_frame_in_thread, {{{"_stoptheworld_state"}}}},
    {"stop_the_world.requested", with_frame_in_thread, {{{"_stoptheworld_state", "requested"}}}},
    {"stop_the_world.requester", with_frame_in_thread, {{{"_stoptheworld_state", "requester"}}}},

    {"gil.size", always, {{{"_gil_runtime_state"}}}},
    {"gil.enabled", free_threaded, {{{"_gil_runtime_state", "enabled"}}}},
    {"gil.interval", always, {{{"_gil_runtime_state", "interval"}}}},
    {"gil.last_holder", always, {{{"_gil_runtime_state", "last_holder"}}}},
    {"gil.locked", always, {{{"_gil_runtime_state", "locked"}}}},
    {"gil.switch_number", always, {{{"_gil_runtime_state", "switch_number"}}}},
    {"gil.cond", always, {{{"_gil_runtime_state", "cond"}}}},
    {"gil.switch_cond", always, {{{"_gil_runtime_state", "switch_cond"}}}},

    {"thread.next", always, {{{"_ts", "next"}}}},
    {"thread.interpreter", always, {{{"_ts", "interp"}}}},
    {"thread.id", always, {{{"_ts", "id"}}}},
    {"thread.thread_id", always, {{{"_ts", "thread_id"}}}},
    {"thread.native_thread_id", with_data_stack, {{{"_ts", "native_thread_id"}}}},
    {"thread.state", with_frame_in_thread, {{{"_ts", "state"}}}},
    {"thread.gil_requested", never, {{{"_ts", "gil_requested"}}}},
    {"thread.frame_root", always, {{{"_ts", "frame"}, {"_ts", "current_frame"}, {"_ts", "cframe"}}}},
    {"thread.base_frame", never, {{{"_ts", "base_frame"}}}},
    {"thread.datastack_chunk", with_data_stack, {{{"_ts", "datastack_chunk"}}}},
    {"thread.datastack_top", with_data_stack, {{{"_ts", "datastack_top"}}}},
    {"thread.critical_section", with_frame_in_thread, {{{"_ts", "critical_section"}}}},
    {"thread.context_version", always, {{{"_ts", "context_ver"}}}},

    {"asyncio.thread_tasks", never, {{{"_PyThreadStateImpl", "asyncio_tasks_head"}}}},
    {"asyncio.interpreter_tasks", never, {{{"_is", "asyncio_tasks_head"}}}},
    {"asyncio.running_task", never, {{{"_PyThreadStateImpl", "asyncio_running_task"}}}},

    {"cframe.size", with_cframe, {{{"_PyCFrame"}}}},
    {"cframe.current_frame", with_cframe, {{{"_PyCFrame", "current_frame"}}}},

    {"chunk.previous", with_data_stack, {{{"_stack_chunk", "previous"}}}},
    {"chunk.chunk_size", with_data_stack, {{{"_stack_chunk", "size"}}}},
    {"chunk.data", with_data_stack, {{{"_stack_chunk", "data"}}}},

    {"frame.code",
     always,
     {{{"_PyInterpreterFrame", "f_executable"}, {"_PyInterpreterFrame", "f_code"}, {"_frame", "f_code"}}}},
    {"frame.previous", always, {{{"_PyInterpreterFrame", "previous"}, {"_frame", "f_back"}}}},
    {"frame.instruction",
     always,
     {{{"_PyInterpreterFrame", "instr_ptr"}, {"_PyInterpreterFrame", "prev_instr"}, {"_frame", "f_lasti"}}}},
    {"frame.state", with_frame_objects, {{{"_frame", "f_executing"}, {"_frame", "f_state"}}}},
    {"frame.owner", with_data_stack, {{{"_PyInterpreterFrame", "owner"}}}},
    {"frame.stacktop", never, {{{"_PyInterpreterFrame", "stacktop"}}}},
    {"frame.is_entry", never, {{{"_PyInterpreterFrame", "is_entry"}}}},
    {"frame.tlbc_index", with_thread_local_bytecode, {{{"_PyInterpreterFrame", "tlbc_index"}}}},

    {"variables.globals", always, {{{"_PyInterpreterFrame", "f_globals"}, {"_frame", "f_globals"}}}},
    {"variables.locals", always, {{{"_PyInterpreterFrame", "localsplus"}, {"_frame", "f_localsplus"}}}},
    {"variables.value_stack", with_frame_objects, {{{"_frame", "f_valuestack"}}}},
    {"variables.block_count", with_frame_objects, {{{"_frame", "f_iblock"}}}},
    {"variables.blocks", with_frame_objects, {{{"_frame", "f_blockstack"}}}},

    {"variables.stack_top",
     never,
     {{{"_PyInterpreterFrame", "stackpointer"}, {"_frame", "f_stacktop"}, {"_frame", "f_stackdepth"}}}},
    {"variables.mapping", always, {{{"_PyInterpreterFrame", "f_locals"}, {"_frame", "f_locals"}}}},

    {"generator.size", always, {{{"PyGenObject"}}}},
    {"generator.frame", always, {{{"PyGenObject", "gi_iframe"}, {"PyGenObject", "gi_frame"}}}},
    {"generator.state", with_data_stack, {{{"PyGenObject", "gi_frame_state"}}}},
    {"generator.name", always, {{{"PyGenObject", "gi_qualname"}}}},

    {"set.mask", always, {{{"PySetObject", "mask"}}}},
    {"set.table", always, {{{"PySetObject", "table"}}}},
    {"set.used", always, {{{"PySetObject", "used"}}}},

    {"code.size", always, {{{"PyCodeObject"}}}},
    {"code.filename", always, {{{"PyCodeObject", "co_filename"}}}},
    {"code.name", always, {{{"PyCodeObject", "co_name"}}}},
    {"code.qualname", with_data_stack, {{{"PyCodeObject", "co_qualname"}}}},
    {"code.first_line", always, {{{"PyCodeObject", "co_firstlineno"}}}},
    {"code.line_table", always, {{{"PyCodeObject", "co_linetable"}, {"PyCodeObject", "co_lnotab"}}}},
    {"code.instructions", with_data_stack, {{{"PyCodeObject", "co_code_adaptive"}}}},
    {"code.framesize", never, {{{"PyCodeObject", "co_framesize"}}}},
    {"code.stacksize", never, {{{"PyCodeObject", "co_stacksize"}}}},
    {"code.nlocalsplus", never, {{{"PyCodeObject", "co_nlocalsplus"}}}},
    {"code.local_names", always, {{{"PyCodeObject", "co_localsplusnames"}, {"PyCodeObject", "co_varnames"}}}},
    {"code.cell_names", with_frame_objects, {{{"PyCodeObject", "co_cellvars"}}}},
    {"code.free_names", with_frame_objects, {{{"PyCodeObject", "co_freevars"}}}},
    {"code.exception_table", with_data_stack, {{{"PyCodeObject", "co_exceptiontable"}}}},
    {"code.tlbc", with_thread_local_bytecode, {{{"PyCodeObject", "co_tlbc"}}}},
    {"code.tlbc_entries", with_thread_local_bytecode, {{{"_PyCodeArray", "entries"}}}},
    {"code.flags", always, {{{"PyCodeObject", "co_flags"}}}},
    {"code.arguments", always, {{{"PyCodeObject", "co_argcount"}}}},
    {"code.keyword_only", always, {{{"PyCodeObject", "co_kwonlyargcount"}}}},
    {"code.local_kinds", with_data_stack, {{{"PyCodeObject", "co_localspluskinds"}}}},

    {"object.type", always, {{{"_object", "ob_type"}}}},
    {"object.var_size", always, {{{"PyVarObject", "ob_size"}}}},
    {"object.type_name", always, {{{"_typeobject", "tp_name"}}}},
    {"object.type_cached_keys", always, {{{"PyHeapTypeObject", "ht_cached_keys"}}}},
    {"object.type_flags", always, {{{"_typeobject", "tp_flags"}}}},
    {"object.type_dict", always, {{{"_typeobject", "tp_dict"}}}},
    {"object.type_basicsize", always, {{{"_typeobject", "tp_basicsize"}}}},
    {"object.type_dictoffset", always, {{{"_typeobject", "tp_dictoffset"}}}},
    {"object.type_base", always, {{{"_typeobject", "tp_base"}}}},
    {"object.type_members", always, {{{"_typeobject", "tp_members"}}}},
    {"object.type_qualname", always, {{{"PyHeapTypeObject", "ht_qualname"}}}},
    {"object.bytes_data", always, {{{"PyBytesObject", "ob_sval"}}}},
    {"object.tuple_items", always, {{{"PyTupleObject", "ob_item"}}}},
    {"object.mutex", free_threaded, {{{"_object", "ob_mutex"}}}},
    {"object.long_size_or_tag", always, {{{"_longobject", "long_value.lv_tag"}, {"_longobject", "ob_base.ob_size"}}}},
    {"object.long_digits", always, {{{"_longobject", "long_value.ob_digit"}, {"_longobject", "ob_digit"}}}},

    {"unicode.length", always, {{{"PyASCIIObject", "length"}}}},
    {"unicode.state", always, {{{"PyASCIIObject", "state"}}}},
    {"unicode.ascii_data", always, {{{"PyASCIIObject"}}}},
    {"unicode.compact_data", always, {{{"PyCompactUnicodeObject"}}}},

    {"dict.keys", always, {{{"PyDictObject", "ma_keys"}}}},
    {"dict.values", always, {{{"PyDictObject", "ma_values"}}}},
    {"dict.keys_size", with_frame_objects, {{{"_dictkeysobject", "dk_size"}}}},
    {"dict.keys_log2_size", with_values, {{{"_dictkeysobject", "dk_log2_size"}}}},
    {"dict.keys_log2_index_bytes", with_values, {{{"_dictkeysobject", "dk_log2_index_bytes"}}}},
    {"dict.keys_kind", with_values, {{{"_dictkeysobject", "dk_kind"}}}},
    {"dict.keys_entry_count", always, {{{"_dictkeysobject", "dk_nentries"}}}},
    {"dict.keys_indices", always, {{{"_dictkeysobject", "dk_indices"}}}},
    {"dict.module_dict", always, {{{"PyModuleObject", "md_dict"}}}},
    {"dict.values_first", with_values, {{{"_dictvalues", "values"}}}, true},
    {"dict.used", always, {{{"PyDictObject", "ma_used"}}}},

    {"values.list_items", always, {{{"PyListObject", "ob_item"}}}},
    {"values.float_value", always, {{{"PyFloatObject", "ob_fval"}}}},
    {"values.complex_value", always, {{{"PyComplexObject", "cval"}}}},
    {"values.bytearray_start", always, {{{"PyByteArrayObject", "ob_start"}}}},
    {"values.function_name", always, {{{"PyFunctionObject", "func_qualname"}}}},
    {"values.method_function", always, {{{"PyMethodObject", "im_func"}}}},
    {"values.builtin_definition", always, {{{"PyCFunctionObject", "m_ml"}}}},
    {"values.builtin_self", always, {{{"PyCFunctionObject", "m_self"}}}},
    {"values.module_name", always, {{{"PyModuleObject", "md_name"}}}},
    {"values.exception_arguments", always, {{{"PyBaseExceptionObject", "args"}}}},
};

// Not among them: the fields of gil_runtime_state, which are told from different beginnings.
constexpr SlotRule kSlots[] = {
    {"runtime.interpreters_head", "runtime_state.interpreters_head"},
    {"runtime.interpreters_main", "runtime_state.interpreters_head", {"pyruntimestate", "interpreters.head"}},

    {"interpreter.next", "interpreter_state.next"},
    {"interpreter.id", "interpreter_state.id"},
    {"interpreter.threads_head", "interpreter_state.threads_head"},
    {"interpreter.threads_next_id", "interpreter_state.threads_head", {"_is", "threads.head"}},
    {"interpreter.gil", "interpreter_state.ceval_gil"},
    {"interpreter.modules", "interpreter_state.imports_modules"},

    {"thread.next", "thread_state.next"},
    {"thread.interpreter", "thread_state.interp"},
    {"thread.id", "thread_state.datastack_chunk", {"_ts", "datastack_chunk"}},
    {"thread.thread_id", "thread_state.thread_id"},
    {"thread.native_thread_id", "thread_state.native_thread_id"},
    {"thread.state", "thread_state.status", {"_ts", "_status"}},
    {"thread.gil_requested", "thread_state.gil_requested"},
    {"thread.frame_root", "thread_state.current_frame"},
    {"thread.base_frame", "thread_state.base_frame"},
    {"thread.datastack_chunk", "thread_state.datastack_chunk"},
    {"thread.datastack_top", "thread_state.datastack_chunk", {"_ts", "datastack_chunk"}},
    {"thread.context_version", "thread_state.datastack_chunk", {"_ts", "datastack_chunk"}},

    {"frame.code", "interpreter_frame.executable"},
    {"frame.previous", "interpreter_frame.previous"},
    {"frame.instruction", "interpreter_frame.instr_ptr"},
    {"frame.owner", "interpreter_frame.owner"},
    {"frame.tlbc_index", "interpreter_frame.tlbc_index"},

    {"code.filename", "code_object.filename"},
    {"code.name", "code_object.name"},
    {"code.qualname", "code_object.qualname"},
    {"code.first_line", "code_object.firstlineno"},
    {"code.line_table", "code_object.linetable"},
    {"code.instructions", "code_object.co_code_adaptive"},
    {"code.tlbc", "code_object.co_tlbc"},

    {"object.type", "pyobject.ob_type"},
    {"object.var_size", "pyobject.ob_type", {"_object", "ob_type"}},
    {"object.type_name", "type_object.tp_name"},
    {"object.type_cached_keys", "heap_type_object.ht_cached_keys"},
    {"object.type_cached_keys", "type_object.tp_name", {"_typeobject", "tp_name"}},
    {"object.type_flags", "type_object.tp_flags"},
    {"object.type_basicsize", "type_object.tp_basicsize"},
    {"object.type_basicsize", "type_object.tp_name", {"_typeobject", "tp_name"}},
    {"object.type_dictoffset", "type_object.tp_dictoffset"},
    {"object.type_dictoffset", "type_object.tp_name", {"_typeobject", "tp_name"}},
    {"object.bytes_data", "bytes_object.ob_sval"},
    {"object.long_size_or_tag", "long_object.lv_tag"},
    {"object.long_digits", "long_object.ob_digit"},

    {"unicode.length", "unicode_object.length"},
    {"unicode.state", "unicode_object.state"},
    {"unicode.ascii_data", "unicode_object.asciiobject_size"},
    {"unicode.compact_data", "unicode_object.compactunicodeobject_size"},
    {"unicode.compact_data", "unicode_object.asciiobject_size", {"PyASCIIObject"}},

    {"dict.keys", "dict_object.ma_keys"},
    {"dict.values", "dict_object.ma_values"},
    {"dict.module_dict", "pyobject.ob_type", {"_object", "ob_type"}},

    {"values.list_items", "list_object.ob_item"},
    {"values.float_value", "float_object.ob_fval"},
};

}  // namespace

std::span<const FieldRule> field_rules() { return kFields; }
std::span<const SlotRule> slot_rules() { return kSlots; }

}  // namespace gilspy::layout::gen
