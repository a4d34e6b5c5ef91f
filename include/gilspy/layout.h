// layout: where each field is in one build of CPython (tables) and how it is to be read (traits). No logic, no version
// comparisons: those live in src/layout alone. Offsets are bytes from the start of the struct; sizes are bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gilspy/ids.h"
#include "gilspy/locate.h"
#include "gilspy/result.h"
#include "gilspy/target.h"

namespace gilspy {

using Offset = std::uint32_t;
inline constexpr Offset kAbsent = 0xffffffff;

// The root of a thread's frames: _PyInterpreterFrame* in PyThreadState (3.13+), the same by way of the _PyCFrame on its
// C stack (3.11, 3.12), or a PyFrameObject* in PyThreadState (up to 3.10): objects on the heap instead of a data stack.
enum class FrameRoot : std::uint8_t { kInThread, kViaCframe, kFrameObjects };
// One GIL inside _PyRuntime, or a pointer to it in every interpreter.
enum class GilHome : std::uint8_t { kInRuntime, kViaInterpreter };
// How instructions map to lines: co_lnotab (up to 3.9), co_linetable of 3.10 (PEP 626), of 3.11 and later
// (locations.md).
enum class LineFormat : std::uint8_t { kLnotab, kRanges, kLocations };
// Where an object without a materialised __dict__ keeps its attribute values.
enum class InstanceValues : std::uint8_t {
  kNone,                 // up to 3.10: always a dict, at tp_dictoffset
  kPointerBeforeObject,  // 3.11: PyDictValues* at object-32, dict at object-24
  kTaggedBeforeObject,   // 3.12: one word at object-24, PyDictValues*-1 when it is odd, else the dict
  kInlineAfterObject,    // 3.13: PyDictValues right behind the object, dict at object-24 (free-threaded: object-8)
};

struct RuntimeLayout {
  std::string_view name;  // "3.11", "3.13t": for messages

  struct Runtime {
    Offset size = 0;
    Offset interpreters_head = kAbsent;
    Offset interpreters_main = kAbsent;
    Offset gil = kAbsent;  // GilHome::kInRuntime only
    // Of 3.13 and later: see Internal.
    Offset interpreters_mutex = kAbsent;
    Offset stop_the_world = kAbsent;
  } runtime;

  struct Interpreter {
    Offset next = kAbsent;
    Offset id = kAbsent;
    Offset threads_head = kAbsent;
    Offset threads_next_id = kAbsent;  // next_unique_id: grows by one with every new thread state
    Offset gil = kAbsent;              // GilHome::kViaInterpreter only
    Offset modules = kAbsent;          // sys.modules
    Offset size = 0;
    // Of 3.13 and later, where threads wait for the interpreter itself. A struct _stoptheworld_state; PyMutexes.
    Offset stop_the_world = kAbsent;
    Offset import_lock = kAbsent;
    Offset type_lock = kAbsent;
    Offset pending_lock = kAbsent;
    Offset weakref_locks = kAbsent;     // several; free-threaded builds only, like the next
    Offset reference_counts = kAbsent;  // brc: those that other threads are to merge
  } interpreter;

  // struct _stoptheworld_state, 3.13+.
  struct StopTheWorld {
    Offset size = 0;
    Offset requested = kAbsent;  // bool
    Offset requester = kAbsent;  // PyThreadState*
  } stop_the_world;

  // struct _gil_runtime_state (pycore_gil.h), the same from 3.7 on but for a shift in free-threaded builds.
  struct Gil {
    Offset size = 0;
    Offset enabled = kAbsent;   // int; free-threaded builds only: 0 as long as there is no GIL in effect
    Offset interval = kAbsent;  // unsigned long, microseconds: the switch interval
    Offset last_holder = kAbsent;
    Offset locked = kAbsent;  // int; -1 before initialisation
    Offset switch_number = kAbsent;
    Offset cond = kAbsent;         // pthread_cond_t of those who wait for the GIL
    Offset switch_cond = kAbsent;  // of a thread that was asked to let go and waits until another one took it
  } gil;

  struct Thread {
    Offset size = 0;
    Offset next = kAbsent;
    Offset interpreter = kAbsent;
    Offset id = kAbsent;
    Offset thread_id = kAbsent;
    Offset native_thread_id = kAbsent;  // 3.11+; before, struct pthread tells
    Offset state = kAbsent;             // int, 3.13+: 0 detached, 1 attached, 2 suspended, beyond: see pycore_pystate.h
    Offset gil_requested = kAbsent;     // int, 3.15+: it stands in take_gil
    Offset frame_root = kAbsent;        // see FrameRoot
    Offset base_frame = kAbsent;        // _PyInterpreterFrame*, 3.15+: the outermost one, without Python code
    Offset datastack_chunk = kAbsent;   // not with FrameRoot::kFrameObjects
    Offset datastack_top = kAbsent;
    Offset critical_section =
        kAbsent;                       // 3.13+: the innermost section that it is in, tagged (pycore_critical_section.h)
    Offset context_version = kAbsent;  // context_ver: grows by one with each Context.run, and by one when that returns
  } thread;

  struct Cframe {  // FrameRoot::kViaCframe only
    Offset size = 0;
    Offset current_frame = kAbsent;
  } cframe;

  struct StackChunk {  // not with FrameRoot::kFrameObjects
    Offset previous = kAbsent;
    Offset chunk_size = kAbsent;
    Offset data = kAbsent;
  } chunk;

  struct Frame {  // _PyInterpreterFrame without its locals; or as much of PyFrameObject as is read
    Offset size = 0;
    Offset code = kAbsent;
    Offset previous = kAbsent;
    Offset instruction = kAbsent;  // _Py_CODEUNIT*; with FrameRoot::kFrameObjects int f_lasti
    Offset owner = kAbsent;        // char; not with FrameRoot::kFrameObjects
    Offset state = kAbsent;        // char f_executing or f_state; FrameRoot::kFrameObjects only
    // int, 3.11-3.13: -1 while the frame runs, else it has called another (pycore_frame.h: _PyFrame_GetStackPointer,
    // _PyFrame_SetStackPointer). Later versions clear `code` as a frame leaves the stack.
    Offset stacktop = kAbsent;
    Offset is_entry = kAbsent;  // bool, 3.11: called from C; later versions put a frame without Python code in between
    Offset tlbc_index = kAbsent;               // int, free-threaded 3.14+: which copy of the bytecode it runs
    std::uint8_t first_sentinel_owner = 0xff;  // owners from here on mark frames without Python code
    std::uint8_t states_on_stack = 0;          // bit n: a frame whose `state` is n is being executed
    std::uint64_t pointer_tag_mask = 0;        // bits of `code` that are tags
  } frame;

  // Parts of a frame that are read for its variables alone, and of threads that wait for locks, or have them.
  struct Variables {
    Offset globals = kAbsent;      // PyDictObject*
    Offset locals = kAbsent;       // the first local variable; behind them the value stack (3.11+)
    Offset value_stack = kAbsent;  // PyObject**, and f_iblock, f_blockstack; FrameRoot::kFrameObjects only
    Offset block_count = kAbsent;
    Offset blocks = kAbsent;
    // Where a frame that does not run has the end of its value stack: up to 3.9 a PyObject** in it, in 3.10 an int that
    // counts from value_stack (3.11 to 3.13: see Frame::stacktop), from 3.14 on a _PyStackRef*.
    Offset stack_top = kAbsent;
    Offset mapping = kAbsent;  // PyObject* f_locals: the variables of class bodies, and of what exec() runs
  } variables;

  // Generators and coroutines begin alike.
  struct Generator {
    Offset size = 0;
    Offset frame = kAbsent;  // the frame itself; with FrameRoot::kFrameObjects a PyFrameObject*
    Offset state = kAbsent;  // char gi_frame_state; not with FrameRoot::kFrameObjects
    Offset name = kAbsent;   // str gi_qualname
  } generator;

  // Lists of tasks, as struct llist_node, of 3.14 and later; in a thread state and in an interpreter.
  struct Asyncio {
    Offset thread_tasks = kAbsent;
    Offset interpreter_tasks = kAbsent;  // of threads that have ended
    Offset running_task = kAbsent;       // PyObject*, in a thread state
  } asyncio;

  struct Set {
    Offset mask = kAbsent;
    Offset table = kAbsent;  // setentry*: key and hash
    Offset used = kAbsent;
  } set;

  struct Code {
    Offset size = 0;
    Offset filename = kAbsent;
    Offset name = kAbsent;
    Offset qualname = kAbsent;  // 3.11+
    Offset first_line = kAbsent;
    Offset line_table = kAbsent;
    Offset instructions = kAbsent;  // co_code_adaptive, 3.11+
    Offset framesize = kAbsent;     // int co_framesize, 3.12+: words that a frame takes of the data stack
    Offset stacksize = kAbsent;     // int co_stacksize and co_nlocalsplus, 3.11: the same but for the fixed part
    Offset nlocalsplus = kAbsent;
    Offset local_names = kAbsent;  // tuple of str: co_localsplusnames (3.11+), co_varnames
    Offset cell_names = kAbsent;   // tuples of str: co_cellvars and co_freevars, up to 3.10
    Offset free_names = kAbsent;
    Offset exception_table = kAbsent;  // bytes, 3.11+
    Offset tlbc = kAbsent;             // _PyCodeArray* co_tlbc, free-threaded 3.14+
    Offset tlbc_entries = kAbsent;     // _PyCodeArray.entries
    Offset flags = kAbsent;            // int co_flags
    Offset arguments = kAbsent;        // int co_argcount, co_kwonlyargcount: these come first among the variables
    Offset keyword_only = kAbsent;
    Offset local_kinds = kAbsent;  // bytes co_localspluskinds, 3.11+
    std::uint8_t lasti_unit = 1;   // bytes that f_lasti counts: 2 in 3.10
  } code;

  struct Object {
    Offset type = kAbsent;
    Offset var_size = kAbsent;
    Offset type_name = kAbsent;         // char* tp_name
    Offset type_cached_keys = kAbsent;  // PyHeapTypeObject.ht_cached_keys
    Offset type_flags = kAbsent;
    Offset type_dict = kAbsent;  // PyObject*; null for the static types of 3.12 and later
    Offset type_basicsize = kAbsent;
    Offset type_dictoffset = kAbsent;
    Offset type_base = kAbsent;      // tp_base
    Offset type_members = kAbsent;   // PyMemberDef* tp_members: __slots__
    Offset type_qualname = kAbsent;  // PyHeapTypeObject.ht_qualname
    Offset bytes_data = kAbsent;
    Offset tuple_items = kAbsent;
    Offset mutex = kAbsent;  // PyMutex, free-threaded builds only
    Offset long_size_or_tag = kAbsent;
    Offset long_digits = kAbsent;
    bool long_has_tag = false;             // lv_tag: digit count in the bits from 3 up; else ob_size
    std::uint8_t dict_before_object = 24;  // distance of a managed dict (3.11+)
  } object;

  struct Unicode {
    Offset length = kAbsent;
    Offset state = kAbsent;
    Offset ascii_data = kAbsent;
    Offset compact_data = kAbsent;  // of a subclass of str (not compact): a pointer to the characters
    std::uint8_t kind_shift = 2;    // 3 bits of the 32 at `state`
    std::uint8_t compact_shift = 5;
    std::uint8_t ascii_shift = 6;
  } unicode;

  struct Dict {
    Offset keys = kAbsent;
    Offset values = kAbsent;
    Offset keys_size = kAbsent;       // Py_ssize_t dk_size, up to 3.10
    Offset keys_log2_size = kAbsent;  // 3.11+, like the two that follow
    Offset keys_log2_index_bytes = kAbsent;
    Offset keys_kind = kAbsent;  // 0: general entries, else entries without a hash; absent: all are general
    Offset keys_entry_count = kAbsent;
    Offset keys_indices = kAbsent;
    Offset module_dict = kAbsent;   // PyModuleObject.md_dict
    Offset values_first = kAbsent;  // first value in PyDictValues; 0 where the values are a plain array
    Offset used = kAbsent;          // Py_ssize_t ma_used: how many items there are
  } dict;

  // What is shown of other objects.
  struct Values {
    Offset list_items = kAbsent;           // PyObject** ob_item
    Offset float_value = kAbsent;          // double
    Offset complex_value = kAbsent;        // two doubles
    Offset bytearray_start = kAbsent;      // char* ob_start
    Offset function_name = kAbsent;        // str func_qualname
    Offset method_function = kAbsent;      // PyObject* im_func
    Offset builtin_definition = kAbsent;   // PyMethodDef* m_ml, which begins with the name, a char*
    Offset builtin_self = kAbsent;         // PyObject* m_self
    Offset module_name = kAbsent;          // PyObject* md_name
    Offset exception_arguments = kAbsent;  // tuple
  } values;

  FrameRoot frame_root = FrameRoot::kInThread;
  GilHome gil_home = GilHome::kViaInterpreter;
  LineFormat line_format = LineFormat::kLocations;
  InstanceValues instance_values = InstanceValues::kInlineAfterObject;
  bool free_threaded = false;
};

namespace layout {

// The table for a build; what 3.13 and later say of themselves (_Py_DebugOffsets, at the start of _PyRuntime) goes
// before it. Errors: kUnsupported when there is no table for the minor version or the flavour; those of reading.
Result<RuntimeLayout> for_build(MemoryReader& memory, const RuntimeLocation& location);

// Whether functions of such a build have qualified names ("Worker.run", not "run"). One without a table is newer than
// those that have none.
bool has_qualified_names(const PythonVersion& version, bool free_threaded);

// Reads the runtime with a layout and checks what must be true of any CPython: the interpreter list ends, every thread
// state points back to its interpreter, the tids are alive, a GIL that is held is held by a thread of the list.
// Errors: kNotReady (not initialised yet), kMisfit (the layout does not fit), kGone, kDenied.
Result<void> self_check(Target& target, const RuntimeLocation& location, const RuntimeLayout& layout);

}  // namespace layout
}  // namespace gilspy
