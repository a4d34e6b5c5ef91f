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

// PyThreadState is the root of a thread's frames directly, or through the _PyCFrame that lives on its C stack.
enum class FrameRoot : std::uint8_t { kInThread, kViaCframe };
// One GIL inside _PyRuntime, or a pointer to it in every interpreter.
enum class GilHome : std::uint8_t { kInRuntime, kViaInterpreter };
// Where an object without a materialised __dict__ keeps its attribute values.
enum class InstanceValues : std::uint8_t {
  kPointerBeforeObject,  // 3.11: PyDictValues* at object-32, dict at object-24
  kInlineAfterObject,    // 3.13: PyDictValues right behind the object, dict at object-24
};

struct RuntimeLayout {
  std::string_view name;  // "3.11", for messages

  struct Runtime {
    Offset interpreters_head = kAbsent;
    Offset gil = kAbsent;  // GilHome::kInRuntime only
  } runtime;

  struct Interpreter {
    Offset next = kAbsent;
    Offset id = kAbsent;
    Offset threads_head = kAbsent;
    Offset threads_next_id = kAbsent;  // next_unique_id: grows by one with every new thread state
    Offset gil = kAbsent;              // GilHome::kViaInterpreter only
    Offset modules = kAbsent;          // sys.modules
  } interpreter;

  // struct _gil_runtime_state (pycore_gil.h), the same from 3.7 on but for a shift in free-threaded builds.
  struct Gil {
    Offset size = 0;
    Offset enabled = kAbsent;   // free-threaded builds only
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
    Offset native_thread_id = kAbsent;
    Offset frame_root = kAbsent;  // _PyCFrame* or _PyInterpreterFrame*, see FrameRoot
    Offset datastack_chunk = kAbsent;
    Offset datastack_top = kAbsent;
  } thread;

  struct Cframe {  // FrameRoot::kViaCframe only
    Offset size = 0;
    Offset current_frame = kAbsent;
  } cframe;

  struct StackChunk {
    Offset previous = kAbsent;
    Offset chunk_size = kAbsent;
    Offset data = kAbsent;
  } chunk;

  struct Frame {  // _PyInterpreterFrame without its locals
    Offset size = 0;
    Offset code = kAbsent;
    Offset previous = kAbsent;
    Offset instruction = kAbsent;  // _Py_CODEUNIT*
    Offset owner = kAbsent;
    std::uint8_t first_sentinel_owner = 0xff;  // owners from here on mark frames without Python code
    std::uint64_t pointer_tag_mask = 0;        // bits of `code` that are tags
  } frame;

  struct Code {
    Offset size = 0;
    Offset filename = kAbsent;
    Offset name = kAbsent;
    Offset qualname = kAbsent;
    Offset first_line = kAbsent;
    Offset line_table = kAbsent;
    Offset instructions = kAbsent;  // co_code_adaptive
  } code;

  struct Object {
    Offset type = kAbsent;
    Offset var_size = kAbsent;
    Offset type_name = kAbsent;         // char* tp_name
    Offset type_cached_keys = kAbsent;  // PyHeapTypeObject.ht_cached_keys
    Offset type_flags = kAbsent;
    Offset type_basicsize = kAbsent;
    Offset bytes_data = kAbsent;
    Offset long_size_or_tag = kAbsent;
    Offset long_digits = kAbsent;
    bool long_has_tag = false;  // lv_tag: digit count in the bits from 3 up; else ob_size
  } object;

  struct Unicode {
    Offset length = kAbsent;
    Offset state = kAbsent;
    Offset ascii_data = kAbsent;
    Offset compact_data = kAbsent;
    std::uint8_t kind_shift = 2;  // 3 bits
    std::uint8_t compact_shift = 5;
    std::uint8_t ascii_shift = 6;
  } unicode;

  struct Dict {
    Offset keys = kAbsent;
    Offset values = kAbsent;
    Offset keys_log2_size = kAbsent;
    Offset keys_log2_index_bytes = kAbsent;
    Offset keys_kind = kAbsent;  // 0: general entries, else entries without a hash
    Offset keys_entry_count = kAbsent;
    Offset keys_indices = kAbsent;
    Offset module_dict = kAbsent;   // PyModuleObject.md_dict
    Offset values_first = kAbsent;  // first value in PyDictValues
  } dict;

  FrameRoot frame_root = FrameRoot::kInThread;
  GilHome gil_home = GilHome::kViaInterpreter;
  InstanceValues instance_values = InstanceValues::kInlineAfterObject;
};

namespace layout {

// The table for a build. Errors: kUnsupported when there is none for the minor version or the flavour.
Result<RuntimeLayout> for_build(const RuntimeLocation& location);

// Reads the runtime with a layout and checks what must be true of any CPython: the interpreter list ends, every thread
// state points back to its interpreter, the tids are alive, a GIL that is held is held by a thread of the list.
// Errors: kNotReady (not initialised yet), kUnsupported (the layout does not fit), kGone, kDenied.
Result<void> self_check(Target& target, const RuntimeLocation& location, const RuntimeLayout& layout);

}  // namespace layout
}  // namespace gilspy
