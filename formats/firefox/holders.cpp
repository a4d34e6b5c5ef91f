#include "holders.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <unordered_map>

namespace gilspy::firefox {
namespace {

std::uint32_t longest(const std::map<std::uint32_t, Nanos>& times) {
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
  std::unordered_map<std::uint64_t, Nanos> times;  // by thread and stack: waits can span thousands of turns
  for (; at != held.end() && at->from < range.to; ++at) {
    const Nanos time = std::min(at->to, range.to) - std::max(at->from, range.from);
    if (time > Nanos{0}) times[std::uint64_t{to_int(at->thread)} << 32 | to_int(at->stack)] += time;
  }
  if (times.empty()) return {};
  std::map<std::uint32_t, Nanos> threads, stacks;
  for (const auto& [who, time] : times) threads[static_cast<std::uint32_t>(who >> 32)] += time;
  const std::uint32_t thread = longest(threads);
  for (const auto& [who, time] : times) {
    if (who >> 32 == thread) stacks[static_cast<std::uint32_t>(who)] += time;
  }
  return {.thread = ThreadIndex{thread}, .stack = StackId{longest(stacks)}};
}

}  // namespace gilspy::firefox
