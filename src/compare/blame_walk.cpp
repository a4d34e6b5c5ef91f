#include "blame_walk.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace gilspy::compare {
namespace {

bool matters(const Stretch& stretch) { return stretch.activity == Activity::kWaitsForGil || holds(stretch.activity); }

// One end of a stretch.
struct Event {
  Nanos at{0};
  bool begins = false;
  StackId stack = kNoStack;
  bool waits = false;
};

class Sweep {
 public:
  explicit Sweep(const BlameVisitor& visit) : visit_(visit) {}

  void take(const Event& event) {
    if (event.at > at_ && waiters_ > 0) {
      // More than one: where a hand-off fell between two readings.
      for (const StackId holder : holders_) visit_(at_, event.at, holder, waiters_ / double(holders_.size()));
    }
    at_ = event.at;
    if (event.waits) {
      waiters_ += event.begins ? 1 : -1;
    } else if (event.begins) {
      holders_.push_back(event.stack);
    } else if (const auto ended = std::ranges::find(holders_, event.stack); ended != holders_.end()) {
      holders_.erase(ended);
    }
  }

 private:
  const BlameVisitor& visit_;
  Nanos at_{0};
  double waiters_ = 0;
  std::vector<StackId> holders_;
};

using Lanes = std::vector<const Lane*>;

void walk_as_sampled(const Lanes& lanes, const BlameVisitor& visit) {
  std::vector<Event> events;
  for (const Lane* lane : lanes) {
    for (const Stretch& stretch : *lane) {
      if (!matters(stretch)) continue;
      const bool waits = stretch.activity == Activity::kWaitsForGil;
      events.push_back({stretch.from, true, stretch.stack, waits});
      events.push_back({stretch.to, false, stretch.stack, waits});
    }
  }
  const auto earlier = [](const Event& a, const Event& b) { return a.at < b.at; };
  std::stable_sort(events.begin(), events.end(), earlier);
  Sweep sweep(visit);
  for (const Event& event : events) sweep.take(event);
}

struct Window {
  std::map<StackId, Nanos> held;
  Nanos all_held{0};
  Nanos waited{0};
};

void walk_windows(const Lanes& lanes, Nanos length, const BlameVisitor& visit) {
  std::map<Nanos::rep, Window> windows;
  for (const Lane* lane : lanes) {
    for (const Stretch& stretch : *lane) {
      if (!matters(stretch)) continue;
      for (Nanos at = stretch.from; at < stretch.to;) {
        const Nanos::rep number = at / length;
        const Nanos end = std::min(stretch.to, (number + 1) * length);
        Window& window = windows[number];
        if (stretch.activity == Activity::kWaitsForGil) {
          window.waited += end - at;
        } else {
          window.held[stretch.stack] += end - at;
          window.all_held += end - at;
        }
        at = end;
      }
    }
  }
  for (const auto& [number, window] : windows) {
    const double waiters = double(window.waited.count()) / double(length.count());
    for (const auto& [stack, time] : window.held) {
      const double share = double(time.count()) / double(window.all_held.count());
      visit(number * length, (number + 1) * length, stack, waiters * share);
    }
  }
}

}  // namespace

void walk_blame(const Profile& profile, const BlameVisitor& visit) {
  const Timeline& timeline = profile.timeline;
  std::map<std::uint32_t, Lanes> by_gil;
  for (std::size_t i = 0; i < std::min(timeline.lanes.size(), profile.threads.size()); ++i) {
    by_gil[to_int(profile.threads[i].info.gil)].push_back(&timeline.lanes[i]);
  }
  for (const auto& [gil, lanes] : by_gil) {
    if (timeline.window > Nanos{0}) {
      constexpr Nanos::rep kMostWindows = 1'000'000;  // recordings can claim to have lasted for centuries
      walk_windows(lanes, std::max(timeline.window, profile.duration / kMostWindows), visit);
    } else {
      walk_as_sampled(lanes, visit);
    }
  }
}

}  // namespace gilspy::compare
