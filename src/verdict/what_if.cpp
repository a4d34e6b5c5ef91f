#include "what_if.h"

#include <fmt/format.h>

#include <algorithm>

#include "culprits.h"
#include "gilspy/wording.h"
#include "rules.h"

namespace gilspy::verdict {
namespace {

// Moments shorter than this shift: work that waits at one of them can be done at the next.
constexpr Nanos kMoment = std::chrono::milliseconds(100);
// Of a thread that lived for less, too little was seen to judge it alone.
constexpr Nanos kBrief = std::chrono::milliseconds(250);

double seconds(Nanos time) { return std::chrono::duration<double>(time).count(); }

bool makes_progress(Activity activity) { return holds(activity) || activity == Activity::kRunsWithoutGil; }

// Thread-time of one kind of threads, or of one moment.
struct Times {
  double alive = 0, progress = 0, waiting = 0;

  void add(const Times& more) {
    alive += more.alive;
    progress += more.progress;
    waiting += more.waiting;
  }
  void add(Activity activity, double time) {
    alive += time;
    if (makes_progress(activity)) progress += time;
    if (activity == Activity::kWaitsForGil) waiting += time;
  }
  // Its work if it had not waited: as much more as the time that it had for it.
  double work_without_waiting(double spared = 1) const {
    const double left = alive - waiting * spared;
    return left > 0 ? progress * alive / left : progress;
  }
};

Times times_of(const ThreadProfile& thread) {
  Times times;
  for (const Activity activity : kActivities) times.add(activity, seconds(thread.times[index_of(activity)]));
  return times;
}

// The threads as their waiting goes: each for itself, all brief ones together.
std::vector<Times> workers(const Profile& profile) {
  std::vector<Times> found;
  Times brief;
  for (const ThreadProfile& thread : profile.threads) {
    if (!thread.info.python) continue;
    const Times times = times_of(thread);
    if (times.alive < seconds(kBrief)) {
      brief.add(times);
    } else if (times.progress > 0) {
      found.push_back(times);
    }
  }
  if (brief.progress > 0) found.push_back(brief);
  return found;
}

// `spared`: the part of the waiting that would not be.
double gain_of_threads(const Profile& profile, double spared) {
  double work = 0, without_waiting = 0;
  for (const Times& times : workers(profile)) {
    work += times.progress;
    without_waiting += times.work_without_waiting(spared);
  }
  return work > 0 ? without_waiting / work : 1;
}

double gain_of_longest(const Profile& profile) {
  double longest = 0;
  for (const ThreadProfile& thread : profile.threads) {
    if (thread.info.python) longest = std::max(longest, times_of(thread).progress);
  }
  return longest > 0 ? seconds(profile.sampled()) / longest : 1;
}

std::vector<Times> moments(const Timeline& timeline, Nanos duration, Nanos moment) {
  std::vector<Times> found(static_cast<std::size_t>(duration / moment) + 1);
  for (const Lane& lane : timeline.lanes) {
    for (const Stretch& stretch : lane) {
      const Nanos end = std::min(stretch.to, duration);
      for (Nanos at = std::max(stretch.from, Nanos{0}); at < end;) {
        const auto index = at / moment;
        const Nanos next = std::min(end, (index + 1) * moment);
        found[static_cast<std::size_t>(index)].add(stretch.activity, seconds(next - at));
        at = next;
      }
    }
  }
  return found;
}

// The same, moment by moment: how much shorter each could have been.
double gain_by_moments(const Profile& profile, double cpus) {
  const Nanos moment = std::max(kMoment, profile.timeline.window);
  if (profile.timeline.lanes.empty() || profile.duration < 2 * moment) return cpus;
  double took = 0, would_take = 0;
  for (const Times& times : moments(profile.timeline, profile.duration, moment)) {
    const double room = cpus * seconds(moment);
    const double work = std::min(times.progress, room);
    if (work <= 0) continue;
    const double could = std::min(room, times.progress + times.waiting);
    took += 1;
    would_take += std::min(1.0, work / could);
  }
  return would_take > 0 ? took / would_take : cpus;
}

double bounded(double factor, const Numbers& n) { return std::clamp(factor, 1.0, std::max(1.0, n.cpus_available)); }

// Where that function runs, everybody else may: others wait for the rest of the holding only, which stays one at a
// time.
double if_released(const Profile& profile, const Numbers& n, const Culprit& culprit) {
  Nanos held_by_others{0};
  for (const StackTime& row : profile.stacks) {
    if (!holds(row.activity)) continue;
    const wording::Work work = wording::work_of(profile.table, row.stack, profile.target);
    if (work.function != culprit.function) held_by_others += row.time;
  }
  double factor = std::min(without_gil(profile, n), gain_of_threads(profile, culprit.share));
  if (held_by_others > Nanos{0} && n.gils_held <= 1) {
    factor = std::min(factor, seconds(profile.sampled()) / seconds(held_by_others));
  }
  return bounded(factor, n);
}

std::vector<std::string> assumptions(const Numbers& n) {
  return {
      fmt::format("Threads that waited for the GIL would run at once, on {}; so far {} threads at a time got on with "
                  "their work.",
                  wording::cpu_count(n.cpus_available), wording::cpus(carried(n))),
      "Nothing else becomes the limit: locks, memory, I/O, other processes.",
      "With processes: the work can be split, and little goes back and forth between them.",
  };
}

constexpr std::string_view kSingleThreadPrice =
    "Not counted: a free-threaded build runs each thread slower, by 1.57 in one 3.13t built without PGO.";

}  // namespace

double gain_on_cpus(const Numbers& n) {
  const double work = carried(n);
  return work > 0 ? bounded(std::min(n.cpus_available, n.demand()) / work, n) : 1;
}

double without_gil(const Profile& profile, const Numbers& n) {
  const double by_cpus = std::min(gain_on_cpus(n), gain_by_moments(profile, std::max(1.0, n.cpus_available)));
  const double by_threads = std::min(by_cpus, gain_of_threads(profile, 1));
  // Not beside a hog: there the others would get much more done meanwhile than its own work is long.
  return bounded(is_hogged(n) ? by_threads : std::min(by_threads, gain_of_longest(profile)), n);
}

WhatIf what_if(const Profile& profile, const Numbers& n, const std::vector<Culprit>& culprits) {
  WhatIf found;
  found.cpus = n.cpus_available;
  if (is_insufficient_data(n) || is_idle(n)) return found;
  found.known = true;
  found.without_gil = without_gil(profile, n);
  found.with_processes = found.without_gil;
  if (!n.gil_enabled || n.waiting < kNotableWaiters) return found;
  if (!culprits.empty()) {
    const Culprit& top = culprits.front();
    found.if_released = {work_of(top), if_released(profile, n, top)};
  }
  found.assumptions = assumptions(n);
  if (!n.free_threaded && found.without_gil > 1) found.single_thread_price = kSingleThreadPrice;
  return found;
}

}  // namespace gilspy::verdict
