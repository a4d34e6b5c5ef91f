// Profiles with a timeline, without a process: what threads do is played, and the profile's sums are counted from it.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/unit/sample_profile.h"

namespace gilspy {

// Stretches in, a whole profile out. Every thread's stretches are given in order.
class Scenario {
 public:
  explicit Scenario(double seconds) : builder_(seconds) {}

  ThreadIndex thread(std::string name, GilIndex gil = GilIndex{0}) {
    const ThreadIndex thread = builder_.thread(std::move(name));
    ThreadInfo& info = builder_.profile().threads[to_int(thread)].info;
    info.gil = gil;
    info.interpreter_id = to_int(gil);
    lanes().emplace_back();
    return thread;
  }

  void another_gil() {
    Profile& profile = builder_.profile();
    GilProfile gil = profile.gils.front();
    gil.index = GilIndex(profile.gils.size());
    gil.interpreters = {static_cast<std::int64_t>(profile.gils.size())};
    profile.gils.push_back(gil);
  }

  StackId stack(const std::vector<Frame>& frames) { return builder_.stack(frames); }

  void add(ThreadIndex thread, Activity activity, Nanos from, Nanos to, StackId stack = kNoStack) {
    Lane& lane = lanes()[to_int(thread)];
    if (!lane.empty() && lane.back().to == from && lane.back().activity == activity && lane.back().stack == stack) {
      lane.back().to = to;
    } else {
      lane.push_back({.from = from, .to = to, .stack = stack, .activity = activity});
    }
  }

  Profile finish(double cpus) {
    count_times();
    count_blame();
    Profile& profile = builder_.profile();
    profile.cpu_time = Nanos(static_cast<std::int64_t>(double(profile.duration.count()) * cpus));
    for (Nanos at{0}; at < profile.duration; at += std::chrono::milliseconds(100)) {
      const Nanos end = std::min<Nanos>(at + std::chrono::milliseconds(100), profile.duration);
      profile.timeline.cpus.push_back({.from = at, .to = end, .cpus = cpus});
    }
    profile.self = {.cpu = profile.duration / 90, .peak_rss_bytes = 9 << 20};
    return std::move(profile);
  }

  Profile& profile() { return builder_.profile(); }

 private:
  std::vector<Lane>& lanes() { return builder_.profile().timeline.lanes; }

  void count_times() {
    Profile& profile = builder_.profile();
    std::map<std::tuple<ThreadIndex, StackId, Activity>, Nanos> rows;
    for (std::size_t i = 0; i < lanes().size(); ++i) {
      GilProfile& gil = profile.gils[to_int(profile.threads[i].info.gil)];
      for (const Stretch& stretch : lanes()[i]) {
        profile.threads[i].times[index_of(stretch.activity)] += stretch.time();
        rows[{ThreadIndex(i), stretch.stack, stretch.activity}] += stretch.time();
        if (holds(stretch.activity)) gil.held += stretch.time();
        if (stretch.activity == Activity::kWaitsForGil) {
          gil.mean_waiters += double(stretch.time().count()) / double(profile.duration.count());
        }
      }
    }
    for (const auto& [key, time] : rows) {
      profile.stacks.push_back(
          {.thread = std::get<0>(key), .stack = std::get<1>(key), .activity = std::get<2>(key), .time = time});
    }
  }

  struct Held {
    Nanos from{0};
    Nanos to{0};
    ThreadIndex thread{};
    StackId stack = kNoStack;
  };

  // In the order of time; the tenures are made of them.
  std::vector<Held> holdings(std::size_t gil) {
    Profile& profile = builder_.profile();
    std::vector<Held> held;
    for (std::size_t i = 0; i < lanes().size(); ++i) {
      if (to_int(profile.threads[i].info.gil) != gil) continue;
      for (const Stretch& stretch : lanes()[i]) {
        if (holds(stretch.activity)) held.push_back({stretch.from, stretch.to, ThreadIndex(i), stretch.stack});
      }
    }
    std::sort(held.begin(), held.end(), [](const Held& a, const Held& b) { return a.from < b.from; });
    return held;
  }

  void count_blame() {
    Profile& profile = builder_.profile();
    profile.timeline.tenures.resize(profile.gils.size());
    for (std::size_t gil = 0; gil < profile.gils.size(); ++gil) {
      const std::vector<Held> held = holdings(gil);
      std::vector<Tenure>& tenures = profile.timeline.tenures[gil];
      for (const Held& piece : held) {
        if (!tenures.empty() && tenures.back().holder == piece.thread && tenures.back().to == piece.from) {
          tenures.back().to = piece.to;
        } else {
          tenures.push_back({.holder = piece.thread, .from = piece.from, .to = piece.to});
        }
      }
      profile.gils[gil].handoffs = tenures.size();
      for (std::size_t i = 0; i < lanes().size(); ++i) {
        if (to_int(profile.threads[i].info.gil) == gil) blame_for(lanes()[i], held);
      }
    }
  }

  void blame_for(const Lane& lane, const std::vector<Held>& held) {
    std::map<std::tuple<ThreadIndex, StackId, StackId>, Nanos> rows;
    for (const Stretch& wait : lane) {
      if (wait.activity != Activity::kWaitsForGil) continue;
      Nanos nobody = wait.time();
      auto piece = std::partition_point(held.begin(), held.end(), [&](const Held& h) { return h.to <= wait.from; });
      for (; piece != held.end() && piece->from < wait.to; ++piece) {
        const Nanos time = std::min(piece->to, wait.to) - std::max(piece->from, wait.from);
        rows[{piece->thread, piece->stack, wait.stack}] += time;
        nobody -= time;
      }
      if (nobody > Nanos{0}) rows[{Blame::kNobody, kNoStack, wait.stack}] += nobody;
    }
    for (const auto& [key, time] : rows) {
      builder_.profile().blame.push_back({.holder = std::get<0>(key),
                                          .holder_stack = std::get<1>(key),
                                          .waiter_stack = std::get<2>(key),
                                          .time = time});
    }
  }

  ProfileBuilder builder_;
};

// Numbers that look like chance and are the same everywhere.
class Chance {
 public:
  std::uint64_t below(std::uint64_t bound) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return (state_ >> 33U) % bound;
  }
  Nanos between(Nanos least, Nanos most) {
    return least + Nanos(static_cast<std::int64_t>(below(static_cast<std::uint64_t>((most - least).count()) + 1)));
  }

 private:
  std::uint64_t state_ = 20260101;
};

inline std::vector<Frame> prime_frames(int line) {
  const std::string file = "/home/ann/lab/primes.py";
  return {{"Thread.run", "/usr/lib/python3.11/threading.py", 982, 975},
          {"count", file, 16, 14},
          {"is_prime", file, line, 4}};
}

// Threads that count primes: one holds the GIL for a switch interval, the others wait; a new line every millisecond.
inline Profile turns_timeline(int threads, double seconds) {
  using std::chrono::milliseconds;
  Scenario scenario(seconds);
  Chance chance;
  const Nanos end = ProfileBuilder::nanos(seconds);
  const ThreadIndex main_thread = scenario.thread("MainThread");
  scenario.add(main_thread, Activity::kBlocked, Nanos{0}, end,
               scenario.stack({{"<module>", "/home/ann/lab/primes.py", 31, 1},
                               {"Thread.join", "/usr/lib/python3.11/threading.py", 1119, 1080}}));
  std::vector<StackId> lines;
  for (const int line : {7, 8, 9}) lines.push_back(scenario.stack(prime_frames(line)));
  lines.push_back(scenario.stack({prime_frames(0)[0], prime_frames(0)[1]}));
  std::vector<ThreadIndex> workers;
  std::vector<StackId> last;
  for (int i = 1; i <= threads; ++i) {
    workers.push_back(scenario.thread("worker-" + std::to_string(i)));
    last.push_back(lines[chance.below(lines.size())]);
  }
  std::size_t holder = 0;
  for (Nanos at{0}; at < end;) {
    const Nanos until = std::min(end, at + chance.between(milliseconds(5), std::chrono::microseconds(5400)));
    const Nanos taken = std::min(until, at + std::chrono::microseconds(40));
    for (std::size_t i = 0; i < workers.size(); ++i) {
      if (i != holder) {
        scenario.add(workers[i], Activity::kWaitsForGil, at, until, last[i]);
        continue;
      }
      scenario.add(workers[i], Activity::kWaitsForGil, at, taken, last[i]);
      for (Nanos tick = taken; tick < until;) {
        const Nanos next =
            std::min(until, tick + chance.between(std::chrono::microseconds(960), std::chrono::microseconds(1040)));
        last[i] = lines[chance.below(lines.size())];
        scenario.add(workers[i], Activity::kHoldsGil, tick, next, last[i]);
        tick = next;
      }
    }
    holder = (holder + 1 + chance.below(workers.size() - 1)) % workers.size();
    at = until;
  }
  return scenario.finish(1.0);
}

// Threads that hash: native code lets go of the GIL, all run side by side.
inline Profile parallel_timeline(int threads, double seconds) {
  Scenario scenario(seconds);
  Chance chance;
  const Nanos end = ProfileBuilder::nanos(seconds);
  const StackId digest =
      scenario.stack({{"work", "/home/ann/lab/hashing.py", 12, 10}, {"digest", "/home/ann/lab/hashing.py", 7, 5}});
  std::vector<ThreadIndex> workers;
  for (int i = 0; i < threads; ++i) workers.push_back(scenario.thread("hasher-" + std::to_string(i)));
  for (int i = 0; i < threads; ++i) {
    for (Nanos at{0}; at < end;) {
      const Nanos until =
          std::min(end, at + chance.between(std::chrono::milliseconds(20), std::chrono::milliseconds(40)));
      scenario.add(workers[static_cast<std::size_t>(i)], Activity::kRunsWithoutGil, at, until, digest);
      at = std::min(end, until + std::chrono::milliseconds(1));
      if (at > until) scenario.add(workers[static_cast<std::size_t>(i)], Activity::kBlocked, until, at, digest);
    }
  }
  return scenario.finish(1.95);
}

// A thread a request, a thousand times; two at a time compete.
inline Profile churn_timeline(int requests) {
  using std::chrono::milliseconds;
  const double seconds = requests * 0.004;
  Scenario scenario(seconds + 0.1);
  const StackId handle = scenario.stack({{"process_request_thread", "/usr/lib/python3.11/socketserver.py", 691, 688},
                                         {"handle", "/srv/app/server.py", 12, 9}});
  const ThreadIndex main_thread = scenario.thread("MainThread");
  scenario.add(main_thread, Activity::kBlocked, Nanos{0}, ProfileBuilder::nanos(seconds), handle);
  for (int i = 0; i < requests; ++i) {
    const ThreadIndex thread = scenario.thread("Thread-" + std::to_string(i + 1) + " (process_request_thread)");
    const Nanos from = milliseconds(4) * i;
    scenario.add(thread, Activity::kWaitsForGil, from, from + milliseconds(4), handle);
    scenario.add(thread, Activity::kHoldsGil, from + milliseconds(4), from + milliseconds(8), handle);
    scenario.add(thread, Activity::kBlocked, from + milliseconds(8), from + milliseconds(9), handle);
  }
  return scenario.finish(0.9);
}

// Interpreters 0 and 1 share a GIL, for which their threads take turns; interpreter 2 has its own, and its thread was
// in interpreter 0 before. GILs are met with the youngest interpreter first.
inline Profile interpreters_timeline() {
  using std::chrono::milliseconds;
  Scenario scenario(1.0);
  scenario.another_gil();
  std::vector<GilProfile>& gils = scenario.profile().gils;
  gils[0].interpreters = {2};
  gils[1].interpreters = {1, 0};
  const GilIndex own{0}, shared{1};
  const ThreadIndex zero = scenario.thread("zero", shared), one = scenario.thread("one", shared);
  const ThreadIndex home = scenario.thread("two", shared), two = scenario.thread("two", own);
  std::vector<ThreadProfile>& threads = scenario.profile().threads;
  threads[to_int(zero)].info.interpreter_id = threads[to_int(home)].info.interpreter_id = 0;
  threads[to_int(one)].info.interpreter_id = 1;
  threads[to_int(two)].info.interpreter_id = 2;
  threads[to_int(two)].info.tid = threads[to_int(home)].info.tid;
  const StackId spin = scenario.stack({{"spin", "/tmp/spin.py", 3, 1}});
  for (Nanos at{0}; at < milliseconds(1000); at += milliseconds(50)) {
    const bool first = at.count() / Nanos(milliseconds(50)).count() % 2 == 0;
    scenario.add(zero, first ? Activity::kHoldsGil : Activity::kWaitsForGil, at, at + milliseconds(50), spin);
    scenario.add(one, first ? Activity::kWaitsForGil : Activity::kHoldsGil, at, at + milliseconds(50), spin);
  }
  scenario.add(home, Activity::kBlocked, Nanos{0}, milliseconds(200), spin);
  scenario.add(two, Activity::kHoldsGil, milliseconds(200), milliseconds(1000), spin);
  scenario.profile().target.executable = "/proc/self/exe";
  return scenario.finish(1.8);
}

// All that names can do to a page, those of locks too; two interpreters with GILs of their own.
inline Profile hostile_timeline() {
  using std::chrono::milliseconds;
  Scenario scenario(1.0);
  scenario.another_gil();
  const std::vector<std::string> names = {"</script><script>fetch('//x')</script>",
                                          "<img src=x onerror=alert(1)>",
                                          "a&amp;\"quoted' `${1}`",
                                          "line\nbreak\ttab\x01",
                                          "\xE2\x80\xAErtl \xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D",
                                          "not utf-8 \xff\xfe",
                                          "<!--<script>",
                                          "__proto__"};
  int i = 0;
  for (const std::string& name : names) {
    const ThreadIndex thread = scenario.thread(name, GilIndex(static_cast<std::uint32_t>(i % 2)));
    const StackId stack = scenario.stack({{name, "/tmp/" + name + ".py", 3, 1}, {"f;" + name, "/tmp/x.py", 5, 4}});
    const Nanos turn = milliseconds(100) * (i / 2);
    if (i > 1) scenario.add(thread, Activity::kWaitsForGil, Nanos{0}, turn, stack);
    scenario.add(thread, Activity::kHoldsGil, turn, turn + milliseconds(100), stack);
    for (int kind = 1; kind < static_cast<int>(kActivityCount); ++kind) {
      if (kActivities[static_cast<std::size_t>(kind)] == Activity::kHoldsGilOffCpu) continue;
      const Nanos at = turn + milliseconds(100 + 40 * kind);
      scenario.add(thread, kActivities[static_cast<std::size_t>(kind)], at, at + milliseconds(40), stack);
    }
    ++i;
  }
  Profile profile = scenario.finish(0.7);
  LockProfile lock;
  lock.info = {LockIndex{0}, LockKind::kLock, RemoteAddr{0x7000}, "</td>", "self.<b>lock</b>", "</script> (x.py:1)"};
  for (Lane& lane : profile.timeline.lanes) {
    for (Stretch& stretch : lane) {
      if (stretch.activity != Activity::kWaitsForLock) continue;
      stretch.lock = 1;
      lock.waited += stretch.time();
    }
  }
  lock.observed = profile.duration;
  profile.locks = {lock};
  profile.target.command = {"python", "<b>&.py", "--x=\"1\"", "</title>"};
  profile.end_note = "<i>the process</i> ended";
  return profile;
}

}  // namespace gilspy
