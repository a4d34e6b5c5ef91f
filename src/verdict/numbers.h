// The few numbers that the verdict rests on. "Mean threads" are thread-time over wall time: 6.9 waiting means that at a
// random moment 6.9 threads waited.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "event_loop.h"
#include "gilspy/profile.h"

namespace gilspy::verdict {

// Above this many hand-offs a second threads mostly pass the GIL around.
inline constexpr double kManyHandoffs = 5000;
// Forced switching makes 200 a second: beyond this many, most of them are of the threads' own accord.
inline constexpr double kOwnHandoffs = 1000;

// The lock that was waited for most.
struct BusiestLock {
  std::string name;    // "self._lock of Pool", "a dict"; empty: there is none
  double waiters = 0;  // mean
  std::optional<LockKind> kind;
  std::string owner;          // the function that its owner was mostly in; empty: not known
  double owner_for_gil = 0;   // of the waiting: its owner waited for the GIL itself
  double owner_computes = 0;  // or had it, or ran without
};

// Threads that wait for each other.
struct Circle {
  std::vector<std::string> threads;  // none: there is no such circle
  std::vector<std::string> waits;    // a line each: "worker-1 waits for LOCK, which worker-2 has"
  double seconds = 0;
  bool lasts = false;  // to the end of the recording
};

// Of a process that has several interpreters.
struct OneGil {
  std::string name;  // "GIL of interpreter 2", "GIL that interpreters 0 and 1 share"
  bool is_shared = false;
  double utilization = 0;
  double waiting = 0;  // mean threads
  std::optional<double> utilization_margin;
};

struct Numbers {
  Nanos duration{0};
  double stopped_share = 0;  // of the duration
  bool free_threaded = false;
  bool gil_enabled = true;
  std::uint64_t gils_held = 0;  // GILs that were held for a notable share of the time
  std::uint64_t ticks = 0;      // that read something
  std::uint64_t python_threads = 0;
  std::uint64_t working_threads = 0;  // held, waited or ran without the GIL for a notable share of the time
  double cpus_used = 0;               // the parallelism: on-CPU time of the process over wall time
  double cpus_available = 1;          // affinity mask and cgroup quota
  double holding = 0;                 // mean threads that hold a GIL, on a CPU or not
  double waiting = 0;                 // mean threads that wait for a GIL
  double native = 0;                  // mean threads that run without the GIL, threads without Python included
  double for_locks = 0;               // mean threads that wait for locks or stand still, but for circles that last
  double blocked_share = 0;           // of the Python threads' time: blocked or waiting for locks
  double workers_blocked = 0;         // the same of those that worked for a notable share of the time
  double unknown_share = 0;           // of the Python threads' time
  double top_share = 0;               // of all work: the busiest thread's
  double utilization = 0;         // of the busiest GIL; of several interpreters', of the one that is waited for most
  double hogged_share = 0;        // of wall time, of the GIL that was hogged most
  double hogged_of_held = 0;      // of that GIL's held time
  bool hogged_is_shared = false;  // several interpreters share that GIL
  // Where there are several interpreters: the GILs that were held or waited for, the one with most waiters first. A
  // program of several processes has none.
  std::vector<OneGil> gils;
  std::string hogged_gil = "GIL";  // which of them
  double handoffs_per_second = 0;  // of all GILs
  double blurred_share = 0;        // of the ticks
  std::uint64_t processes = 1;
  std::uint64_t busy_processes = 0;   // those that did a notable share of the work
  double beyond_busiest_process = 0;  // CPUs that the others used
  double holding_in_one_process = 0;  // mean threads that hold a GIL, of the process with most of them
  double alive = 0;                   // mean Python threads that lived
  bool cpus_withheld = false;         // it may use fewer CPUs than the machine has
  bool has_quota = false;             // and that is a cgroup's quota; else its affinity
  double cpus_online = 1;
  double queued = 0;           // mean threads that were ready to run and had no CPU
  double holders_queued = 0;   // mean holders of GILs among them
  double throttled_share = 0;  // of the periods of its cgroup's quota: it had used the quota up
  BlockedLoop loop;
  std::string loop_of;  // the thread that runs it, where there are several loops; else empty
  LoopLag lag;          // of that loop
  Nanos loop_threshold{0};
  BusiestLock lock;
  Circle circle;
  bool too_short = false;             // for margins
  std::optional<SumMargins> margins;  // of error; none in a timeline that nobody made
  std::optional<double> utilization_margin;

  // The GIL that threads wait for. nullptr: there is only one, or nobody waits for a notable one.
  const OneGil* contended_gil() const;
  // Threads that would use a CPU if they could, as far as the GIL is concerned.
  double demand() const { return holding + waiting + native; }
  // Where threads mostly wait for something else and other processes have the CPUs, one that needs a CPU for a moment
  // seems to run for long: what only stood in a run queue is taken off then.
  double in_queues() const { return workers_blocked >= 0.5 ? queued : 0; }
  double running() const { return std::max({cpus_used, holding, demand() - in_queues()}); }
  // Threads that waited while the GIL was at work; while its holder had no CPU, the GIL is not what they waited for.
  // Where the GIL is mostly held and goes through many hands (threads that queue for a lock, too, pass it on), one that
  // is ready to run and has no CPU is on its way to it.
  double waiting_for_gil() const {
    const bool passed_around = gil_enabled && utilization >= 0.5 && handoffs_per_second >= kOwnHandoffs;
    const double all = waiting + (passed_around ? std::min(queued, native) : 0);
    return holding > 0 ? all * (1 - std::min(1.0, holders_queued / holding)) : all;
  }
};

Numbers measure(const Profile& profile);

// What the threads got done: the CPUs that they used, or how many made progress if that is more. A hog that sleeps with
// the GIL uses no CPU, and on a machine shared with others a holder stands in the run queue: CPU time alone would
// promise wonders there.
double carried(const Numbers& numbers);

}  // namespace gilspy::verdict
