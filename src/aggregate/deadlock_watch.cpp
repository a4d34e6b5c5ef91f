#include "deadlock_watch.h"

#include <algorithm>

#include "gilspy/cycles.h"

namespace gilspy {
namespace {

using std::chrono_literals::operator""ms;

constexpr Nanos kBetweenLooks = 20ms;
// What an owner is known by can be older than who waits for it: a circle of this moment may never have been one.
constexpr Nanos kShortest = 200ms;
constexpr std::size_t kMost = 100;

}  // namespace

void DeadlockWatch::look(Nanos now, const std::map<ThreadIndex, Wait>& waits) {
  due_ = now + kBetweenLooks;
  std::map<ThreadIndex, ThreadIndex> waits_for;
  for (const auto& [thread, wait] : waits) waits_for.emplace(thread, wait.owner);
  for (const std::vector<ThreadIndex>& circle : cycles_in(waits_for)) {
    Deadlock deadlock;
    deadlock.time.to = now;
    deadlock.lasts = true;
    for (const ThreadIndex thread : circle) {
      const Wait& wait = waits.at(thread);
      deadlock.members.push_back({thread, number_of(wait.lock), wait.stack});
      deadlock.time.from = std::max(deadlock.time.from, wait.since);
      deadlock.lasts = deadlock.lasts && !wait.gives_up;
    }
    const auto known = met_.find({deadlock.time.from, circle});
    if (known != met_.end()) {
      known->second.time.to = now;
    } else if (deadlock.time.length() >= kShortest && met_.size() < kMost) {
      met_.emplace(std::pair(deadlock.time.from, circle), std::move(deadlock));
    }
  }
}

std::vector<Deadlock> DeadlockWatch::take(Nanos end) {
  std::vector<Deadlock> all;
  for (auto& [key, deadlock] : met_) {
    deadlock.lasts = deadlock.lasts && deadlock.time.to + 2 * kBetweenLooks >= end;
    all.push_back(std::move(deadlock));
  }
  met_.clear();
  return all;
}

}  // namespace gilspy
