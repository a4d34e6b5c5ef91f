#include "rules.h"

#include <algorithm>
#include <array>

namespace gilspy::verdict {
namespace {

struct Rule {
  VerdictCode code;
  bool (*holds)(const Numbers&);
};

bool is_lock_first(const Numbers& n);
bool is_contended_without_gil(const Numbers& n);
bool is_starved_by_limits(const Numbers& n);
bool is_starved_by_others(const Numbers& n);

// The order matters: a hog that sleeps uses no CPU, so it must be found before "idle", and so does a callback that
// sleeps.
constexpr std::array kRules{
    // Few ticks are enough to see it, and no more of them would show anything else.
    Rule{VerdictCode::kDeadlock, [](const Numbers& n) { return n.circle.lasts; }},
    Rule{VerdictCode::kInsufficientData, is_insufficient_data},
    Rule{VerdictCode::kLockBound, is_lock_first},
    Rule{VerdictCode::kFreeThreadedContended, is_contended_without_gil},
    Rule{VerdictCode::kGilReenabled, is_reenabled},
    Rule{VerdictCode::kGilHoggedByNativeCall, is_hogged},
    Rule{VerdictCode::kSerializedByGil, is_serialized},
    Rule{VerdictCode::kEventLoopBlocked, is_loop_blocked},
    Rule{VerdictCode::kCpuStarved, is_starved_by_limits},
    Rule{VerdictCode::kIdle, is_idle},
    Rule{VerdictCode::kCpuStarved, is_starved_by_others},
    Rule{VerdictCode::kParallelProcesses, is_parallel_by_processes},
    Rule{VerdictCode::kParallelFreeThreaded, is_parallel_without_gil},
    Rule{VerdictCode::kParallelInterpreters, is_parallel_by_interpreters},
    Rule{VerdictCode::kParallelNative, is_parallel},
    Rule{VerdictCode::kSingleThreaded, is_single_threaded},
};

// Threads of which the GIL lets one run at a time want no more CPUs than that.
double wanted_cpus(const Numbers& n) { return std::min(n.cpus_available, n.cpus_used + n.queued); }

bool are_many_queued(const Numbers& n) {
  return n.queued >= kNotablyQueued && n.queued >= kQueuedOfReady * (n.cpus_used + n.queued);
}

bool is_starved_by_limits(const Numbers& n) {
  const Starved how = starved(n);
  return how == Starved::kByThrottling || how == Starved::kByLimit;
}

// Threads that would run side by side, were it not for others; or one that hardly gets to run. Those that mostly wait
// for something else are slowed down by the queues, too, but that is not what limits them.
bool is_starved_by_others(const Numbers& n) {
  const bool would_run = n.cpus_used + n.queued >= kMoreThanOne || n.cpus_used < kHardlyRuns * n.running();
  return starved(n) == Starved::kByOthers && would_run && n.cpus_used < kMoreThanOne &&
         n.workers_blocked < kMostlyBlocked;
}

// Only the event loop queues for a lock: all that it runs waits, and that is what people see.
bool is_lock_of_loop(const Numbers& n) { return is_loop_blocked(n) && 2 * n.loop.for_locks > n.for_locks; }

// What is waited for more comes first. Who keeps the GIL for long keeps those from it who have the locks.
bool is_lock_first(const Numbers& n) {
  return is_lock_bound(n) && n.gil_enabled && !is_hogged(n) && !is_lock_of_loop(n) &&
         n.for_locks > std::max(n.waiting, n.waiting_for_gil());
}

bool is_contended_without_gil(const Numbers& n) {
  return is_lock_bound(n) && n.free_threaded && !n.gil_enabled && !is_lock_of_loop(n);
}

}  // namespace

bool is_insufficient_data(const Numbers& n) {
  return n.ticks < kEnoughTicks || n.duration <= Nanos{0} || n.python_threads == 0 || n.unknown_share > kMostlyUnknown;
}

bool is_hogged(const Numbers& n) { return n.hogged_share >= kHoggedShare && n.hogged_of_held >= kHoggedOfHeld; }

bool is_starved(const Numbers& n) {
  // Beside a GIL, a thread that is ready to run may as well be on its way to it: only holders surely have work.
  const double ready = n.gil_enabled ? n.holding : n.holding + n.native;
  return n.cpus_used < kStarved * std::min(n.cpus_available, ready);
}

bool are_cpus_exhausted(const Numbers& n) { return n.cpus_used >= kCpusExhausted * n.cpus_available; }

bool is_serialized(const Numbers& n) {
  // One CPU fully used by one holder at a time is the GIL's doing; two or more CPUs fully used are not.
  const bool limited_by_cpus = n.cpus_used >= kMoreThanOne && are_cpus_exhausted(n);
  const double waiting = n.waiting_for_gil();
  return waiting >= kNotableWaiters && waiting >= kNotableWaitOfDemand * n.demand() && n.utilization >= kMuchHeld &&
         !limited_by_cpus;
}

bool is_reenabled(const Numbers& n) { return n.free_threaded && n.gil_enabled && (is_serialized(n) || is_hogged(n)); }

bool is_lock_bound(const Numbers& n) {
  return n.for_locks >= kNotableWaiters && n.for_locks >= kNotableWaitOfDemand * (n.demand() + n.for_locks);
}

bool is_loop_blocked(const Numbers& n) { return n.loop.share >= kLoopBlocked; }

bool is_idle(const Numbers& n) {
  // Without a GIL, threads that are ready to run are not idle, whoever has the CPUs.
  return n.cpus_used < kIdleCpus && (n.gil_enabled || n.native < kUsuallyBusy);
}

bool is_parallel(const Numbers& n) { return n.cpus_used >= kMoreThanOne || n.native - n.in_queues() >= kMoreThanOne; }

bool is_parallel_without_gil(const Numbers& n) { return n.free_threaded && !n.gil_enabled && is_parallel(n); }

bool is_parallel_by_processes(const Numbers& n) {
  const bool by_cpus = n.cpus_used >= kMoreThanOne && n.beyond_busiest_process >= kNotableBeyond;
  return by_cpus || (n.holding >= kMoreThanOne && n.holding - n.holding_in_one_process >= kNotableBeyond);
}

// One GIL can be held by one thread at a time: more holders than that have several GILs.
bool is_parallel_by_interpreters(const Numbers& n) { return n.holding_in_one_process >= kMoreThanOne; }

bool is_single_threaded(const Numbers& n) { return n.running() >= kUsuallyBusy; }

bool in_succession(const Numbers& n) { return n.python_threads > 1 && n.alive < kMoreThanOne; }

Starved starved(const Numbers& n) {
  if (n.throttled_share >= kOftenThrottled) return Starved::kByThrottling;
  if (is_serialized(n) || is_hogged(n)) {
    // Threads on their way to the GIL are ready to run as well: here only holders that queue are a lack of CPUs.
    if (n.cpus_withheld && n.cpus_available < kMoreThanOne) return Starved::kWithTheGil;
    return n.holders_queued >= kHoldersQueued ? Starved::kByOthers : Starved::kNo;
  }
  if (!are_many_queued(n)) return Starved::kNo;
  if (n.cpus_withheld && n.cpus_used + n.queued > n.cpus_available) return Starved::kByLimit;
  return n.cpus_used < kStarved * wanted_cpus(n) ? Starved::kByOthers : Starved::kNo;
}

VerdictCode decide(const Numbers& numbers) {
  for (const Rule& rule : kRules) {
    if (rule.holds(numbers)) return rule.code;
  }
  return VerdictCode::kIoBound;
}

std::vector<VerdictCode> also(const Numbers& n, VerdictCode first) {
  using enum VerdictCode;
  std::vector<VerdictCode> more;
  if (first == kInsufficientData || first == kIdle) return more;
  const auto add_if = [&](VerdictCode code, bool holds) {
    if (holds && code != first) more.push_back(code);
  };
  add_if(kDeadlock, !n.circle.threads.empty());
  add_if(kGilHoggedByNativeCall, is_hogged(n));
  add_if(kSerializedByGil, is_serialized(n) && (!is_hogged(n) || n.hogged_of_held < kMostlyHogged));
  add_if(n.gil_enabled ? kLockBound : kFreeThreadedContended, is_lock_bound(n));
  add_if(kEventLoopBlocked, is_loop_blocked(n));
  add_if(kCpuStarved, starved(n) != Starved::kNo);
  // What the threads would do but for that; beside a GIL that is the limit, only what clearly ran without it.
  const bool for_want_of_cpus = first == kCpuStarved && n.native >= kMoreThanOne;
  if (n.cpus_used < kMoreThanOne && !for_want_of_cpus) return more;
  if (is_parallel_by_processes(n)) {
    add_if(kParallelProcesses, true);
  } else if (n.free_threaded && !n.gil_enabled) {
    add_if(kParallelFreeThreaded, true);
  } else if (is_parallel_by_interpreters(n)) {
    add_if(kParallelInterpreters, true);
  } else {
    add_if(kParallelNative, true);
  }
  return more;
}

}  // namespace gilspy::verdict
