#include "evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "rules.h"

namespace gilspy::verdict {
namespace {

using Rows = std::vector<Evidence>;

using Margin = std::optional<double>;

Evidence at_least(std::string name, Unit unit, double value, double threshold, Margin margin = {}) {
  return {std::move(name), unit, value, threshold, false, {}, margin};
}
Evidence at_most(std::string name, Unit unit, double value, double threshold, Margin margin = {}) {
  return {std::move(name), unit, value, threshold, true, {}, margin};
}
Evidence said(std::string name, Unit unit, double value, Margin margin = {}) {
  return {std::move(name), unit, value, std::nullopt, false, {}, margin};
}
Evidence words(std::string name, std::string words) {
  return {std::move(name), Unit::kWords, 0, std::nullopt, false, std::move(words), {}};
}

double seconds(Nanos time) { return std::chrono::duration<double>(time).count(); }

Margin margin(const Numbers& n, double SumMargins::*of) { return n.margins ? Margin((*n.margins).*of) : Margin(); }

// The mean waiters of every output, unless some of them wait for a CPU rather than for the GIL, or the other way round.
std::string name_of_waiting(const Numbers& n) {
  const double others = n.waiting_for_gil() - n.waiting;
  if (others >= 0.005) return "threads waiting for the GIL (with those on their way to it)";
  if (others <= -0.005) return "threads waiting for the GIL (not counted while its holder had no CPU)";
  return "threads waiting for the GIL";
}
Evidence waiting_little(const Numbers& n) {
  if (n.waiting_for_gil() <= kNotableWaiters) {
    return at_most(name_of_waiting(n), Unit::kThreads, n.waiting_for_gil(), kNotableWaiters,
                   margin(n, &SumMargins::waiting));
  }
  return at_most("GIL held", Unit::kShare, n.utilization, kMuchHeld, n.utilization_margin);
}
Evidence gil_held(const Numbers& n) { return said("GIL held", Unit::kShare, n.utilization, n.utilization_margin); }
Evidence cpus_used(const Numbers& n) {
  return said("CPUs used", Unit::kCpus, n.cpus_used, margin(n, &SumMargins::cpus));
}
Evidence waiting(const Numbers& n) {
  return said("threads waiting for the GIL", Unit::kThreads, n.waiting, margin(n, &SumMargins::waiting));
}

Rows of_serialized(const Numbers& n) {
  const double demand = n.demand();
  const Margin of_waiting = margin(n, &SumMargins::waiting);
  const OneGil* const gil = n.contended_gil();
  return {
      at_least(name_of_waiting(n), Unit::kThreads, n.waiting_for_gil(), kNotableWaiters, of_waiting),
      at_least("waiting, of all that had something to run", Unit::kShare, demand > 0 ? n.waiting_for_gil() / demand : 0,
               kNotableWaitOfDemand, of_waiting && demand > 0 ? Margin(*of_waiting / demand) : Margin()),
      at_least(gil != nullptr ? gil->name + " held" : "GIL held", Unit::kShare, n.utilization, kMuchHeld,
               n.utilization_margin),
      cpus_used(n)};
}

Rows of_hogged(const Numbers& n) {
  return {
      at_least(n.hogged_gil + " kept in long turns while others waited", Unit::kShare, n.hogged_share, kHoggedShare),
      at_least("of the time that it was held", Unit::kShare, n.hogged_of_held, kHoggedOfHeld), waiting(n)};
}

Rows of_reenabled(const Numbers& n, const TargetFacts& target) {
  Rows rows = is_hogged(n) ? of_hogged(n) : of_serialized(n);
  if (!target.gil_set_by.empty()) {
    rows.push_back(words("GIL turned on by", target.gil_set_by));
  } else if (!target.extension_modules.empty()) {
    std::string names;
    for (const std::string& name : target.extension_modules) names += (names.empty() ? "" : ", ") + name;
    rows.push_back(words("modules that may have turned it on:", names));
  }
  return rows;
}

Rows of_lock_bound(const Numbers& n) {
  const double all = n.demand() + n.for_locks;
  return {
      at_least("threads waiting for locks", Unit::kThreads, n.for_locks, kNotableWaiters),
      at_least("of all that had something to do", Unit::kShare, all > 0 ? n.for_locks / all : 0, kNotableWaitOfDemand),
      said("threads waiting for the busiest lock", Unit::kThreads, n.lock.waiters), words("it is", n.lock.name),
      cpus_used(n)};
}

Rows of_deadlock(const Numbers& n) {
  Rows rows{said("circle seen for", Unit::kSeconds, n.circle.seconds)};
  if (n.circle.waits.size() <= 2) return rows;  // the sentence says who
  for (const std::string& line : n.circle.waits) rows.push_back(words("", line));
  return rows;
}

Rows of_blocked_loop(const Numbers& n) {
  const double threshold = seconds(n.loop_threshold);
  Rows rows{
      at_least(fmt::format("time in callbacks of {:g} s or more", threshold), Unit::kShare, n.loop.share, kLoopBlocked),
      at_least("longest callback", Unit::kSeconds, seconds(n.loop.longest), threshold),
      said("asleep in them", Unit::kShare, n.loop.asleep)};
  if (n.lag.longest > Nanos{0}) {
    rows.push_back(said("mean lag of the loop", Unit::kSeconds, seconds(n.lag.mean)));
    rows.push_back(said("99th percentile of its lag", Unit::kSeconds, seconds(n.lag.p99)));
  }
  return rows;
}

Rows of_starved(const Numbers& n) {
  const Evidence available = said("CPUs that it may use", Unit::kCpus, n.cpus_available);
  const Evidence used = cpus_used(n);
  const Evidence queued = at_least("threads ready to run, without a CPU", Unit::kThreads, n.queued, kNotablyQueued);
  const double ready = n.cpus_used + n.queued;
  switch (starved(n)) {
    case Starved::kByThrottling:
      return {at_least("periods in which its quota was used up", Unit::kShare, n.throttled_share, kOftenThrottled),
              available, used};
    case Starved::kByLimit:
      return {
          queued,
          at_least("CPUs used, of those that it may use", Unit::kShare, n.cpus_used / n.cpus_available, kCpusExhausted),
          available, said("CPUs of the machine", Unit::kCpus, n.cpus_online)};
    case Starved::kWithTheGil:
      return {at_most("CPUs that it may use", Unit::kCpus, n.cpus_available, kMoreThanOne),
              said("CPUs of the machine", Unit::kCpus, n.cpus_online), used};
    case Starved::kByOthers:
      if (n.holders_queued >= kHoldersQueued && (is_serialized(n) || is_hogged(n))) {
        return {
            at_least("time in which the holder of the GIL had no CPU", Unit::kShare, n.holders_queued, kHoldersQueued),
            used, available};
      }
      return {queued,
              at_most("CPUs used, of those that it was ready for", Unit::kShare,
                      n.cpus_used / std::max(1e-9, std::min(n.cpus_available, ready)), kStarved),
              available};
    case Starved::kNo: break;
  }
  return {};
}

// CPUs or threads, whichever says it more clearly.
Evidence side_by_side(const Numbers& n) {
  if (n.cpus_used >= n.native)
    return at_least("CPUs used", Unit::kCpus, n.cpus_used, kMoreThanOne, margin(n, &SumMargins::cpus));
  return at_least("threads running without the GIL", Unit::kThreads, n.native, kMoreThanOne,
                  margin(n, &SumMargins::native));
}

Rows of_parallel(const Numbers& n) {
  Rows rows{side_by_side(n), said("CPUs that it may use", Unit::kCpus, n.cpus_available)};
  if (!n.gil_enabled) return rows;
  rows.push_back(gil_held(n));
  rows.push_back(waiting(n));
  return rows;
}

Rows of_processes(const Numbers& n) {
  if (n.cpus_used < kMoreThanOne || n.beyond_busiest_process < kNotableBeyond) {
    return {at_least("threads holding a GIL", Unit::kThreads, n.holding, kMoreThanOne, margin(n, &SumMargins::holding)),
            at_least("of them, beside those of one process", Unit::kThreads, n.holding - n.holding_in_one_process,
                     kNotableBeyond),
            cpus_used(n), said("processes at work", Unit::kCount, double(n.busy_processes))};
  }
  return {at_least("CPUs used", Unit::kCpus, n.cpus_used, kMoreThanOne, margin(n, &SumMargins::cpus)),
          at_least("CPUs used by all but the busiest process", Unit::kCpus, n.beyond_busiest_process, kNotableBeyond),
          said("processes at work", Unit::kCount, double(n.busy_processes)), gil_held(n)};
}

// Each of a few GILs, by its interpreters; those that were held at least.
Rows of_each_gil(const Numbers& n) {
  constexpr std::size_t kMostGils = 4;
  Rows rows;
  for (std::size_t i = 0; i < std::min(kMostGils, n.gils.size()); ++i) {
    const OneGil& gil = n.gils[i];
    rows.push_back(said(gil.name + " held", Unit::kShare, gil.utilization, gil.utilization_margin));
    if (gil.waiting >= kNotableWaiters) rows.push_back(said("threads waiting for it", Unit::kThreads, gil.waiting));
  }
  return rows;
}

Rows of_interpreters(const Numbers& n) {
  Rows rows{at_least("threads holding a GIL", Unit::kThreads, n.holding, kMoreThanOne, margin(n, &SumMargins::holding)),
            said("GILs in use", Unit::kCount, double(n.gils_held))};
  std::ranges::move(of_each_gil(n), std::back_inserter(rows));
  return rows;
}

Rows of_single(const Numbers& n) {
  return {at_least("threads with something to run", Unit::kThreads, n.running(), kUsuallyBusy,
                   margin(n, &SumMargins::demand)),
          waiting_little(n), cpus_used(n), said("work of the busiest thread", Unit::kShare, n.top_share)};
}

Rows of_io_bound(const Numbers& n) {
  return {at_most("threads with something to run", Unit::kThreads, n.running(), kUsuallyBusy,
                  margin(n, &SumMargins::demand)),
          waiting_little(n), at_least("CPUs used", Unit::kCpus, n.cpus_used, kIdleCpus, margin(n, &SumMargins::cpus)),
          said("blocked", Unit::kShare, n.blocked_share)};
}

Rows of_insufficient(const Numbers& n) {
  if (n.ticks < kEnoughTicks) return {at_most("ticks", Unit::kCount, double(n.ticks), double(kEnoughTicks))};
  if (n.duration <= Nanos{0} || n.python_threads == 0)
    return {said("Python threads", Unit::kCount, double(n.python_threads))};
  return {at_least("unknown, of the threads' time", Unit::kShare, n.unknown_share, kMostlyUnknown)};
}

double margin(const Evidence& row) {
  if (!row.threshold || *row.threshold <= 0) return 1;
  // What counts is the end of the interval that is nearer to the threshold.
  const double margin = row.margin.value_or(0);
  const double ratio = (row.at_most ? row.value + margin : row.value - margin) / *row.threshold;
  return std::clamp(row.at_most ? 2 * (1 - ratio) : ratio - 1, 0.0, 1.0);
}

}  // namespace

std::vector<Evidence> evidence(VerdictCode code, const Numbers& n, const TargetFacts& target) {
  switch (code) {
    case VerdictCode::kGilReenabled: return of_reenabled(n, target);
    case VerdictCode::kSerializedByGil: return of_serialized(n);
    case VerdictCode::kGilHoggedByNativeCall: return of_hogged(n);
    case VerdictCode::kEventLoopBlocked: return of_blocked_loop(n);
    case VerdictCode::kDeadlock: return of_deadlock(n);
    case VerdictCode::kLockBound:
    case VerdictCode::kFreeThreadedContended: return of_lock_bound(n);
    case VerdictCode::kCpuStarved: return of_starved(n);
    case VerdictCode::kParallelProcesses: return of_processes(n);
    case VerdictCode::kParallelFreeThreaded:
    case VerdictCode::kParallelNative: return of_parallel(n);
    case VerdictCode::kParallelInterpreters: return of_interpreters(n);
    case VerdictCode::kSingleThreaded: return of_single(n);
    case VerdictCode::kIoBound: return of_io_bound(n);
    case VerdictCode::kIdle:
      return {at_most("CPUs used", Unit::kShare, n.cpus_used, kIdleCpus, margin(n, &SumMargins::cpus))};
    case VerdictCode::kInsufficientData: return of_insufficient(n);
  }
  return {};
}

double confidence(VerdictCode code, const std::vector<Evidence>& evidence, const Numbers& n) {
  double weakest = n.too_short && code != VerdictCode::kInsufficientData ? 0 : 1;
  for (const Evidence& row : evidence) weakest = std::min(weakest, margin(row));
  const double by_numbers = 0.5 + weakest / 2;
  if (code == VerdictCode::kInsufficientData) return by_numbers;
  const double seen = double(n.ticks) / double(n.ticks + kEnoughTicks);
  return by_numbers * seen * (1 - n.unknown_share) * (1 - n.blurred_share / 2);
}

}  // namespace gilspy::verdict
