// classify: what was each thread doing? A pure state machine over samples.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/sample.h"

namespace gilspy {

enum class Activity : std::uint8_t {
  kHoldsGil,
  kHoldsGilOffCpu,  // holds it while blocked in the kernel (a hog) or waiting for a CPU
  kWaitsForGil,
  kRunsWithoutGil,
  kWaitsForLock,
  kStopTheWorld,
  kBlocked,
  kUnknown,
};
inline constexpr std::size_t kActivityCount = 8;

inline constexpr std::array<Activity, kActivityCount> kActivities{
    Activity::kHoldsGil,     Activity::kHoldsGilOffCpu, Activity::kWaitsForGil, Activity::kRunsWithoutGil,
    Activity::kWaitsForLock, Activity::kStopTheWorld,   Activity::kBlocked,     Activity::kUnknown};

constexpr std::size_t index_of(Activity activity) { return static_cast<std::size_t>(activity); }

// For people: "waits for the GIL". Also the first frame of a flame graph of all activities.
constexpr std::string_view words(Activity activity) {
  constexpr std::array<std::string_view, kActivityCount> kWords{
      "holds the GIL",    "holds the GIL off CPU", "waits for the GIL", "runs without the GIL",
      "waits for a lock", "stop-the-world",        "blocked",           "unknown"};
  return kWords[index_of(activity)];
}

// For machines: "waits_for_gil", the key in JSON.
constexpr std::string_view key(Activity activity) {
  constexpr std::array<std::string_view, kActivityCount> kKeys{
      "holds_gil",      "holds_gil_off_cpu", "waits_for_gil", "runs_without_gil",
      "waits_for_lock", "stop_the_world",    "blocked",       "unknown"};
  return kKeys[index_of(activity)];
}

constexpr bool holds(Activity activity) {
  return activity == Activity::kHoldsGil || activity == Activity::kHoldsGilOffCpu;
}

// How much a sample weighs: the time since the one before, at most three periods. The excess is unknown time. Without a
// rate, a sample tells of no more than one at 1 kHz does.
struct Weight {
  Nanos known{0};
  Nanos unknown{0};
};
constexpr Weight weight_of(Nanos since_previous, Nanos period) {
  constexpr Nanos kWithoutRate = std::chrono::milliseconds(1);
  const Nanos most = 3 * (period.count() == 0 ? kWithoutRate : period);
  if (since_previous <= most) return {since_previous, Nanos{0}};
  return {most, since_previous - most};
}

struct ActivityChange {
  ThreadIndex thread{};
  Activity activity = Activity::kUnknown;
};

// Samples in, activities out; no clock, no target. Feed it every sample of a recording in order.
class Classifier {
 public:
  // The threads whose activity is now another one than after the previous sample, those that started among them. All
  // others go on as they were. Threads that ended are not listed: the sample says so.
  const std::vector<ActivityChange>& classify(const Sample& sample);

 private:
  struct Thread {
    Activity activity = Activity::kUnknown;
    GilIndex gil{};
    SyscallFacts::State os = SyscallFacts::State::kUnreadable;
    WaitPlace place = WaitPlace::kNone;
    BlockedIn blocked_in = BlockedIn::kNothing;
    std::optional<LockKind> lock;  // it is blocked in one of these
    AttachState attach_state = AttachState::kNotRead;
    bool dormant = false;
    std::uint64_t cond_tick = 0;  // last sample that placed it in a condition variable; 0: none
    std::uint64_t held_tick = 0;  // last sample at which it held the GIL
    Nanos held_since{0};          // when it was first seen with the GIL in this tenure
    Nanos held_preempted{0};      // of this tenure: the time that it had no CPU
    Nanos leaving_until{0};  // was made to let go and has been running since: it stands in drop_gil, but not for ever
    std::uint64_t gil_tick() const { return cond_tick > held_tick ? cond_tick : held_tick; }
    Nanos preempted{0};  // time it held the GIL without a CPU, not yet accounted for
  };

  Thread* find(ThreadIndex thread);
  void take_facts(const Sample& sample);
  void set(ThreadIndex thread, Activity activity);
  void decide_holder(const Sample& sample, const GilFacts& gil);
  void decide_running(const Sample& sample, GilIndex index);
  static std::optional<Activity> without_gil(const Thread& thread);
  static Activity blocked(const Thread& thread);
  static Activity in_free_threading(const Thread& thread);

  std::uint64_t tick_ = 1;  // so that 0 is no tick and none is right behind it
  Nanos previous_{0};
  std::unordered_map<std::uint32_t, Thread> threads_;
  std::vector<std::optional<ThreadIndex>> holders_;  // by GilIndex, of the previous sample
  std::vector<std::uint32_t> in_cond_;               // by GilIndex: threads whose last place is a condition variable
  std::vector<LockKind> locks_;                      // by LockIndex
  std::vector<ThreadIndex> running_;                 // on a CPU or a run queue when last looked at
  std::vector<ActivityChange> changes_;
};

}  // namespace gilspy
