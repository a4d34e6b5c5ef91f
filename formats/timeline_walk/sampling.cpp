#include "sampling.h"

#include <algorithm>

#include "walk.h"

namespace gilspy::timeline_walk {

Moments::Moments(const Lane& lane, Nanos distance, bool with_blocked)
    : lane_(lane), distance_(distance), with_blocked_(with_blocked) {
  clocks_.fill(distance / 2);
}

std::optional<Moments::Moment> Moments::next() {
  for (; at_ < lane_.size(); ++at_, into_ = Nanos{0}) {
    const Stretch& stretch = lane_[at_];
    if (!is_shown(stretch)) continue;
    Nanos& clock = clocks_[index_of(stretch.activity)];
    const Nanos left = stretch.time() - into_, missing = distance_ - clock;
    if (left < missing) {
      clock += left;
      continue;
    }
    into_ += missing;
    clock = Nanos{0};
    return Moment{stretch.from + into_, &stretch};
  }
  return std::nullopt;
}

Nanos distance_of_ticks(const Profile& profile) {
  const Quality& quality = profile.quality;
  Nanos distance{0};
  if (quality.rate_hz > 0) distance = Nanos(static_cast<Nanos::rep>(1e9 / quality.rate_hz));
  if (distance <= Nanos{0} && quality.ticks > 0) distance = profile.duration / static_cast<Nanos::rep>(quality.ticks);
  return distance;
}

Nanos distance_of_shots(const Profile& profile, bool shoot_blocked, std::uint64_t most) {
  const Nanos distance = distance_of_ticks(profile);
  Nanos shown{0};
  for (const Lane& lane : profile.timeline.lanes) {
    for (const Stretch& stretch : lane) {
      if (shoot_blocked || stretch.activity != Activity::kBlocked) shown += stretch.time();
    }
  }
  return std::max(distance, shown / static_cast<Nanos::rep>(most));
}

}  // namespace gilspy::timeline_walk
