// Puts the timeline together while samples come in, in bounded memory.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "gilspy/sample.h"
#include "gilspy/timeline.h"

namespace gilspy {

class TimelineBuilder {
 public:
  // Above `most` stretches in all lanes, neighbours are put together in windows. Times are CLOCK_MONOTONIC, as those
  // of samples; `origin` is the first tick's.
  explicit TimelineBuilder(Nanos origin, std::size_t most = kMostStretches) : origin_(origin), most_(most) {}

  // Of a thread that was seen throughout, gaps apart. In order for each thread.
  void add(ThreadIndex thread, Nanos from, Nanos to, Activity activity, StackId stack);
  // Nobody knows what threads did then. In order.
  void add_gap(Nanos from, Nanos to) { gaps_.push_back({from - origin_, to - origin_}); }
  void add(GilIndex gil, const Tenure& tenure);                // in order for each GIL
  void add_context(ThreadIndex thread, Nanos from, Nanos to);  // in order for each thread; short ones are left out

  Timeline finish();

 private:
  static constexpr std::size_t kMostStretches = 500'000;
  struct Tenures {
    std::vector<Tenure> list;
    Nanos shortest{0};  // memory ran short: those that are shorter have been dropped
  };
  void put(Lane& lane, const Stretch& stretch);
  void make_room();
  void coarsen(Lane& lane);

  Nanos origin_;
  std::size_t most_;
  Timeline timeline_;
  std::vector<TimeRange> gaps_;
  std::vector<Tenures> tenures_;  // by GilIndex
  std::size_t stretches_ = 0;
  std::optional<std::size_t> next_to_coarsen_;  // a lane at a time: the next sample must not come late
};

}  // namespace gilspy
