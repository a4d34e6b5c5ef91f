#include "holder_tracker.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace gilspy {

std::optional<Tenure> HolderTracker::look(const Look& look) {
  const bool same = current_.has_value() && look.holder == current_->holder;
  if (look.handoffs == 0 && (same || (!current_.has_value() && !look.holder.has_value()))) return std::nullopt;
  std::optional<Tenure> over = break_off(look.after);
  if (!look.holder.has_value()) return over;
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  // The last of the hand-offs is the one that began this tenure.
  const auto unseen =
      static_cast<std::uint32_t>(std::min(look.handoffs - std::min<std::uint64_t>(look.handoffs, 1), kMost));
  current_ = {*look.holder, look.after, look.after, look.by - look.after, unseen};
  return over;
}

std::optional<Tenure> HolderTracker::break_off(Nanos at) {
  std::optional<Tenure> over = std::exchange(current_, std::nullopt);
  if (over.has_value()) over->to = std::max(at, over->from);
  return over;
}

}  // namespace gilspy
