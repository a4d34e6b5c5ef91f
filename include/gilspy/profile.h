// aggregate: how much of each activity, where. Times are nanoseconds of thread-time: a sample weighs the time since the
// previous tick, at most three periods; what exceeds that is Activity::kUnknown. A thread's activities sum to the
// weights of the samples that saw it: the recording's duration, or its own life within a tick.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gilspy/activity.h"
#include "gilspy/ids.h"
#include "gilspy/locate.h"
#include "gilspy/loops.h"
#include "gilspy/margins.h"
#include "gilspy/sample.h"
#include "gilspy/stacks.h"
#include "gilspy/target.h"
#include "gilspy/timeline.h"

namespace gilspy {

using ActivityTimes = std::array<Nanos, kActivityCount>;  // by index_of(Activity)

// Where a thread spent time: one row a (thread, stack, activity).
struct StackTime {
  ThreadIndex thread{};
  StackId stack = kNoStack;
  Activity activity = Activity::kUnknown;
  Nanos time{0};

  bool operator==(const StackTime&) const = default;
};

// Tasks of asyncio that waited, by their stacks (see WaitingTask): task-time, whose sum over the recording's duration
// is how many waited on average.
struct TaskTime {
  ThreadIndex thread{};
  StackId stack = kNoStack;
  Nanos time{0};

  bool operator==(const TaskTime&) const = default;
};

// Who made others wait: holder time x classified waiters. The sum of all rows is the sum of waits_for_gil.
struct Blame {
  // kNobody: the GIL was being handed over, or its holder is not known.
  static constexpr ThreadIndex kNobody{0xffffffff};
  ThreadIndex holder = kNobody;
  StackId holder_stack = kNoStack;
  StackId waiter_stack = kNoStack;
  Nanos time{0};

  bool operator==(const Blame&) const = default;
};

// Who had a lock while others waited for it, as Blame says it of the GIL.
struct LockBlame {
  ThreadIndex owner = Blame::kNobody;
  StackId owner_stack = kNoStack;
  StackId waiter_stack = kNoStack;
  Nanos time{0};

  bool operator==(const LockBlame&) const = default;
};

// A lock, or something like it, in which threads were seen to wait. Sums are of thread-time.
struct LockProfile {
  LockInfo info;
  std::uint32_t process = 0;  // its place in Profile::processes
  Nanos waited{0};
  Nanos observed{0};                 // what `waited` is a part of, for a mean
  std::optional<ThreadIndex> owner;  // who had it for most of that time; none: never known
  bool owner_inferred = false;
  ActivityTimes owner_did{};  // what its owners did while others waited for it: a chain goes on there
  // The lock that its owners themselves waited for most meanwhile, by its number (see Stretch::lock), and how much of
  // `waited` that was.
  std::uint16_t owner_waits_for = 0;
  Nanos owner_waited{0};
  std::vector<LockBlame> blame;  // the sum of all rows is `waited`, where that is contention; else empty

  double mean_waiters() const { return observed.count() > 0 ? double(waited.count()) / double(observed.count()) : 0.0; }

  bool operator==(const LockProfile&) const = default;
};

// Threads that waited for each other in a circle: each for a lock that the next one had.
struct Deadlock {
  struct Member {
    ThreadIndex thread{};
    std::uint16_t lock = 0;    // that it waited for (see Stretch::lock)
    StackId stack = kNoStack;  // with which it waited

    bool operator==(const Member&) const = default;
  };
  std::uint32_t process = 0;  // its place in Profile::processes
  std::vector<Member> members;
  TimeRange time;      // since the first tick
  bool lasts = false;  // to the end of the recording, and nobody in it waits for a limited time only

  bool operator==(const Deadlock&) const = default;
};

using BlockedTimes = std::array<Nanos, kBlockedInCount>;  // by BlockedIn

// How long something took, each time.
struct Spread {
  std::uint64_t count = 0;
  Nanos median{0};
  Nanos p99{0};
  Nanos longest{0};

  bool operator==(const Spread&) const = default;
};

struct ThreadProfile {
  ThreadInfo info;
  std::uint32_t process = 0;  // its place in Profile::processes
  ActivityTimes times{};
  BlockedTimes blocked{};  // the time of Activity::kBlocked, by what the kernel says
  Spread tenure;           // how long it had the GIL at a time
  Spread to_get_gil;       // how long it waited for it at a time; waits that fell between two ticks are not among them
  Nanos cpu{0};  // native threads only: on-CPU time by the kernel's account (schedstat), less that of its Python row
  std::optional<ShareMargins> margins{};  // none: it was seen for too short a time

  bool operator==(const ThreadProfile&) const = default;
};

struct GilProfile {
  GilIndex index{};
  std::uint32_t process = 0;               // its place in Profile::processes
  std::vector<std::int64_t> interpreters;  // ids that share this GIL
  Nanos held{0};
  Nanos observed{0};
  Nanos enabled{0};  // part of `observed`: free-threaded builds turn it on and off, for a moment at imports as well
  double mean_waiters = 0;     // classified waiters, mean over observed time
  std::uint64_t handoffs = 0;  // by gil->switch_number: exact
  Nanos switch_interval{0};
  // Held time in tenures longer than four switch intervals while somebody waited: one native call kept the GIL.
  Nanos hogged{0};
  Spread tenure;                        // of all threads
  Spread to_get_gil;                    // of all threads
  std::optional<GilMargins> margins{};  // none: too short a time

  bool is_shared() const { return interpreters.size() > 1; }
  double utilization() const { return observed.count() > 0 ? double(held.count()) / double(observed.count()) : 0.0; }

  bool operator==(const GilProfile&) const = default;
};

struct TargetFacts {
  Pid pid{};
  std::vector<std::string> command;
  std::string executable;
  std::string working_folder;
  PythonVersion python;
  bool free_threaded = false;
  bool gil_enabled = true;
  std::string gil_set_by;  // what turned the GIL of a free-threaded build on: "-X gil=1", "PYTHON_GIL=1"; else empty
  std::vector<std::string> extension_modules;  // that it loaded from outside the standard library; only if that matters

  bool operator==(const TargetFacts&) const = default;
};

// What reading cost the target: threads stood still for it (Stopping).
struct Pauses {
  std::uint64_t count = 0;
  std::uint64_t denied = 0;  // ticks at which a stop was due; another tracer or the kernel was in the way
  Nanos median{0};
  Nanos p99{0};
  Nanos longest{0};
  Nanos total{0};

  bool operator==(const Pauses&) const = default;
};

// Native stacks, where they were asked for.
struct NativeSums {
  std::uint64_t whole = 0;  // from the first function of the thread to the innermost
  std::uint64_t cut = 0;    // the outer part could not be unwound, or does not fit Python's frames
  std::uint64_t lost =
      0;  // a stack is shown with Python's frames alone: the thread did not stop in time, or had moved on

  std::uint64_t all() const { return whole + cut + lost; }

  bool operator==(const NativeSums&) const = default;
};

struct Quality {
  std::uint64_t ticks_asked = 0;
  std::uint64_t ticks = 0;      // made
  double rate_hz = 0;           // asked; 0 = as fast as possible
  std::uint64_t late = 0;       // ticks more than one period late
  Spread lateness;              // of those; a recording of an older gilspy does not tell
  std::uint64_t glances = 0;    // looks at the GILs alone between ticks
  std::uint64_t retried = 0;    // stack reads that were repeated
  std::uint64_t truncated = 0;  // stacks kept without their last frames
  std::uint64_t discarded = 0;  // ticks whose holder's stack could not be kept at all
  std::uint64_t blurred = 0;    // ticks with two or more hand-offs since the tick before
  std::uint64_t errors = 0;     // ticks at which nothing could be read
  Nanos stopped{0};             // time in which the process was stopped (SIGSTOP, job control, a debugger): unknown
  Nanos gaps{0};  // time in which gilspy itself did not run (a busy machine, Ctrl-Z): unknown, see weight_of
  // False: the kernel does not tell what threads are blocked in, so that waiting cannot be told from other blocking.
  bool system_calls_told = true;
  Pauses pauses;
  NativeSums native;

  bool operator==(const Quality&) const = default;
};

struct SelfCost {
  Nanos cpu{0};
  std::uint64_t peak_rss_bytes = 0;

  bool operator==(const SelfCost&) const = default;
};

struct Profile {
  TargetFacts target;
  CpuFacts cpus;
  CpuPressure pressure;
  Nanos holders_queued{0};             // time in which a GIL was held by a thread that was ready and had no CPU
  Nanos began{0};                      // the first tick, since 1970; 0: not known
  Nanos first_tick{0};                 // the same, CLOCK_MONOTONIC
  Nanos duration{0};                   // first to last tick
  Nanos cpu_time{0};                   // of the whole process during `duration`, native threads included
  std::vector<ThreadProfile> threads;  // by ThreadIndex, native threads behind them
  std::vector<GilProfile> gils;
  std::vector<StackTime> stacks;
  std::vector<TaskTime> tasks;  // only where they were asked for
  std::vector<Blame> blame;
  std::vector<LockProfile> locks;  // that somebody waited for, longest first
  std::vector<Deadlock> deadlocks;
  std::vector<LoopProfile> loops;        // by their threads
  Nanos loop_threshold = kLongCallback;  // callbacks that keep an event loop this long are too long
  StackTable table;
  Timeline timeline;
  std::optional<SumMargins> margins;  // none: too short a time
  Quality quality;
  SelfCost self;
  std::string end_note;  // why the recording ended before it was asked to ("the process ended"); else empty
  // Of a program: each of its processes, the one that it began with first. All else is the program's then: threads,
  // GILs and stacks are those of all processes, times are since the first tick of any. Empty in the profile of one
  // process.
  std::vector<Profile> processes;
  std::vector<std::string> unread;  // processes of Python that could not be recorded, and why; for people

  bool is_program() const { return !processes.empty(); }
  // Where a thread or a GIL belongs.
  const TargetFacts& target_of(std::uint32_t process) const {
    return process < processes.size() ? processes[process].target : target;
  }

  // Of its processes as well.
  void set_loop_threshold(Nanos threshold) {
    loop_threshold = threshold;
    for (Profile& process : processes) process.loop_threshold = threshold;
  }

  // Of a process: whether it has interpreters beside the main one. What is shown says of which one it is only then.
  bool has_several_interpreters(std::uint32_t process) const {
    std::size_t count = 0;
    for (const GilProfile& gil : gils) {
      if (gil.process == process) count += gil.is_shared() ? 2U : 1U;
    }
    return count > 1;
  }

  // By Stretch::lock; nullptr: none.
  const LockProfile* lock(std::uint16_t number) const {
    return number > 0 && number <= locks.size() ? &locks[number - 1U] : nullptr;
  }

  // The part of the duration of which samples tell. What threads did, per second of it, is not thinned by gaps.
  Nanos sampled() const { return duration - quality.gaps; }
  // Of the Python threads' time.
  double unknown_share() const {
    Nanos unknown{0}, all{0};
    for (const ThreadProfile& thread : threads) {
      if (!thread.info.python) continue;
      unknown += thread.times[index_of(Activity::kUnknown)];
      for (const Nanos time : thread.times) all += time;
    }
    return all.count() > 0 ? double(unknown.count()) / double(all.count()) : 0.0;
  }
  double parallelism() const {
    return duration.count() > 0 ? double(cpu_time.count()) / double(duration.count()) : 0.0;
  }
};

// Locks by other numbers (see Stretch::lock): that of the number by which each went before. Numbers beyond the end
// become 0.
void renumber_locks(Profile& profile, const std::vector<std::uint16_t>& numbers);

}  // namespace gilspy
