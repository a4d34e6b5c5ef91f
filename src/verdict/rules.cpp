#include "rules.h"

#include <algorithm>
#include <array>

namespace gilspy::verdict {
namespace {

struct Rule {
  VerdictCode code;
  bool (*holds)(const Numbers&);
};

// The order matters: a hog that sleeps uses no CPU, so it must be found before "idle".
constexpr std::array kRules{
    Rule{VerdictCode::kInsufficientData, is_insufficient_data},
    Rule{VerdictCode::kGilReenabled, is_reenabled},
    Rule{VerdictCode::kGilHoggedByNativeCall, is_hogged},
    Rule{VerdictCode::kSerializedByGil, is_serialized},
    Rule{VerdictCode::kIdle, is_idle},
    Rule{VerdictCode::kParallelFreeThreaded, is_parallel_without_gil},
    Rule{VerdictCode::kParallelInterpreters, is_parallel_by_interpreters},
    Rule{VerdictCode::kParallelNative, is_parallel},
    Rule{VerdictCode::kSingleThreaded, is_single_threaded},
};

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
  return n.waiting >= kNotableWaiters && n.waiting >= kNotableWaitOfDemand * n.demand() && !limited_by_cpus;
}

bool is_reenabled(const Numbers& n) { return n.free_threaded && n.gil_enabled && (is_serialized(n) || is_hogged(n)); }

bool is_idle(const Numbers& n) {
  // Without a GIL, threads that are ready to run are not idle, whoever has the CPUs.
  return n.cpus_used < kIdleCpus && (n.gil_enabled || n.native < kUsuallyBusy);
}

bool is_parallel(const Numbers& n) { return n.cpus_used >= kMoreThanOne || n.native >= kMoreThanOne; }

bool is_parallel_without_gil(const Numbers& n) { return n.free_threaded && !n.gil_enabled && is_parallel(n); }

// One GIL can be held by one thread at a time: more holders than that have several GILs.
bool is_parallel_by_interpreters(const Numbers& n) { return n.holding >= kMoreThanOne; }

bool is_single_threaded(const Numbers& n) { return n.demand() >= kUsuallyBusy; }

VerdictCode decide(const Numbers& numbers) {
  for (const Rule& rule : kRules) {
    if (rule.holds(numbers)) return rule.code;
  }
  return VerdictCode::kIoBound;
}

}  // namespace gilspy::verdict
