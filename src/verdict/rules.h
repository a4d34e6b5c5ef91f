// Each rule is one pure function of the numbers; the first that holds, in the order of `decide`, is the verdict.
// docs/verdicts.md explains them to users: keep both in step.
#pragma once

#include <vector>

#include "gilspy/verdict.h"
#include "numbers.h"

namespace gilspy::verdict {

inline constexpr std::uint64_t kEnoughTicks = 20;
inline constexpr double kMostlyUnknown = 0.5;   // of the threads' time
inline constexpr double kHoggedShare = 0.05;    // of wall time
inline constexpr double kHoggedOfHeld = 0.3;    // of the held time
inline constexpr double kMostlyHogged = 0.7;    // of the held time: more, and ordinary turns are not worth a word
inline constexpr double kNotableWaiters = 0.2;  // mean threads
inline constexpr double kNotableWaitOfDemand = 0.15;
inline constexpr double kMuchHeld = 0.4;     // of the time: a GIL that is free for longer is not what limits
inline constexpr double kLoopBlocked = 0.1;  // of wall time
inline constexpr double kIdleCpus = 0.003;
inline constexpr double kMoreThanOne = 1.2;     // CPUs or threads: clearly side by side
inline constexpr double kNotableBeyond = 0.2;   // CPUs, or GILs held, of all processes but the busiest
inline constexpr double kCpusExhausted = 0.9;   // of the CPUs available
inline constexpr double kStarved = 0.7;         // of the CPUs that there was work for
inline constexpr double kHardlyRuns = 0.15;     // of the CPUs that it would use
inline constexpr double kMostlyBlocked = 0.5;   // of the time of the threads that worked
inline constexpr double kNotablyQueued = 0.3;   // mean threads without a CPU
inline constexpr double kQueuedOfReady = 0.2;   // of those that were ready to run
inline constexpr double kHoldersQueued = 0.2;   // of wall time
inline constexpr double kOftenThrottled = 0.1;  // of the periods of the quota
inline constexpr double kMostOfTheWork = 0.8;   // of all work: one thread does it
inline constexpr double kUsuallyBusy = 0.5;     // mean threads with something to run

bool is_insufficient_data(const Numbers& numbers);
bool is_reenabled(const Numbers& numbers);
bool is_hogged(const Numbers& numbers);
bool is_serialized(const Numbers& numbers);
bool is_lock_bound(const Numbers& numbers);
bool is_loop_blocked(const Numbers& numbers);
bool is_idle(const Numbers& numbers);
bool is_parallel_without_gil(const Numbers& numbers);
bool is_parallel_by_processes(const Numbers& numbers);
bool is_parallel_by_interpreters(const Numbers& numbers);
bool is_parallel(const Numbers& numbers);
bool is_single_threaded(const Numbers& numbers);

// Not verdicts of their own: the CPUs, not the GIL, are what there is too little of; other processes have the CPUs.
bool are_cpus_exhausted(const Numbers& numbers);
bool is_starved(const Numbers& numbers);

// Threads that hardly lived at the same time.
bool in_succession(const Numbers& numbers);

enum class Starved : std::uint8_t {
  kNo,
  kByThrottling,  // it had used up the quota of its cgroup
  kByLimit,       // threads queue for the CPUs that it may use, and the machine has more
  kWithTheGil,    // the GIL is the limit, and right behind it are the CPUs: it may use only one
  kByOthers,      // other processes have the CPUs
};
Starved starved(const Numbers& numbers);

VerdictCode decide(const Numbers& numbers);
// What else holds and is worth saying, most important first; without the first.
std::vector<VerdictCode> also(const Numbers& numbers, VerdictCode first);

}  // namespace gilspy::verdict
