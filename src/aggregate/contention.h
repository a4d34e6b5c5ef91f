// How the GIL goes from hand to hand: how long a thread has it at a time, and how long it waits for it at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "gilspy/distribution.h"
#include "gilspy/profile.h"
#include "gilspy/sample.h"
#include "holder_tracker.h"
#include "timeline_builder.h"

namespace gilspy {

class Contention {
 public:
  explicit Contention(TimelineBuilder& timeline) : timeline_(timeline) {}

  // Every sample, before what threads do in it. `before`: the time of the one before it.
  void add(const Sample& sample, Nanos before);
  // One of the samples' threads does another thing now: found by the latest sample, after the one before it.
  void change(const ThreadInfo& thread, Activity from, Activity to);

  // Who has it by the latest sample, and since when.
  const std::optional<Tenure>& tenure(std::size_t gil) const { return gils_[gil].tracker.current(); }

  void finish(Profile& profile);

 private:
  struct Gil {
    HolderTracker tracker;
    Distribution tenures;
    Distribution waits;
  };
  struct Thread {
    Nanos waits_since{0};
    Nanos let_go{0};  // when its last tenure ended
    Distribution tenures;
    Distribution waits;
  };

  void look(std::size_t gil, const HolderTracker::Look& look);
  void close(std::size_t gil, const std::optional<Tenure>& over);

  TimelineBuilder& timeline_;
  std::vector<Gil> gils_;            // by GilIndex
  std::vector<Thread> threads_;      // by ThreadIndex
  std::vector<std::uint64_t> told_;  // by GilIndex: hand-offs of this sample that looks between the ticks have dated
  Nanos before_{0};                  // the sample before
  Nanos latest_{0};
};

}  // namespace gilspy
