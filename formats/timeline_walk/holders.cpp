#include "holders.h"

#include <algorithm>

namespace gilspy::timeline_walk {

ThreadIndex Holders::longest(GilIndex gil, const TimeRange& wait, ThreadIndex waiter) {
  if (to_int(gil) >= next_.size()) return Blame::kNobody;
  const std::vector<Tenure>& tenures = profile_.timeline.tenures[to_int(gil)];
  std::size_t& next = next_[to_int(gil)];
  while (next < tenures.size() && tenures[next].to <= wait.from) ++next;
  times_.clear();
  ThreadIndex longest = Blame::kNobody;
  Nanos most{0};
  for (std::size_t i = next; i < tenures.size() && tenures[i].from < wait.to; ++i) {
    const Tenure& tenure = tenures[i];
    if (tenure.holder == waiter || to_int(tenure.holder) >= profile_.threads.size()) continue;
    Nanos& time = times_[tenure.holder];
    time += std::max(std::min(tenure.to, wait.to) - std::max(tenure.from, wait.from), Nanos{0});
    if (time <= most) continue;
    most = time;
    longest = tenure.holder;
  }
  return longest;
}

}  // namespace gilspy::timeline_walk
