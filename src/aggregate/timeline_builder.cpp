#include "timeline_builder.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace gilspy {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;

constexpr Nanos kFirstWindow = 16ms;
constexpr Nanos kLastWindow = 1h;
constexpr Nanos kFirstShortest = 1ms;
constexpr std::size_t kMostTenures = 500'000;  // of one GIL

bool same_kind(const Stretch& a, const Stretch& b) { return a.activity == b.activity && a.stack == b.stack; }

void join_or_push(Lane& lane, const Stretch& stretch) {
  if (stretch.time() <= Nanos{0}) return;
  if (!lane.empty() && lane.back().to == stretch.from && same_kind(lane.back(), stretch)) {
    lane.back().to = stretch.to;
  } else {
    lane.push_back(stretch);
  }
}

// Writes a lane anew: what falls into one window becomes one stretch for each activity and stack, side by side.
class Coarsening {
 public:
  explicit Coarsening(Nanos window) : window_(window) {}

  void add(Stretch rest) {
    while (rest.time() > Nanos{0}) {
      const Nanos begin = rest.from - rest.from % window_;
      if (begin != begin_) close();
      begin_ = begin;
      Stretch piece = rest;
      piece.to = rest.to - rest.to % window_;
      if (begin == rest.from && piece.to > begin) {  // it has some windows for itself
        join_or_push(lane_, piece);
      } else {
        piece.to = std::min(rest.to, begin + window_);
        put(piece);
      }
      rest.from = piece.to;
    }
  }

  Lane take() {
    close();
    lane_.shrink_to_fit();
    return std::move(lane_);
  }

 private:
  void put(const Stretch& piece) {
    const std::uint64_t kind = (std::uint64_t{to_int(piece.stack)} << 8) | index_of(piece.activity);
    const auto [known, is_new] = places_.try_emplace(kind, parts_.size());
    if (is_new) {
      parts_.push_back(piece);
    } else {
      parts_[known->second].to += piece.time();
    }
  }

  void close() {
    Nanos at = parts_.empty() ? Nanos{0} : parts_.front().from;
    for (const Stretch& part : parts_) {
      join_or_push(lane_, {at, at + part.time(), part.stack, part.activity});
      at += part.time();
    }
    parts_.clear();
    places_.clear();
  }

  Nanos window_;
  Nanos begin_{-1};
  std::vector<Stretch> parts_;
  std::unordered_map<std::uint64_t, std::size_t> places_;  // in parts_
  Lane lane_;
};

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
  auto gap = std::ranges::upper_bound(gaps_, rest.from, {}, &Gap::to);
  for (; gap != gaps_.end() && gap->from < rest.to; ++gap) {
    append(lane, {rest.from, gap->from, stack, activity});
    append(lane, {std::max(rest.from, gap->from), std::min(rest.to, gap->to), kNoStack, Activity::kUnknown});
    rest.from = std::min(rest.to, gap->to);
  }
  append(lane, rest);
  if (stretches_ > most_) make_room();
}

void TimelineBuilder::append(Lane& lane, const Stretch& stretch) {
  const std::size_t before = lane.size();
  join_or_push(lane, stretch);
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
  Coarsening coarsening(timeline_.window);
  for (const Stretch& stretch : lane) coarsening.add(stretch);
  lane = coarsening.take();
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

Timeline TimelineBuilder::finish() {
  if (timeline_.window > Nanos{0}) std::ranges::for_each(timeline_.lanes, [this](Lane& lane) { coarsen(lane); });
  for (Tenures& all : tenures_) timeline_.tenures.push_back(std::move(all.list));
  return std::move(timeline_);
}

}  // namespace gilspy
