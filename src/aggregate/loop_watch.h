// How late event loops were. Time is cut into spans in which whatever becomes due has to wait until their end: a round
// of callbacks, or the loop on its way to its callbacks while it waits for the GIL or for a CPU. In the next round
// timers come last, so it waits for the others as well.
#pragma once

#include <map>
#include <optional>

#include "gilspy/activity.h"
#include "gilspy/distribution.h"
#include "gilspy/loops.h"
#include "gilspy/profile.h"

namespace gilspy {

class LoopWatch {
 public:
  // Of every sample, in this order: what nobody saw in front of it, maybe nothing; what it tells of a thread's loop,
  // and what the thread did until then; what it does now. `before`: since when that may have come about.
  void begin_sample(const TimeRange& unseen) { unseen_ = unseen; }
  void look(ThreadIndex thread, const LoopFacts& facts, Activity activity, Nanos before, Nanos now);
  void change(ThreadIndex thread, Activity activity, Nanos before, Nanos now);
  // Behind all that: for how long the sample stands. `has_other_holder`: of a thread, whether another one has its GIL.
  template <typename HasOtherHolder>
  void account(Nanos weight, HasOtherHolder has_other_holder) {
    for (auto& [thread, loop] : loops_) {
      if (loop.facts.state == LoopFacts::State::kWaits && !is_late(loop) && has_other_holder(thread))
        loop.contended += weight;
    }
  }

  void finish(Nanos end, Profile& profile);

 private:
  struct Loop {
    LoopFacts facts;
    Activity activity = Activity::kUnknown;
    Nanos since{0};                // facts.state is not kNone since then; or since the time that nobody saw
    std::optional<Nanos> span;     // when the present one began
    std::optional<TimeRange> due;  // what became due in the one before waits for the timers of this round
    Nanos counted{0};              // facts.left is in `ready` until then
    Distribution lag;              // in microseconds of time
    double lags = 0;               // their sum, ns * us
    Nanos longest{0};
    bool woken = false;  // the present span began with waiting for the GIL
    Distribution wakes;  // how long such spans took
    Nanos contended{0};  // it waited for events, and another thread had the GIL
    Nanos busy{0};
    Nanos observed{0};
    double ready = 0;  // callbacks x ns
    std::uint32_t most_ready = 0;
  };

  static bool is_late(const Loop& loop);
  static void begin_span(Loop& loop, Nanos at);
  static void close_span(Loop& loop, Nanos at);
  static void meet_timers(Loop& loop, Nanos at, Nanos surely);
  static void count_ready(Loop& loop, Nanos at, std::uint32_t left);
  static void stop(Loop& loop, Nanos at);
  void leave_out_unseen(Loop& loop) const;
  static LoopLag lag_of(Loop& loop);

  TimeRange unseen_;  // before the present sample
  std::map<ThreadIndex, Loop> loops_;
};

}  // namespace gilspy
