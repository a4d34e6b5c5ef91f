#include "roles.h"

#include <algorithm>
#include <array>

namespace gilspy::native {
namespace {

using std::string_view_literals::operator""sv;

// One activation of it runs a Python frame and those that this one calls without leaving it (ceval.c, 3.8 to 3.15).
constexpr std::string_view kLoop = "_PyEval_EvalFrameDefault";

// Between a call in Python and the function that is called, in either direction: CPython's Objects/call.c,
// methodobject.c, descrobject.c, classobject.c, funcobject.c, genobject.c, Python/ceval.c.
constexpr std::array kCalls{
    "_PyEval_"sv,
    "PyEval_EvalCode"sv,
    "PyEval_EvalFrame"sv,
    "_TAIL_CALL_"sv,
    "_PyFunction_"sv,
    "function_code_fastcall"sv,
    "PyObject_Vectorcall"sv,
    "_PyObject_Vectorcall"sv,
    "_PyObject_Call"sv,
    "PyObject_Call"sv,
    "_PyObject_MakeTpCall"sv,
    "_PyObject_FastCall"sv,
    "PyVectorcall_"sv,
    "_PyVectorcall_"sv,
    "vectorcall_"sv,
    "method_vectorcall"sv,
    "cfunction_"sv,
    "_PyMethodDef_"sv,
    "_PyCFunction_"sv,
    "PyCFunction_"sv,
    "call_function"sv,
    "do_call"sv,
    "slot_"sv,
    "type_call"sv,
    "type_vectorcall"sv,
    "object_vacall"sv,
    "callmethod"sv,
    "call_method"sv,
    "vectorcall_method"sv,
    "call_unbound"sv,
    "lookup_maybe_method"sv,
    "gen_send_ex"sv,
    "gen_iternext"sv,
    "gen_send"sv,
    "_gen_send"sv,
    "gen_close"sv,
    "PyGen_"sv,
    "_PyGen_"sv,
    "PyIter_Send"sv,
    "wrapper_call"sv,
    "wrap_"sv,
    "wrapperdescr_"sv,
    "classmethoddescr_"sv,
    "methoddescr_"sv,
    "method_call"sv,
    "call_trampoline"sv,
    "_Py_InitCleanup"sv,
    "trampoline_"sv,
    "py_trampoline_"sv,
    "_Py_VectorCall"sv,
    "_Py_BuiltinCall"sv,
    "_PyCallMethodDescriptor"sv,
    "_PyCall_"sv,
};

// The same by CPython's own tables, where symbols were stripped (python_names.h).
constexpr std::array kCallsByTables{
    "type.__call__"sv,      "function.__call__"sv,
    "method.__call__"sv,    "builtin_function_or_method.__call__"sv,
    "generator.__next__"sv, "generator.send"sv,
    "coroutine.send"sv,     "method_descriptor.__call__"sv,
    "type.tp_vectorcall"sv, "wrapper_descriptor.__call__"sv,
};

// Around a program and its threads: Modules/main.c, Python/pythonrun.c, Python/thread_pthread.h, _threadmodule.c.
constexpr std::array kStarts{
    "main"sv,        "Py_Main"sv,      "Py_BytesMain"sv, "Py_RunMain"sv,        "pymain_"sv,          "PyRun_"sv,
    "_PyRun_"sv,     "pyrun_"sv,       "run_mod"sv,      "run_eval_code_obj"sv, "pythread_wrapper"sv, "thread_run"sv,
    "t_bootstrap"sv, "builtin_exec"sv, "run_file"sv,
};

template <typename Names>
bool begins_with_any(std::string_view name, const Names& beginnings) {
  return std::ranges::any_of(beginnings, [&](std::string_view beginning) { return name.starts_with(beginning); });
}

// What CPython's headers put into everything: the count of references, access to fields.
bool is_access(std::string_view name) { return name.starts_with("Py") || name.starts_with("_Py"); }

}  // namespace

NativeFunction::Role role_of(std::string_view name, bool of_interpreter, bool inlined) {
  using Role = NativeFunction::Role;
  if (inlined && is_access(name)) return Role::kCall;
  if (!of_interpreter) return Role::kCode;
  if (name == kLoop) return inlined ? Role::kCall : Role::kEval;
  if (name.find("_StackRef") != name.npos)
    return Role::kCall;  // 3.14 and later, of calls with the loop's own references
  if (begins_with_any(name, kCalls) || begins_with_any(name, kStarts)) return Role::kCall;
  if (std::ranges::find(kCallsByTables, name) != kCallsByTables.end()) return Role::kCall;
  return Role::kCode;
}

}  // namespace gilspy::native
