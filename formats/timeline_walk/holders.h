// Who had a GIL while somebody else waited for it.
#pragma once

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "gilspy/profile.h"

namespace gilspy::timeline_walk {

// Asked in the order of time: of each GIL, no wait begins before the one that was asked about before.
class Holders {
 public:
  explicit Holders(const Profile& profile) : profile_(profile), next_(profile.timeline.tenures.size(), 0) {}

  // Who but the waiter had it longest meanwhile, by the turns; kNobody where nobody was seen with it.
  ThreadIndex longest(GilIndex gil, const TimeRange& wait, ThreadIndex waiter);

 private:
  const Profile& profile_;
  std::vector<std::size_t> next_;  // by GIL: of its tenures, the first that is not over when the wait begins
  std::unordered_map<ThreadIndex, Nanos> times_;
};

}  // namespace gilspy::timeline_walk
