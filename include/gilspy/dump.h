// dump: one look at a process: what every thread is doing at this moment, and with which stack.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gilspy/activity.h"
#include "gilspy/core.h"
#include "gilspy/cycles.h"
#include "gilspy/ids.h"
#include "gilspy/profile.h"
#include "gilspy/sample.h"
#include "gilspy/stacks.h"
#include "gilspy/tasks.h"
#include "gilspy/variables.h"

namespace gilspy {

struct ThreadDump {
  ThreadInfo info;
  Activity activity = Activity::kUnknown;
  bool visiting_elsewhere = false;             // it has a state in this interpreter, but runs in another one now
  std::optional<ThreadIndex> holder;           // of the GIL that it waits for, where somebody holds it
  std::optional<LockIndex> lock;               // that it waits for, contended or not; its place in Dump::locks
  bool gives_up = false;                       // that wait ends at some time
  std::optional<std::string> syscall;          // what it is blocked in ("futex")
  StackQuality quality = StackQuality::kLost;  // kTruncated: its last frames are missing; kLost: it could not be had
  StackId stack = kNoStack;
  NativeQuality native = NativeQuality::kNotAsked;
  // Where they were asked for: of each frame of Python, the innermost first.
  std::vector<FrameVariables> variables;
  // By which the thread knows itself (threading.get_native_id()), in a PID namespace of its own; none: by info.tid.
  std::optional<std::int32_t> tid_inside;
};

struct LockDump {
  LockInfo info;
  std::optional<ThreadIndex> owner;  // none: nobody, or not known
  bool owner_inferred = false;       // see LockOwner
};

struct GilDump {
  GilFacts facts;
  std::vector<std::int64_t> interpreters;  // ids that share it
  std::uint32_t waiters = 0;               // threads that wait for it
};

struct Dump {
  TargetFacts target;
  bool stopped = false;             // the whole process stands still (SIGSTOP, job control, a debugger)
  std::vector<GilDump> gils;        // by GilIndex
  std::vector<LockDump> locks;      // by LockIndex: that threads wait for
  std::vector<ThreadDump> threads;  // as they were met, native threads behind them
  std::vector<TaskState> tasks;     // of asyncio
  StackTable table;
  std::optional<CoreFacts> core;  // none: a process that runs
  bool with_variables = false;
  std::optional<std::int32_t> pid_inside;  // as ThreadDump::tid_inside

  const ThreadDump* find(ThreadIndex thread) const {
    for (const ThreadDump& dump : threads) {
      if (dump.info.python && dump.info.index == thread) return &dump;
    }
    return nullptr;
  }
  const LockDump* lock_of(const ThreadDump& thread) const {
    return thread.lock && to_int(*thread.lock) < locks.size() ? &locks[to_int(*thread.lock)] : nullptr;
  }
  // Who it waits for: who has the GIL or the lock, or is to end.
  std::optional<ThreadIndex> waits_for(const ThreadDump& thread) const {
    if (thread.holder) return thread.holder;
    const LockDump* const lock = lock_of(thread);
    return lock != nullptr && has_owner(lock->info.kind) ? lock->owner : std::nullopt;
  }
  // Threads that wait for each other in a circle.
  std::vector<std::vector<ThreadIndex>> deadlocks() const {
    std::map<ThreadIndex, ThreadIndex> waits;
    for (const ThreadDump& thread : threads) {
      if (const auto other = waits_for(thread); thread.info.python && other) waits.emplace(thread.info.index, *other);
    }
    return cycles_in(waits);
  }
  // Nobody in the circle waits for a limited time only.
  bool lasts(const std::vector<ThreadIndex>& circle) const {
    return std::none_of(circle.begin(), circle.end(), [&](ThreadIndex thread) { return find(thread)->gives_up; });
  }
};

}  // namespace gilspy
