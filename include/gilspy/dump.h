// dump: one look at a process: what every thread is doing at this moment, and with which stack.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gilspy/activity.h"
#include "gilspy/ids.h"
#include "gilspy/profile.h"
#include "gilspy/sample.h"
#include "gilspy/stacks.h"

namespace gilspy {

struct ThreadDump {
  ThreadInfo info;
  Activity activity = Activity::kUnknown;
  bool visiting_elsewhere = false;             // it has a state in this interpreter, but runs in another one now
  std::optional<ThreadIndex> holder;           // of the GIL that it waits for, where somebody holds it
  std::optional<std::string> syscall;          // what it is blocked in ("futex")
  StackQuality quality = StackQuality::kLost;  // kTruncated: its last frames are missing; kLost: it could not be had
  StackId stack = kNoStack;
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
  std::vector<ThreadDump> threads;  // as they were met, native threads behind them
  StackTable table;

  const ThreadDump* find(ThreadIndex thread) const {
    for (const ThreadDump& dump : threads) {
      if (dump.info.python && dump.info.index == thread) return &dump;
    }
    return nullptr;
  }
};

}  // namespace gilspy
