// sample: what one instant looked like. Facts only: nothing here says what a thread was "doing".
//
// A sample names the threads whose facts were read at this tick; all others are as they were. GIL words are read at
// every tick, in one call with the holder's stack, and once more at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/locks.h"
#include "gilspy/loops.h"
#include "gilspy/native.h"
#include "gilspy/target.h"
#include "gilspy/tasks.h"

namespace gilspy {

enum class GilIndex : std::uint32_t {};  // dense; interpreters may share a GIL

struct GilFacts {
  bool enabled = true;  // false: a free-threaded build that runs without; nothing else here means anything then
  bool locked = false;
  // gil->last_holder: the thread that holds it if `locked`, else the last that did. None: not in the thread list (yet).
  std::optional<ThreadIndex> last_holder;
  std::uint64_t switch_number = 0;
  std::uint64_t handoffs = 0;  // switch_number minus the previous sample's
  Nanos switch_interval{0};
  // Threads in the GIL's two condition variables by their own count (pthread_cond_t.__wrefs >> 3), those that were
  // woken but have not left yet among them. None where the target's libc keeps no such count.
  std::optional<std::uint32_t> cond_waiters;
  bool steady = true;  // the words were the same before and after the sample was read

  bool operator==(const GilFacts&) const = default;
};

// Between two ticks the GIL's words alone are looked at, more often, and show more exactly when it changes hands.
struct Handoff {
  GilIndex gil{};
  Nanos after{0};                 // CLOCK_MONOTONIC of the look that did not see it yet
  Nanos by{0};                    // of the look that did
  std::optional<ThreadIndex> to;  // who held it then; none: nobody, or a thread that is not known yet
  // Hand-offs between the two looks, the last of them to `to`. 0: it was let go, or taken up by who had it last.
  std::uint64_t count = 1;

  bool operator==(const Handoff&) const = default;
};

enum class WaitPlace : std::uint8_t {
  kNone,      // not blocked in a futex of a GIL
  kGilCond,   // the GIL's cond or switch_cond: waits for it, or for somebody to take it after a forced drop
  kGilMutex,  // one of its mutexes: on the way in or out
};

// PyThreadState.state of a thread whose GIL is not enabled: attached threads run Python side by side.
enum class AttachState : std::uint8_t {
  kNotRead,
  kDetached,   // it let go of its thread state: blocked, or native code
  kAttached,   // runs Python, or native code that did not let go
  kSuspended,  // stands still because another thread stopped the world
};

enum class StackQuality : std::uint8_t {
  kUnchanged,  // not read at this tick
  kWhole,
  kTruncated,  // the last frames are missing: two reads disagreed there
  kLost,       // no stack could be kept
};

struct ThreadFacts {
  ThreadIndex thread{};
  // os and place are of this tick: asked of the kernel, or told by frames that changed while they were read. Only the
  // kernel tells run_queue_delay.
  bool os_read = false;
  SyscallFacts::State os = SyscallFacts::State::kUnreadable;
  WaitPlace place = WaitPlace::kNone;
  BlockedIn blocked_in = BlockedIn::kNothing;  // with os_read
  // It is blocked in one, whether that is contention or not; with os_read, or where it begins to stand still.
  std::optional<LockWait> lock;
  AttachState attach_state = AttachState::kNotRead;  // only where the GIL is not enabled
  Nanos run_queue_delay{0};     // time it was runnable without a CPU since its previous reading; 0 if not read
  std::optional<Nanos> on_cpu;  // native threads, now and then: time on a CPU since the thread started
  // An OS thread that visits other interpreters has a thread state in each of them; all but one are dormant: they stand
  // for nobody. None: as before.
  std::optional<bool> dormant;
  bool ended = false;  // the thread is gone; its other facts mean nothing
  StackQuality quality = StackQuality::kUnchanged;
  StackId stack = kNoStack;  // meaningful unless quality is kUnchanged or kLost
  // How often it entered or left a context (Context.run) since its stack was last read; an event loop runs each of its
  // callbacks in one. None: not known, as at the first reading.
  std::optional<std::uint32_t> context_switches;
  std::optional<LoopFacts> loop;                    // none: as before, at first kNone
  NativeQuality native = NativeQuality::kNotAsked;  // of `stack`

  bool operator==(const ThreadFacts&) const = default;
};

// A thread as it became known. ThreadIndex is its place in the order of appearance.
struct ThreadInfo {
  ThreadIndex index{};
  Tid tid{};
  ThreadIdent ident{};
  std::string name;                  // from threading._active, else comm
  std::int64_t interpreter_id = -1;  // -1: native thread without a thread state
  GilIndex gil{};
  bool python = true;

  bool operator==(const ThreadInfo&) const = default;
};

struct Sample {
  Nanos time{0};    // CLOCK_MONOTONIC at which the GIL words were read
  Nanos period{0};  // asked distance of ticks; 0 when sampling as fast as possible
  // When the GIL words were last looked at before, if that was after the previous sample; and what such looks saw, in
  // order. GilFacts::handoffs counts them as well.
  std::optional<Nanos> looked;
  std::vector<Handoff> handoffs;
  std::vector<GilFacts> gils;        // by GilIndex
  std::vector<ThreadInfo> started;   // threads seen for the first time
  std::vector<ThreadFacts> threads;  // threads that were read
  std::vector<LockInfo> locks;       // seen for the first time
  std::vector<LockOwner>
      owners;  // of locks that threads wait for: those of which another one has it than was told last
  std::vector<WaitingTask> tasks;  // AsyncTasks::kAll
  // Until they are unwound and merged into the stacks; later empty.
  std::vector<NativePart> natives;
  std::uint32_t stack_retries = 0;
  bool holder_stack_lost = false;
  Nanos pause{0};            // time for which threads stood still because we stopped them for this tick
  bool stop_denied = false;  // threads were to be stopped; another tracer or the kernel was in the way
  bool failed = false;       // nothing could be read at this tick
  bool stopped = false;      // the whole process is stopped (as of the last tenth of a second): nobody does anything

  bool operator==(const Sample&) const = default;
};

}  // namespace gilspy
