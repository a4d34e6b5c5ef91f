#include "timeline_builder.h"

#include <algorithm>
#include <utility>

namespace gilspy {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;

constexpr Nanos kFirstWindow = 16ms;
constexpr Nanos kLastWindow = 1h;
}  // namespace

void TimelineBuilder::add(ThreadIndex thread, const Stretch& stretch) {
  if (to_int(thread) >= timeline_.lanes.size()) timeline_.lanes.resize(to_int(thread) + 1);
  Lane& lane = timeline_.lanes[to_int(thread)];
  Stretch rest = stretch;
  rest.from -= origin_;
  rest.to -= origin_;
  auto gap = std::ranges::upper_bound(gaps_, rest.from, {}, &TimeRange::to);
  for (; gap != gaps_.end() && gap->from < rest.to; ++gap) {
    Stretch before = rest;
    before.to = gap->from;
    put(lane, before);
    put(lane, {std::max(rest.from, gap->from), std::min(rest.to, gap->to), kNoStack, Activity::kUnknown});
    rest.from = std::min(rest.to, gap->to);
  }
  put(lane, rest);
  if (stretches_ > most_ || next_to_coarsen_.has_value()) make_room();
}

void TimelineBuilder::put(Lane& lane, const Stretch& stretch) {
  const std::size_t before = lane.size();
  append(lane, stretch);
  stretches_ += lane.size() - before;
}

// A round goes through all lanes. Only where it does not free half of the room is the next one coarser: what has come
// since the last round is fine, however long the recording is.
void TimelineBuilder::make_room() {
  if (!next_to_coarsen_.has_value()) {
    if (is_too_fine_ && timeline_.window >= kLastWindow) {
      most_ = 2 * stretches_;
      is_too_fine_ = false;
      return;
    }
    timeline_.window = std::max((is_too_fine_ ? 2 : 1) * timeline_.window, kFirstWindow);
    next_to_coarsen_ = 0;
  }
  coarsen(timeline_.lanes[*next_to_coarsen_]);
  if (++*next_to_coarsen_ < timeline_.lanes.size()) return;
  next_to_coarsen_.reset();
  is_too_fine_ = stretches_ > most_ / 2;
}

void TimelineBuilder::coarsen(Lane& lane) {
  stretches_ -= lane.size();
  lane = coarsened(lane, timeline_.window);
  stretches_ += lane.size();
}

void TimelineBuilder::add(GilIndex gil, const Tenure& tenure) {
  if (to_int(gil) >= tenures_.size()) tenures_.resize(to_int(gil) + 1);
  Tenures& all = tenures_[to_int(gil)];
  all.most = std::max(all.most, most_tenures_);
  if (all.list.size() >= all.most) make_room(all);
  all.list.push_back(tenure);
  all.list.back().from -= origin_;
  all.list.back().to -= origin_;
}

// One window a time: the next sample must not come late. A window that does not save much is not worth the order that
// it costs: threads that live for one turn cannot be put together.
void TimelineBuilder::make_room(Tenures& tenures) {
  tenures.tried = std::max(tenures.tried, kFirstWindow);
  std::vector<Tenure> fewer = coarsened(tenures.list, tenures.tried);
  if (fewer.size() <= tenures.most / 2) {
    tenures.list = std::move(fewer);
    tenures.window = tenures.tried;
  } else if (tenures.tried < kLastWindow) {
    tenures.tried *= 2;
  } else {
    tenures.most *= 2;
    tenures.tried = tenures.window;
  }
}

void TimelineBuilder::add_context(ThreadIndex thread, Nanos from, Nanos to) {
  if (to - from < kLongContext) return;
  if (to_int(thread) >= timeline_.contexts.size()) timeline_.contexts.resize(to_int(thread) + 1);
  timeline_.contexts[to_int(thread)].push_back({from - origin_, to - origin_});
}

Timeline TimelineBuilder::finish() {
  if (timeline_.window > Nanos{0}) std::ranges::for_each(timeline_.lanes, [this](Lane& lane) { coarsen(lane); });
  for (Tenures& all : tenures_) {
    if (all.window > Nanos{0}) all.list = coarsened(all.list, all.window);
    timeline_.turns_window = std::max(timeline_.turns_window, all.window);
    timeline_.tenures.push_back(std::move(all.list));
  }
  return std::move(timeline_);
}

}  // namespace gilspy
