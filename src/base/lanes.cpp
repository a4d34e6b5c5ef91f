#include <algorithm>
#include <unordered_map>
#include <utility>

#include "gilspy/timeline.h"

namespace gilspy {
namespace {

// Writes a lane anew, window by window.
class Coarsening {
 public:
  Coarsening(Nanos window, const TimeRange& spared) : length_(window), spared_(spared) {}

  void add(Stretch rest) {
    while (rest.time() > Nanos{0}) {
      const TimeRange window = window_at(rest.from);
      if (window.from != begin_) close();
      begin_ = window.from;
      Stretch piece = rest;
      piece.to = std::min(rest.to, window.to);
      if (spared_.contains(rest.from)) {
        append(lane_, piece);
      } else if (rest.from == window.from && rest.to >= window.to) {  // it has this window for itself, maybe more
        piece.to = end_of_own_windows(rest, window);
        append(lane_, piece);
      } else {
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
  TimeRange window_at(Nanos at) const {
    if (spared_.contains(at)) return spared_;
    TimeRange window{at - at % length_, at - at % length_ + length_};
    if (spared_.empty()) return window;
    if (spared_.to <= at) window.from = std::max(window.from, spared_.to);
    if (at < spared_.from) window.to = std::min(window.to, spared_.from);
    return window;
  }

  Nanos end_of_own_windows(const Stretch& stretch, const TimeRange& first) const {
    Nanos end = stretch.to - stretch.to % length_;
    if (!spared_.empty() && stretch.from < spared_.from) end = std::min(end, spared_.from);
    return std::max(end, first.to);
  }

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
      append(lane_, {at, at + part.time(), part.stack, part.activity});
      at += part.time();
    }
    parts_.clear();
    places_.clear();
  }

  Nanos length_;
  TimeRange spared_;
  Nanos begin_{-1};
  std::vector<Stretch> parts_;                             // of this window
  std::unordered_map<std::uint64_t, std::size_t> places_;  // in parts_
  Lane lane_;
};

}  // namespace

void append(Lane& lane, const Stretch& stretch) {
  if (stretch.time() <= Nanos{0}) return;
  Stretch* const last = lane.empty() ? nullptr : &lane.back();
  const bool goes_on =
      last != nullptr && last->to == stretch.from && last->stack == stretch.stack && last->activity == stretch.activity;
  if (goes_on) {
    last->to = stretch.to;
  } else {
    lane.push_back(stretch);
  }
}

Lane coarsened(const Lane& lane, Nanos window, const TimeRange& spared) {
  Coarsening coarsening(window, spared);
  for (const Stretch& stretch : lane) coarsening.add(stretch);
  return coarsening.take();
}

}  // namespace gilspy
