#include "holders.h"

#include <algorithm>
#include <map>
#include <utility>

namespace gilspy::firefox {
namespace {

template <typename Key>
Key longest(const std::map<Key, Nanos>& times) {
  return std::max_element(times.begin(), times.end(), [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

}  // namespace

Holders::Holders(const Profile& profile) : gils_(profile.gils.size()) {
  for (std::size_t i = 0; i < std::min(profile.timeline.lanes.size(), profile.threads.size()); ++i) {
    const std::size_t gil = to_int(profile.threads[i].info.gil);
    if (gil >= gils_.size()) continue;
    for (const Stretch& stretch : profile.timeline.lanes[i]) {
      if (!holds(stretch.activity)) continue;
      gils_[gil].push_back({stretch.from, stretch.to, ThreadIndex(static_cast<std::uint32_t>(i)), stretch.stack});
    }
  }
  for (std::vector<Held>& held : gils_) {
    std::stable_sort(held.begin(), held.end(), [](const Held& a, const Held& b) { return a.from < b.from; });
  }
}

Holders::Holder Holders::during(GilIndex gil, const TimeRange& range) const {
  if (to_int(gil) >= gils_.size()) return {};
  const std::vector<Held>& held = gils_[to_int(gil)];
  // Nobody has it while another one does, so that ends are in order as well, but for where lanes are coarsened.
  auto at = std::partition_point(held.begin(), held.end(), [&](const Held& row) { return row.to <= range.from; });
  std::map<ThreadIndex, Nanos> threads;
  std::map<std::pair<ThreadIndex, StackId>, Nanos> stacks;
  for (; at != held.end() && at->from < range.to; ++at) {
    const Nanos time = std::min(at->to, range.to) - std::max(at->from, range.from);
    if (time <= Nanos{0}) continue;
    threads[at->thread] += time;
    stacks[{at->thread, at->stack}] += time;
  }
  if (threads.empty()) return {};
  const ThreadIndex thread = longest(threads);
  std::erase_if(stacks, [thread](const auto& row) { return row.first.first != thread; });
  return {.thread = thread, .stack = longest(stacks).second};
}

}  // namespace gilspy::firefox
