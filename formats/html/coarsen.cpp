#include <algorithm>

#include "page_data.h"

namespace gilspy::html {
namespace {

// The end of the window that `at` lies in; the spared range counts as one of its own.
Nanos end_of_window(Nanos at, Nanos window, const TimeRange& spared) {
  const Nanos end = (at / window + 1) * window;
  if (spared.empty() || at >= spared.to || end <= spared.from) return end;
  return at < spared.from ? spared.from : spared.to;
}

// A tenure belongs to the window in which it begins. Changes of hands that this hides count as unseen.
std::vector<Tenure> coarse(const std::vector<Tenure>& tenures, Nanos window, const TimeRange& spared) {
  std::vector<Tenure> out;
  std::size_t first = 0;  // of this window, in `out`
  Nanos end{-1};
  for (const Tenure& tenure : tenures) {
    if (tenure.from >= end || spared.contains(tenure.from)) {
      first = out.size();
      end = end_of_window(tenure.from, window, spared);
    }
    const auto same = std::find_if(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(),
                                   [&](const Tenure& other) { return other.holder == tenure.holder; });
    if (same == out.end()) {
      out.push_back(tenure);
      continue;
    }
    // Those behind it move on by as much as it grows.
    same->to += tenure.to - tenure.from;
    same->unseen += tenure.unseen + 1;
    for (auto later = same + 1; later != out.end(); ++later) {
      const Nanos length = later->to - later->from;
      later->from = std::max(later->from, (later - 1)->to);
      later->to = later->from + length;
    }
  }
  return out;
}

}  // namespace

PageData coarsened(const PageData& data, Nanos window) {
  PageData out = data;
  out.timeline.window = std::max(window, data.timeline.window);
  for (Lane& lane : out.timeline.lanes) lane = gilspy::coarsened(lane, window, data.excerpt);
  for (std::vector<Tenure>& tenures : out.timeline.tenures) tenures = coarse(tenures, window, data.excerpt);
  return out;
}

}  // namespace gilspy::html
