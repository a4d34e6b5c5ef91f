// native: which functions of C, C++ or Rust a thread was in. The sampler copies registers and stacks (NativeCopy).
// Apart from the sampling, an Unwinder makes addresses of the copies, these become functions, and they are merged with
// Python's frames.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/registers.h"

namespace gilspy {

enum class NativeFrames : std::uint8_t {
  kNone,
  kShort,  // --native: without the functions by which the interpreter calls others
  kAll,    // --native-all
};

enum class NativeQuality : std::uint8_t {
  kNotAsked,
  kWhole,  // from the first function of the thread to the innermost
  kCut,    // the outer part could not be unwound: there Python's frames stand alone
  kLost,   // Python's frames alone
};

// "whole", "cut", "lost"; empty where they were not asked for.
constexpr std::string_view key(NativeQuality quality) {
  constexpr std::array<std::string_view, 4> kKeys{"", "whole", "cut", "lost"};
  return kKeys[static_cast<std::size_t>(quality)];
}

// The most that is copied of a stack. Beyond it, a stack is cut.
inline constexpr std::uint64_t kMostStackBytes = 64 * 1024;

// A native stack as it was at one moment, and Python's frames of the same moment.
struct NativeCopy {
  Registers registers;
  std::vector<std::byte> stack;   // from the stack pointer on
  std::int64_t system_call = -1;  // in which the thread was blocked; -1: in none
  StackId python = kNoStack;
  // A frame of `python` with which the interpreter's loop was entered from C. Those up to the next one were called
  // within the loop.
  struct Entry {
    std::uint32_t depth = 0;  // counted from the outermost frame
    // Of what the loop keeps on its own C stack for that (from 3.12 on); null: not known.
    RemoteAddr anchor{};
  };
  std::vector<Entry> entries;  // by depth
  // `python` has a frame that stands for many, with entries that are not told: how many are told behind it.
  std::optional<std::size_t> behind_left_out{};
};

// A function as it is shown.
struct NativeFunction {
  enum class Role : std::uint8_t {
    kCode,
    kEval,      // the interpreter's loop, that runs Python's frames
    kCall,      // of the interpreter, on the way from Python to another function or back; a linker's table of jumps
    kNameless,  // of the interpreter, and nothing tells what it does
  };
  std::string name;    // demangled; "libfoo.so+0x1234" where nothing tells it: where the function begins
  std::string module;  // "numpy/_multiarray_umath", "libc.so.6", "kernel"
  Role role = Role::kCode;
};

struct NativeStack {
  struct Call {
    RemoteAddr stack{};                                            // as NativeTrace's
    std::vector<std::shared_ptr<const NativeFunction>> functions;  // innermost first: those inlined into the last one
  };
  std::vector<Call> calls;  // innermost first
  bool whole = false;       // as NativeTrace's
};

// A file of code that is mapped, as the memory itself tells.
struct NativeImage {
  std::string path;  // as /proc/PID/maps shows it; "[vdso]"
  RemoteAddr begin;  // of its first mapping
  RemoteAddr end;
  std::uint64_t bias = 0;   // remote address minus address in the file
  RemoteAddr unwind_table;  // PT_GNU_EH_FRAME (.eh_frame_hdr); null: none
  std::uint64_t unwind_size = 0;
};

// What an unwinder reads beside the copy of a stack: code and tables, which stay as they are.
class NativeMemory {
 public:
  virtual ~NativeMemory() = default;

  // Of code that can be executed. Nullptr: nothing that is known is mapped there.
  virtual const NativeImage* image_at(RemoteAddr address) = 0;
  // False: not mapped, or can be written.
  virtual bool read(RemoteAddr from, std::span<std::byte> into) = 0;
  // It belongs to an image, and can be written.
  virtual bool is_data(RemoteAddr address) = 0;
};

// A stack as addresses in the code, innermost first. Each is one of the instruction that is, or was, being executed: of
// a caller that of the call, not where it will go on.
struct NativeTrace {
  struct Call {
    RemoteAddr address;
    RemoteAddr stack{};  // the lowest address of its part of the stack, which reaches to the caller's
  };
  std::vector<Call> calls;
  bool whole = false;  // it came to the first function of the thread
};

class Unwinder {
 public:
  virtual ~Unwinder() = default;

  // Never more than is certain. Called from one thread at a time.
  virtual NativeTrace unwind(const NativeCopy& copy) = 0;
  // Images may lie where others did.
  virtual void forget_images() = 0;
};

// A copy, and what becomes of it. Samples share it for as long as the thread stands still.
struct NativeJob {
  NativeCopy copy;  // without its bytes once it is done
  bool submitted = false;
  NativeStack unwound;
  std::atomic<bool> done = false;  // unwound and named
  // What merging made of it.
  bool merged = false;
  StackId stack = kNoStack;
  NativeQuality quality = NativeQuality::kLost;
};

// Belongs to the facts of a thread in the same sample.
struct NativePart {
  std::size_t facts = 0;  // its place in Sample::threads
  std::shared_ptr<NativeJob> job;

  bool operator==(const NativePart&) const = default;
};

}  // namespace gilspy
