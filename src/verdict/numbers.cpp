#include "numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "gilspy/estimate.h"
#include "gilspy/lock_blame.h"
#include "gilspy/wording.h"

namespace gilspy::verdict {
namespace {

// Below this share of the recording a thread merely woke up now and then.
constexpr double kNotableShare = 0.05;
constexpr double kAtWork = 0.1;  // of what the busiest process did: less, and it only handed out work

double ratio(Nanos part, Nanos whole) { return whole.count() > 0 ? double(part.count()) / double(whole.count()) : 0.0; }

Nanos time_in(const ThreadProfile& thread, Activity activity) { return thread.times[index_of(activity)]; }

Nanos held_by(const ThreadProfile& thread) {
  return time_in(thread, Activity::kHoldsGil) + time_in(thread, Activity::kHoldsGilOffCpu);
}

Nanos busy(const ThreadProfile& thread) {
  return held_by(thread) + time_in(thread, Activity::kWaitsForGil) + time_in(thread, Activity::kRunsWithoutGil);
}

Nanos seen(const ThreadProfile& thread) {
  Nanos sum{0};
  for (const Nanos time : thread.times) sum += time;
  return sum;
}

// Python threads among the rows that `counts` picks. A thread that visits other interpreters has a row for each of
// them, and none for those where it only has a state.
template <typename Counts>
std::uint64_t count_threads(const Profile& profile, Counts counts) {
  std::set<std::pair<std::int32_t, std::int64_t>> visits;
  std::set<std::int32_t> tids;
  std::uint64_t rows = 0;
  for (const ThreadProfile& thread : profile.threads) {
    if (!thread.info.python || seen(thread) == Nanos{0} || !counts(thread)) continue;
    ++rows;
    tids.insert(to_int(thread.info.tid));
    visits.insert({to_int(thread.info.tid), thread.info.interpreter_id});
  }
  return rows - (visits.size() - tids.size());
}

// Threads with a notable share of the recording; where short-lived threads had a good part of the work (a thread a
// request), those with a notable share of their own life.
std::uint64_t count_working(const Profile& profile) {
  const auto is_notable = [&](const ThreadProfile& thread) {
    return ratio(busy(thread), profile.sampled()) >= kNotableShare;
  };
  Nanos all{0}, by_notable{0};
  for (const ThreadProfile& thread : profile.threads) {
    if (!thread.info.python) continue;
    all += busy(thread);
    if (is_notable(thread)) by_notable += busy(thread);
  }
  if (by_notable * 4 >= all * 3) return count_threads(profile, is_notable);
  return count_threads(profile,
                       [](const ThreadProfile& thread) { return ratio(busy(thread), seen(thread)) >= kNotableShare; });
}

void add_threads(const Profile& profile, Numbers& numbers) {
  Nanos workers_seen{0}, workers_blocked{0};
  Nanos held{0}, waited{0}, native{0}, locked{0}, blocked{0}, all{0}, work{0}, top{0};
  for (const ThreadProfile& thread : profile.threads) {
    if (!thread.info.python) {
      native += thread.cpu > Nanos{0} ? thread.cpu : time_in(thread, Activity::kRunsWithoutGil);
      continue;
    }
    held += held_by(thread);
    waited += time_in(thread, Activity::kWaitsForGil);
    native += time_in(thread, Activity::kRunsWithoutGil);
    locked += time_in(thread, Activity::kWaitsForLock) + time_in(thread, Activity::kStopTheWorld);
    blocked += time_in(thread, Activity::kBlocked);
    all += seen(thread);
    work += busy(thread);
    top = std::max(top, busy(thread));
    if (ratio(busy(thread), profile.sampled()) < kNotableShare) continue;
    workers_seen += seen(thread);
    workers_blocked += time_in(thread, Activity::kBlocked) + time_in(thread, Activity::kWaitsForLock);
  }
  numbers.python_threads = count_threads(profile, [](const ThreadProfile&) { return true; });
  numbers.alive = ratio(all, profile.sampled());
  numbers.holding = ratio(held, profile.sampled());
  numbers.waiting = ratio(waited, profile.sampled());
  numbers.native = ratio(native, profile.sampled());
  numbers.for_locks = ratio(locked, profile.sampled());
  numbers.blocked_share = ratio(blocked + locked, all);
  numbers.workers_blocked = ratio(workers_blocked, workers_seen);
  numbers.unknown_share = profile.unknown_share();
  numbers.top_share = ratio(top, work);
}

// Holders that were ready and had no CPU: as far as that was seen, and what they held on a CPU, as it seemed, beyond
// the CPU time that the process had. (The kernel tells of a queue when it is left, which often is right before the GIL
// is.)
Nanos holders_queued(const Profile& profile) {
  Nanos holding{0}, held{0};
  for (const ThreadProfile& thread : profile.threads) holding += time_in(thread, Activity::kHoldsGil);
  for (const GilProfile& gil : profile.gils) held += gil.held;
  const bool is_known = profile.cpu_time > Nanos{0} && profile.pressure.queued > Nanos{0};
  const Nanos beyond = is_known ? std::min(holding - profile.cpu_time, profile.pressure.queued) : Nanos{0};
  // A queue that was told of when it was left may have begun before the recording.
  return std::min(profile.holders_queued + std::max(beyond, Nanos{0}), held);
}

// Where there are several interpreters in the process: waiting for one GIL has nothing to do with others.
void tell_gils_apart(const Profile& profile, Numbers& numbers) {
  if (profile.processes.size() > 1 || profile.gils.empty()) return;
  if (!profile.has_several_interpreters(profile.gils.front().process)) return;
  for (const GilProfile& gil : profile.gils) {
    if (gil.utilization() < kNotableShare && gil.mean_waiters < kNotableShare) continue;
    OneGil& one = numbers.gils.emplace_back();
    one.name = wording::gil_name(profile, gil);
    one.is_shared = gil.is_shared();
    one.utilization = gil.utilization();
    one.waiting = gil.mean_waiters;
    if (gil.margins) one.utilization_margin = gil.margins->utilization;
  }
  std::ranges::stable_sort(numbers.gils, std::greater(), &OneGil::waiting);
  const OneGil* const contended = numbers.contended_gil();
  if (contended == nullptr) return;
  numbers.utilization = contended->utilization;
  numbers.utilization_margin = contended->utilization_margin;
}

void add_gils(const Profile& profile, Numbers& numbers) {
  const Nanos queued = holders_queued(profile);
  numbers.holders_queued = ratio(queued, profile.sampled());
  std::uint64_t handoffs = 0;
  for (const GilProfile& gil : profile.gils) {
    handoffs += gil.handoffs;
    if (gil.utilization() >= kNotableShare) ++numbers.gils_held;
    if (gil.utilization() > numbers.utilization) {
      numbers.utilization = gil.utilization();
      if (gil.margins) numbers.utilization_margin = gil.margins->utilization;
    }
    // A holder that had no CPU keeps the GIL as well, but that is the doing of whoever had the CPU, or of a quota.
    const Nanos by_choice = std::max(gil.hogged - queued - profile.pressure.throttled, Nanos{0});
    const double hogged = ratio(by_choice, gil.observed);
    if (hogged <= numbers.hogged_share) continue;
    numbers.hogged_share = hogged;
    numbers.hogged_of_held = ratio(by_choice, gil.held);
    numbers.hogged_is_shared = gil.is_shared();
    numbers.hogged_gil = profile.processes.size() > 1 ? "GIL" : wording::gil_name(profile, gil);
  }
  tell_gils_apart(profile, numbers);
  const double seconds = std::chrono::duration<double>(profile.duration).count();
  if (seconds > 0) numbers.handoffs_per_second = double(handoffs) / seconds;
}

void add_locks(const Profile& profile, Numbers& numbers) {
  const auto lock = std::ranges::find_if(profile.locks, [](const LockProfile& one) {
    return is_contention(one.info.kind);  // the longest first
  });
  if (lock == profile.locks.end()) return;
  BusiestLock& busiest = numbers.lock;
  busiest.name = wording::lock_name(lock->info);
  busiest.waiters = lock->mean_waiters();
  busiest.owner = main_culprit(profile, *lock);
  busiest.kind = lock->info.kind;
  const auto did = [&](Activity activity) { return ratio(lock->owner_did[index_of(activity)], lock->waited); };
  busiest.owner_for_gil = did(Activity::kWaitsForGil);
  busiest.owner_computes = did(Activity::kHoldsGil) + did(Activity::kRunsWithoutGil);
}

// "second.lock of Account"; two of the same name are told apart by their addresses.
std::string lock_name(const Profile& profile, const Deadlock& circle, const LockInfo& info) {
  const std::string name = wording::lock_name(info);
  const bool is_alone = std::ranges::none_of(circle.members, [&](const Deadlock::Member& member) {
    const LockProfile* const other = profile.lock(member.lock);
    return other != nullptr && other->info.index != info.index && wording::lock_name(other->info) == name;
  });
  return is_alone ? name : fmt::format("{} at {:#x}", name, info.address.value());
}

// The line that waits, in the program's own code where there is some.
std::string waiting_line(const Profile& profile, StackId stack) {
  const StackId own = wording::own_part(profile.table, stack);
  const StackId python = wording::python_part(profile.table, stack);
  Frame frame = profile.table.frame(profile.table.leaf(own != kNoStack ? own : python != kNoStack ? python : stack));
  frame.first_line = frame.line;
  return wording::function_name(frame, profile.target);
}

// The one that lasts, or else lasted longest.
void add_circle(const Profile& profile, Numbers& numbers) {
  const auto worst = std::ranges::max_element(
      profile.deadlocks, {}, [](const Deadlock& one) { return std::pair(one.lasts, one.time.length()); });
  if (worst == profile.deadlocks.end()) return;
  Circle& circle = numbers.circle;
  circle.seconds = std::chrono::duration<double>(worst->time.length()).count();
  circle.lasts = worst->lasts;
  // Who waits for ever is no matter of how long locks are had.
  for (const Deadlock& one : profile.deadlocks) {
    if (one.lasts) numbers.for_locks -= double(one.members.size()) * ratio(one.time.length(), profile.sampled());
  }
  numbers.for_locks = std::max(0.0, numbers.for_locks);
  for (const Deadlock::Member& member : worst->members) {
    circle.threads.push_back(
        wording::printable(wording::thread_label(profile, profile.threads[to_int(member.thread)])));
  }
  for (std::size_t i = 0; i < circle.threads.size(); ++i) {
    const Deadlock::Member& member = worst->members[i];
    const LockProfile* const lock = profile.lock(member.lock);
    const LockInfo info = lock != nullptr ? lock->info : LockInfo{};
    const std::string& next = circle.threads[(i + 1) % circle.threads.size()];
    std::string line = fmt::format("{} waits for {}", circle.threads[i],
                                   wording::waited_for(info.kind, lock_name(profile, *worst, info), next));
    if (member.stack != kNoStack) line += ", in " + waiting_line(profile, member.stack);
    circle.waits.push_back(std::move(line));
  }
}

void add_cpus(const Profile& profile, Numbers& numbers) {
  const CpuPressure& pressure = profile.pressure;
  numbers.cpus_used = profile.parallelism();
  numbers.cpus_available = profile.cpus.available();
  numbers.cpus_online = std::max(double(profile.cpus.online), numbers.cpus_available);
  numbers.cpus_withheld = numbers.cpus_available < numbers.cpus_online * 0.95;
  numbers.has_quota = profile.cpus.cgroup_quota.has_value() && *profile.cpus.cgroup_quota <= numbers.cpus_available;
  numbers.queued = ratio(pressure.queued, pressure.watched);
  if (pressure.periods > 0) numbers.throttled_share = double(pressure.throttled_periods) / double(pressure.periods);
}

void add_processes(const Profile& profile, Numbers& numbers) {
  numbers.holding_in_one_process = numbers.holding;
  if (!profile.is_program()) return;
  numbers.processes = profile.processes.size();
  std::vector<Nanos> held(profile.processes.size(), Nanos{0});
  for (const ThreadProfile& thread : profile.threads) {
    if (thread.info.python && thread.process < held.size()) held[thread.process] += held_by(thread);
  }
  numbers.holding_in_one_process = ratio(*std::ranges::max_element(held), profile.sampled());
  Nanos busiest{0};
  for (const Profile& process : profile.processes) busiest = std::max(busiest, process.cpu_time);
  for (const Profile& process : profile.processes) {
    if (ratio(process.cpu_time, busiest) >= kAtWork) ++numbers.busy_processes;
  }
  numbers.beyond_busiest_process = std::max(0.0, numbers.cpus_used - ratio(busiest, profile.duration));
}

}  // namespace

Numbers measure(const Profile& profile) {
  Numbers numbers;
  numbers.duration = profile.duration;
  numbers.too_short =
      block_count(profile.duration, profile.timeline.window, kFewestMarginBlocks, kShortestMarginBlock) == 0;
  numbers.margins = profile.margins;
  numbers.stopped_share = ratio(profile.quality.stopped, profile.duration);
  numbers.free_threaded = profile.target.free_threaded;
  numbers.gil_enabled = profile.target.gil_enabled;
  numbers.ticks = profile.quality.ticks;
  if (profile.quality.ticks > 0) {
    numbers.blurred_share = double(profile.quality.blurred) / double(profile.quality.ticks);
  }
  add_cpus(profile, numbers);
  numbers.loop = find_blocked_loop(profile);
  const auto loop = std::ranges::find(profile.loops, numbers.loop.thread, &LoopProfile::thread);
  if (numbers.loop.share > 0 && loop != profile.loops.end()) {
    numbers.lag = loop->lag;
    if (profile.loops.size() > 1) numbers.loop_of = wording::thread_name(profile.threads[to_int(loop->thread)].info);
  }
  numbers.loop_threshold = profile.loop_threshold;
  add_threads(profile, numbers);
  add_processes(profile, numbers);
  add_gils(profile, numbers);
  add_locks(profile, numbers);
  add_circle(profile, numbers);
  numbers.working_threads = count_working(profile);
  return numbers;
}

const OneGil* Numbers::contended_gil() const {
  return gils.empty() || gils.front().waiting < kNotableShare ? nullptr : &gils.front();
}

double carried(const Numbers& numbers) {
  return std::max(numbers.cpus_used, std::min(numbers.holding + numbers.native, numbers.cpus_available));
}

}  // namespace gilspy::verdict
