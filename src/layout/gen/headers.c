/* The types of a CPython whose build has no debugging information for them: compiled against its own headers, with
 * Py_GIL_DISABLED=1 for the free-threaded flavour. What is included depends on what the version has. */
#define Py_BUILD_CORE 1
#include <Python.h>

#include <internal/pycore_code.h>
#include <internal/pycore_dict.h>
#include <internal/pycore_frame.h>
#include <internal/pycore_interp.h>
#include <internal/pycore_moduleobject.h>
#include <internal/pycore_pystate.h>
#include <internal/pycore_runtime.h>
#if __has_include(<internal/pycore_interpframe.h>)
#include <internal/pycore_interpframe.h>
#endif
#if __has_include(<internal/pycore_debug_offsets.h>)
#include <internal/pycore_debug_offsets.h>
#endif

/* Mentioned, so that no compiler leaves them out. */
struct mentioned {
  _PyRuntimeState *runtime;
  PyInterpreterState *interpreter;
  struct _gil_runtime_state *gil;
  PyThreadState *thread;
  _PyStackChunk *chunk;
  _PyInterpreterFrame *frame;
  enum _frameowner *frame_owner;
  PyCodeObject *code;
  PyHeapTypeObject *type;
  PyBytesObject *bytes;
  PyLongObject *number;
  PyCompactUnicodeObject *text;
  PyDictObject *dict;
  PyDictKeysObject *dict_keys;
  PyDictValues *dict_values;
  PyModuleObject *module;
  _PyThreadStateImpl *thread_with_asyncio;
  PyGenObject *generator;
  PySetObject *set;
  PyListObject *list;
  PyFloatObject *fraction;
  PyComplexObject *complex_number;
  PyByteArrayObject *byte_array;
  PyFunctionObject *function;
  PyMethodObject *method;
  PyCFunctionObject *builtin;
  PyBaseExceptionObject *exception;
  struct _Py_DebugOffsets *debug_offsets;
} gilspy_mentioned;
