#include "gilspy/margins.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

#include "gilspy/aggregate.h"
#include "gilspy/estimate.h"

namespace gilspy {
namespace {

using Blocks = std::vector<double>;  // nanoseconds in each block

// What none of n ticks saw takes, with a certainty of 95 %, no more than 3/n of the time ("rule of three").
constexpr double kUnseenTicks = 3;

double sum(const Blocks& blocks) { return std::accumulate(blocks.begin(), blocks.end(), 0.0); }

// Of the ratio of two sums of blocks, by linearisation.
double margin_of_ratio(Blocks part, const Blocks& whole) {
  const double all = sum(whole);
  if (all <= 0) return 0;
  part.resize(whole.size());
  const double ratio = sum(part) / all;
  const double mean = all / double(whole.size());
  for (std::size_t i = 0; i < part.size(); ++i) part[i] = (part[i] - ratio * whole[i]) / mean;
  return half_width(estimate(part), kMarginMissedWith);
}

TimeRange life_of(const Lane& lane) {
  return lane.empty() ? TimeRange{} : TimeRange{lane.front().from, lane.back().to};
}

std::optional<ShareMargins> margins_of(const Lane& lane, Nanos window, Nanos tick) {
  const TimeRange life = life_of(lane);
  const std::size_t count = block_count(life.length(), window, kFewestMarginBlocks, kShortestMarginBlock);
  if (count == 0) return std::nullopt;
  const BlockCut cut(life, count);
  std::array<Blocks, kActivityCount> blocks;
  Blocks seen;
  for (const Stretch& stretch : lane) {
    cut.add(blocks[index_of(stretch.activity)], stretch.from, stretch.to);
    cut.add(seen, stretch.from, stretch.to);
  }
  const double least = std::min(1.0, kUnseenTicks * double(tick.count()) / std::max(1.0, sum(seen)));
  ShareMargins margins;
  for (const Share share : kShares) {
    Blocks part(count);
    for (const Activity activity : kActivities) {
      const Blocks& more = blocks[index_of(activity)];
      if (!counts(share, activity) || more.empty()) continue;
      std::ranges::transform(part, more, part.begin(), std::plus());
    }
    margins.of[static_cast<std::size_t>(share)] =
        static_cast<float>(std::clamp(margin_of_ratio(std::move(part), seen), least, 1.0));
  }
  return margins;
}

// What all threads did, in blocks of the recording.
class Sums {
 public:
  Sums(const Profile& profile, std::size_t count)
      : profile_(profile), cut_({Nanos{0}, profile.duration}, count), held_(profile.gils.size()), waited_(held_) {
    cut_.add(time_, Nanos{0}, profile.duration);
    for (std::size_t i = 0; i < profile.timeline.lanes.size(); ++i) {
      if (i < profile.threads.size()) add(profile.timeline.lanes[i], to_int(profile.threads[i].info.gil));
    }
    for (const CpuUse& use : profile.timeline.cpus) {
      cut_.add(cpu_, use.from, use.to, use.cpus);
      cut_.add(cpu_known_, use.from, use.to);
    }
  }

  SumMargins margins() const {
    Blocks holding, waiting, demand = native_;
    for (const Blocks& held : held_) add(holding, held);
    for (const Blocks& waited : waited_) add(waiting, waited);
    add(demand, holding);
    add(demand, waiting);
    const double scale = scaled(profile_.sampled());
    return {margin(holding, scale), margin(waiting, scale), margin(native_, scale), margin(demand, scale),
            margin_of_ratio(cpu_, cpu_known_)};
  }

  GilMargins margins(const GilProfile& gil) const {
    const double scale = scaled(gil.observed);
    const std::size_t index = to_int(gil.index);
    return {std::min(1.0, margin(held_[index], scale)), margin(waited_[index], scale)};
  }

 private:
  static void add(Blocks& sums, const Blocks& more) {
    sums.resize(std::max(sums.size(), more.size()));
    std::ranges::transform(more, sums, sums.begin(), std::plus());
  }

  void add(const Lane& lane, std::size_t gil) {
    for (const Stretch& stretch : lane) {
      if (stretch.activity == Activity::kRunsWithoutGil) cut_.add(native_, stretch.from, stretch.to);
      if (gil >= held_.size()) continue;
      if (holds(stretch.activity)) cut_.add(held_[gil], stretch.from, stretch.to);
      if (stretch.activity == Activity::kWaitsForGil) cut_.add(waited_[gil], stretch.from, stretch.to);
    }
  }

  // Figures are of the time of which samples tell, blocks of all of it.
  double scaled(Nanos of) const { return of > Nanos{0} ? double(profile_.duration.count()) / double(of.count()) : 1; }

  double margin(const Blocks& part, double scale) const {
    const double least = kUnseenTicks / double(std::max<std::uint64_t>(profile_.quality.ticks, 1));
    return std::max(margin_of_ratio(part, time_) * scale, least);
  }

  const Profile& profile_;
  BlockCut cut_;
  std::vector<Blocks> held_;    // by GilIndex
  std::vector<Blocks> waited_;  // by GilIndex
  Blocks native_, cpu_, cpu_known_, time_;
};

}  // namespace

void measure_margins(Profile& profile) {
  const Timeline& timeline = profile.timeline;
  const std::size_t count = block_count(profile.duration, timeline.window, kFewestMarginBlocks, kShortestMarginBlock);
  if (count == 0 || timeline.lanes.empty()) return;
  const auto ticks = static_cast<Nanos::rep>(std::max<std::uint64_t>(profile.quality.ticks, 1));
  for (std::size_t i = 0; i < std::min(timeline.lanes.size(), profile.threads.size()); ++i) {
    profile.threads[i].margins = margins_of(timeline.lanes[i], timeline.window, profile.duration / ticks);
  }
  const Sums sums(profile, count);
  profile.margins = sums.margins();
  for (GilProfile& gil : profile.gils) gil.margins = sums.margins(gil);
}

}  // namespace gilspy
