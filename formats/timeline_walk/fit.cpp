#include "fit.h"

namespace gilspy::timeline_walk {

Nanos window_for(const Profile& profile, std::uint64_t most, const Cost& cost) {
  for (Nanos window{0};; window = window == Nanos{0} ? Nanos{std::chrono::milliseconds(1)} : 2 * window) {
    std::uint64_t sum = 0;
    for (const Lane& lane : profile.timeline.lanes) {
      sum += window == Nanos{0} ? cost(lane) : cost(coarsened(lane, window));
      if (sum > most) break;
    }
    if (sum <= most || window > profile.duration) return window;
  }
}

std::vector<std::uint32_t> depths(const StackTable& table) {
  std::vector<std::uint32_t> depths(table.stack_count(), 1);
  for (std::size_t i = 1; i < depths.size(); ++i) {
    const std::size_t parent = to_int(table.parent(StackId(static_cast<std::uint32_t>(i))));
    if (parent != 0) depths[i] = depths[parent] + 1;
  }
  return depths;
}

}  // namespace gilspy::timeline_walk
