#include <algorithm>
#include <cmath>
#include <cstdint>

#include "page_data.h"

namespace gilspy::html {
namespace {

constexpr Nanos kLeast = std::chrono::milliseconds(2);
constexpr Nanos kMost = std::chrono::seconds(2);
constexpr Nanos kWithoutTurns = std::chrono::milliseconds(100);
constexpr double kContended = 0.1;  // of what threads want to do: less waiting is not what a moment should show
constexpr std::int64_t kMostBins = 1'000'000;

// 1, 2 or 5 times a power of ten, not less than `time`.
Nanos round_number(Nanos time) {
  for (std::int64_t power = 1;; power *= 10) {
    for (const std::int64_t step : {1, 2, 5}) {
      if (step * power >= time.count()) return Nanos(step * power);
    }
  }
}

bool waits(const Stretch& stretch) { return stretch.activity == Activity::kWaitsForGil; }

bool proceeds(const Stretch& stretch) {
  return holds(stretch.activity) || stretch.activity == Activity::kRunsWithoutGil;
}

bool is_contended(const Timeline& timeline) {
  Nanos waiting{0}, proceeding{0};
  for (const Lane& lane : timeline.lanes) {
    for (const Stretch& stretch : lane) {
      if (waits(stretch)) waiting += stretch.time();
      if (proceeds(stretch)) proceeding += stretch.time();
    }
  }
  return double(waiting.count()) > kContended * double((waiting + proceeding).count());
}

// Long enough to see most threads that compete take their turn.
Nanos span_of_turns(const Timeline& timeline) {
  Nanos held{0};
  std::int64_t turns = 0;
  for (const std::vector<Tenure>& tenures : timeline.tenures) {
    for (const Tenure& tenure : tenures) held += tenure.to - tenure.from;
    turns += static_cast<std::int64_t>(tenures.size());
  }
  const auto competitors = std::count_if(timeline.lanes.begin(), timeline.lanes.end(),
                                         [](const Lane& lane) { return std::any_of(lane.begin(), lane.end(), waits); });
  if (turns == 0) return kWithoutTurns;
  const std::int64_t wanted = std::min<std::int64_t>(competitors, 12) + 4;
  return std::clamp(held / turns * wanted, kLeast, kMost);
}

// How much of it lies in each span.
template <typename Kind>
std::vector<std::int64_t> spread(const Timeline& timeline, Nanos span, std::size_t bins, Kind is_kind) {
  std::vector<std::int64_t> times(bins, 0);
  for (const Lane& lane : timeline.lanes) {
    for (const Stretch& stretch : lane) {
      if (!is_kind(stretch)) continue;
      for (Nanos at = stretch.from; at < stretch.to;) {
        const auto bin = static_cast<std::size_t>(at / span);
        if (bin >= bins) break;
        const Nanos end = std::min(stretch.to, span * (static_cast<std::int64_t>(bin) + 1));
        times[bin] += (end - at).count();
        at = end;
      }
    }
  }
  return times;
}

// The median of those with something to show: moments with less than half the mean are the pauses.
std::size_t median_bin(const std::vector<std::int64_t>& bins) {
  double sum = 0;
  for (const std::int64_t bin : bins) sum += double(bin);
  const double least = sum / double(bins.size()) / 2;
  std::vector<std::size_t> busy;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    if (double(bins[i]) >= least) busy.push_back(i);
  }
  const auto middle = busy.begin() + static_cast<std::ptrdiff_t>(busy.size() / 2);
  std::nth_element(busy.begin(), middle, busy.end(),
                   [&](std::size_t a, std::size_t b) { return bins[a] != bins[b] ? bins[a] < bins[b] : a < b; });
  return *middle;
}

}  // namespace

TimeRange typical_moment(const Timeline& timeline, Nanos duration) {
  const bool contended = is_contended(timeline);
  const Nanos span = round_number(contended ? span_of_turns(timeline) : kWithoutTurns);
  const std::int64_t bins = duration / span;
  const bool any =
      std::any_of(timeline.lanes.begin(), timeline.lanes.end(), [](const Lane& lane) { return !lane.empty(); });
  if (!any || bins < 8 || bins > kMostBins || span < 8 * timeline.window) return {};
  const std::size_t bin =
      median_bin(spread(timeline, span, static_cast<std::size_t>(bins), contended ? waits : proceeds));
  const Nanos from = span * static_cast<std::int64_t>(bin);
  return {.from = from, .to = from + span};
}

}  // namespace gilspy::html
