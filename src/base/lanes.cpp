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
    static_assert(kActivityCount <= 16 && kBlockedInCount <= 16);
    const std::uint64_t what = (static_cast<std::uint64_t>(piece.blocked_in) << 4) | index_of(piece.activity);
    const std::uint64_t kind = (std::uint64_t{to_int(piece.stack)} << 24) | (std::uint64_t{piece.lock} << 8) | what;
    const auto [known, is_new] = places_.try_emplace(kind, parts_.size());
    if (is_new) {
      parts_.push_back(piece);
    } else {
      parts_[known->second].to += piece.time();
    }
  }

  void close() {
    Nanos at = parts_.empty() ? Nanos{0} : parts_.front().from;
    for (Stretch& part : parts_) {
      part.to = at + part.time();
      part.from = at;
      append(lane_, part);
      at = part.to;
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

// The same for tenures.
class Turns {
 public:
  Turns(Nanos window, const TimeRange& spared) : length_(window), spared_(spared) {}

  void add(const Tenure& tenure) {
    if (tenure.from >= end_ || spared_.contains(tenure.from)) {
      close();
      end_ = end_of_window(tenure.from);
    }
    const auto [known, is_new] = places_.try_emplace(to_int(tenure.holder), parts_.size());
    if (is_new) return parts_.push_back(tenure);
    Tenure& part = parts_[known->second];
    part.to += tenure.to - tenure.from;
    part.unseen += tenure.unseen + 1;
  }

  std::vector<Tenure> take() {
    close();
    tenures_.shrink_to_fit();
    return std::move(tenures_);
  }

 private:
  // The spared range counts as a window of its own.
  Nanos end_of_window(Nanos at) const {
    const Nanos end = (at / length_ + 1) * length_;
    if (spared_.empty() || at >= spared_.to || end <= spared_.from) return end;
    return at < spared_.from ? spared_.from : spared_.to;
  }

  // Those behind one that has grown move on.
  void close() {
    Nanos at{0};
    for (Tenure& part : parts_) {
      const Nanos length = part.to - part.from;
      part.from = std::max(part.from, at);
      at = part.to = part.from + length;
    }
    tenures_.insert(tenures_.end(), parts_.begin(), parts_.end());
    parts_.clear();
    places_.clear();
  }

  Nanos length_;
  TimeRange spared_;
  Nanos end_{-1};
  std::vector<Tenure> parts_;                              // of this window
  std::unordered_map<std::uint32_t, std::size_t> places_;  // in parts_, by holder
  std::vector<Tenure> tenures_;
};

}  // namespace

void append(Lane& lane, const Stretch& stretch) {
  if (stretch.time() <= Nanos{0}) return;
  Stretch* const last = lane.empty() ? nullptr : &lane.back();
  if (last != nullptr && last->to == stretch.from && last->same_but_time(stretch)) {
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

std::vector<Tenure> coarsened(const std::vector<Tenure>& tenures, Nanos window, const TimeRange& spared) {
  Turns turns(window, spared);
  for (const Tenure& tenure : tenures) turns.add(tenure);
  return turns.take();
}

}  // namespace gilspy
