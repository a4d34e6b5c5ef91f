// aggregate: what every thread did and when, and the GIL as it went from hand to hand. Times are since the first tick.
// The sums of a thread's stretches are its activities in the profile, however coarse they have become.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gilspy/activity.h"
#include "gilspy/ids.h"
#include "gilspy/stacks.h"
#include "gilspy/target.h"

namespace gilspy {

// A part of a thread's life in which it did one thing with one stack.
struct Stretch {
  Nanos from{0};
  Nanos to{0};
  StackId stack = kNoStack;
  Activity activity = Activity::kUnknown;
  BlockedIn blocked_in = BlockedIn::kNothing;  // Activity::kBlocked only
  std::uint16_t lock = 0;  // that it waited for, whether that is contention or not: its place in Profile::locks plus 1

  Nanos time() const { return to - from; }
  bool same_but_time(const Stretch& other) const {
    return stack == other.stack && activity == other.activity && blocked_in == other.blocked_in && lock == other.lock;
  }
  bool operator==(const Stretch&) const = default;
};

// In order and without overlap. Holes: the thread did not live yet, not any more, or was in another interpreter.
using Lane = std::vector<Stretch>;

struct TimeRange {
  Nanos from{0};
  Nanos to{0};

  Nanos length() const { return to - from; }
  bool empty() const { return to <= from; }
  bool contains(Nanos at) const { return at >= from && at < to; }
  bool operator==(const TimeRange&) const = default;
};

// Behind what is there: a part of its last stretch if that only goes on, nothing if it takes no time.
void append(Lane& lane, const Stretch& stretch);

// Inside each window of this length, counted from 0, stretches that are the same but for their time are put together,
// in the order in which they first appeared; holes move to the window's end. What lies in `spared` stays as it is.
Lane coarsened(const Lane& lane, Nanos window, const TimeRange& spared = {});

// A thread has the GIL until another one takes it, or nobody is seen with it.
struct Tenure {
  ThreadIndex holder{};
  Nanos from{0};
  Nanos to{0};
  Nanos within{0};           // `from` may be this much too late: the look before it was so long ago
  std::uint32_t unseen = 0;  // changes of hands right before it, too quick to be seen
  bool operator==(const Tenure&) const = default;
};

// A tenure belongs to the window in which it begins. Inside each, those of one thread are put together, in the order in
// which threads first appeared; what that hides counts as unseen. A tenure that begins in `spared` stays as it is.
std::vector<Tenure> coarsened(const std::vector<Tenure>& tenures, Nanos window, const TimeRange& spared = {});

struct CpuUse {
  Nanos from{0};
  Nanos to{0};
  double cpus = 0;  // CPU time of the process over wall time
  bool operator==(const CpuUse&) const = default;
};

inline constexpr Nanos kLongContext = std::chrono::milliseconds(50);
inline constexpr Nanos kLongCallback = std::chrono::milliseconds(100);  // unless somebody says what is too long

struct Timeline {
  std::vector<Lane> lanes;                   // by ThreadIndex; those of native threads are empty
  std::vector<std::vector<Tenure>> tenures;  // by GilIndex, in order
  // By ThreadIndex, in order: when the thread stayed in one context (see ThreadFacts::context_switches) for
  // kLongContext and longer; in an event loop that is one callback. Threads at the end may be missing.
  std::vector<std::vector<TimeRange>> contexts;
  std::vector<CpuUse> cpus;  // in order
  // 0: stretches are as sampled. Else memory ran short, and lanes are coarsened() by this window.
  Nanos window{0};
  Nanos turns_window{0};  // the same for tenures

  bool operator==(const Timeline&) const = default;
};

}  // namespace gilspy
