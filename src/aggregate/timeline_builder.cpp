#include "timeline_builder.h"

#include <algorithm>
#include <utility>

namespace gilspy {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;

constexpr Nanos kFirstWindow = 16ms;
constexpr Nanos kLastWindow = 1h;
constexpr Nanos kFirstShortest = 1ms;
constexpr std::size_t kMostTenures = 500'000;  // of one GIL

// What is too short to be told becomes part of the number of unseen changes.
void thin_out(std::vector<Tenure>& tenures, Nanos shortest) {
  std::vector<Tenure> kept;
  std::uint32_t unseen = 0;
  for (Tenure& tenure : tenures) {
    if (tenure.to - tenure.from < shortest) {
      unseen += tenure.unseen + 1;
      continue;
    }
    tenure.unseen += std::exchange(unseen, 0U);
    kept.push_back(tenure);
  }
  tenures = std::move(kept);
}

}  // namespace

void TimelineBuilder::add(ThreadIndex thread, Nanos from, Nanos to, Activity activity, StackId stack) {
  if (to_int(thread) >= timeline_.lanes.size()) timeline_.lanes.resize(to_int(thread) + 1);
  Lane& lane = timeline_.lanes[to_int(thread)];
  Stretch rest{from - origin_, to - origin_, stack, activity};
  auto gap = std::ranges::upper_bound(gaps_, rest.from, {}, &TimeRange::to);
  for (; gap != gaps_.end() && gap->from < rest.to; ++gap) {
    put(lane, {rest.from, gap->from, stack, activity});
    put(lane, {std::max(rest.from, gap->from), std::min(rest.to, gap->to), kNoStack, Activity::kUnknown});
    rest.from = std::min(rest.to, gap->to);
  }
  put(lane, rest);
  if (stretches_ > most_) make_room();
}

void TimelineBuilder::put(Lane& lane, const Stretch& stretch) {
  const std::size_t before = lane.size();
  append(lane, stretch);
  stretches_ += lane.size() - before;
}

void TimelineBuilder::make_room() {
  if (!next_to_coarsen_.has_value()) {
    if (timeline_.window >= kLastWindow) {
      most_ = 2 * stretches_;
      return;
    }
    timeline_.window = std::max(2 * timeline_.window, kFirstWindow);
    next_to_coarsen_ = 0;
  }
  coarsen(timeline_.lanes[*next_to_coarsen_]);
  if (++*next_to_coarsen_ == timeline_.lanes.size()) next_to_coarsen_.reset();
}

void TimelineBuilder::coarsen(Lane& lane) {
  stretches_ -= lane.size();
  lane = coarsened(lane, timeline_.window);
  stretches_ += lane.size();
}

void TimelineBuilder::add(GilIndex gil, const Tenure& tenure) {
  if (to_int(gil) >= tenures_.size()) tenures_.resize(to_int(gil) + 1);
  Tenures& all = tenures_[to_int(gil)];
  if (all.list.size() >= kMostTenures) {
    all.shortest = std::max(2 * all.shortest, kFirstShortest);
    thin_out(all.list, all.shortest);
  }
  all.list.push_back(tenure);
  all.list.back().from -= origin_;
  all.list.back().to -= origin_;
}

void TimelineBuilder::add_context(ThreadIndex thread, Nanos from, Nanos to) {
  if (to - from < kLongContext) return;
  if (to_int(thread) >= timeline_.contexts.size()) timeline_.contexts.resize(to_int(thread) + 1);
  timeline_.contexts[to_int(thread)].push_back({from - origin_, to - origin_});
}

Timeline TimelineBuilder::finish() {
  if (timeline_.window > Nanos{0}) std::ranges::for_each(timeline_.lanes, [this](Lane& lane) { coarsen(lane); });
  for (Tenures& all : tenures_) timeline_.tenures.push_back(std::move(all.list));
  return std::move(timeline_);
}

}  // namespace gilspy
