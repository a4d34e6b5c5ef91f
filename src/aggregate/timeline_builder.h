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
  // Above `most` stretches in all lanes, neighbours are put together in windows; above `most_tenures` of one GIL, these
  // are. Times are CLOCK_MONOTONIC, as those of samples; `origin` is the first tick's.
  explicit TimelineBuilder(Nanos origin, std::size_t most = kMostStretches, std::size_t most_tenures = kMostTenures)
      : origin_(origin), most_(most), most_tenures_(most_tenures) {}

  // Of a thread that was seen throughout, gaps apart. In order for each thread.
  void add(ThreadIndex thread, const Stretch& stretch);
  // Nobody knows what threads did then. In order.
  void add_gap(Nanos from, Nanos to) { gaps_.push_back({from - origin_, to - origin_}); }
  void add(GilIndex gil, const Tenure& tenure);                // in order for each GIL
  void add_context(ThreadIndex thread, Nanos from, Nanos to);  // in order for each thread; short ones are left out

  Timeline finish();

 private:
  static constexpr std::size_t kMostStretches = 500'000;
  static constexpr std::size_t kMostTenures = 500'000;
  struct Tenures {
    std::vector<Tenure> list;
    std::size_t most = 0;
    Nanos window{0};  // memory ran short: they are coarsened() by this window
    Nanos tried{0};   // the next window to try
  };
  void put(Lane& lane, const Stretch& stretch);
  void make_room();
  void coarsen(Lane& lane);
  static void make_room(Tenures& tenures);

  Nanos origin_;
  std::size_t most_;
  std::size_t most_tenures_;
  Timeline timeline_;
  std::vector<TimeRange> gaps_;
  std::vector<Tenures> tenures_;  // by GilIndex
  std::size_t stretches_ = 0;
  bool is_too_fine_ = false;                    // the window of the last round
  std::optional<std::size_t> next_to_coarsen_;  // a lane at a time: the next sample must not come late
};

}  // namespace gilspy
