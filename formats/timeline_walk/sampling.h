// Turns a lane into moments at even distances.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "gilspy/timeline.h"

namespace gilspy::timeline_walk {

// Every activity has a clock of its own that runs only while the thread is at it and first strikes after half a
// distance: the number of moments is the time of the activity, rounded, however short its stretches are.
class Moments {
 public:
  Moments(const Lane& lane, Nanos distance, bool with_blocked);

  struct Moment {
    Nanos at{0};
    const Stretch* stretch = nullptr;
  };
  std::optional<Moment> next();  // in the order of time

 private:
  bool is_shown(const Stretch& stretch) const { return with_blocked_ || stretch.activity != Activity::kBlocked; }

  const Lane& lane_;
  Nanos distance_;
  bool with_blocked_;
  std::size_t at_ = 0;                          // in the lane
  Nanos into_{0};                               // of that stretch, time that is behind us
  std::array<Nanos, kActivityCount> clocks_{};  // by index_of(Activity): since the last strike
};

}  // namespace gilspy::timeline_walk
