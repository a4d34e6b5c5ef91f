#include <fmt/format.h>

#include "gilspy/wording.h"
#include "rules.h"
#include "sentences.h"

namespace gilspy::verdict {
namespace {

using wording::count_of;
using wording::cpu_count;
using wording::percent;

// "6.9 threads waited for it"; a mean has no singular.
std::string waiters(const Numbers& n) { return fmt::format("{:.1f} threads waited for it on average", n.waiting); }

std::string serialized(const Numbers& n) {
  return fmt::format("{} did the work of {} on {}: the GIL was held {} of the time, {}.",
                     count_of(n.working_threads, "thread"), wording::cpus(n.cpus_used), cpu_count(n.cpus_available),
                     percent(n.utilization), waiters(n));
}

std::string hogged(const Verdict& verdict, const Numbers& n) {
  const std::string who = verdict.culprits.empty() ? "A native call" : verdict.culprits.front().function;
  // Interpreters that share a GIL do not always ask each other to let go: then bytecode can keep it as well.
  return fmt::format("{} kept the GIL {} for {} of the time, while {}.", who,
                     n.hogged_is_shared ? "in long turns" : "through long native calls", percent(n.hogged_share),
                     waiters(n));
}

std::string reenabled(const Numbers& n) { return "This Python is free-threaded, but its GIL is on: " + serialized(n); }

// What the threads share the CPUs by, and whether those are what there is too little of.
std::string parallel(const Numbers& n, std::string_view how) {
  const std::string used = fmt::format("{} used {} of {}", count_of(n.working_threads, "thread"),
                                       wording::cpus(n.cpus_used), cpu_count(n.cpus_available));
  if (is_starved(n)) return fmt::format("{}: {}; other processes had the CPUs.", used, how);
  if (!n.gil_enabled)
    return fmt::format("{}: {}{}.", used, how, are_cpus_exhausted(n) ? "; the CPUs are the limit" : "");
  if (are_cpus_exhausted(n)) return fmt::format("{}: {}; the CPUs are the limit, not the GIL.", used, how);
  return fmt::format("{}: {}; the GIL is not what limits them.", used, how);
}

std::string parallel_native(const Numbers& n) {
  return parallel(
      n, fmt::format("native code ran without the GIL, which was held {} of the time", percent(n.utilization)));
}

std::string parallel_interpreters(const Numbers& n) {
  return parallel(n, fmt::format("their interpreters have {} of their own, {:.1f} of which were held on average",
                                 count_of(n.gils_held, "GIL"), n.holding));
}

std::string single(const Numbers& n) {
  if (n.python_threads == 1) {
    return fmt::format("All the work is in one thread, which used {} of a CPU: there is nothing to run side by side.",
                       percent(n.cpus_used));
  }
  if (n.top_share >= 0.8) {
    return fmt::format("One of {} did {} of the work: the others had nothing to run{}.",
                       count_of(n.python_threads, "thread"), percent(n.top_share),
                       n.gil_enabled ? ", so the GIL cost nothing" : "");
  }
  return fmt::format("Only {:.1f} of {} had something to run at a time: the others {}{}.", n.demand(),
                     count_of(n.python_threads, "thread"),
                     n.for_locks >= kNotableWaiters ? "waited for locks" : "were blocked",
                     n.gil_enabled ? ", they did not wait for the GIL" : "");
}

std::string io_bound(const Numbers& n) {
  const std::string not_gil =
      n.gil_enabled ? fmt::format("not the GIL, held {} of the time, but ", percent(n.utilization)) : std::string();
  return fmt::format(
      "{} spent {} of the time blocked (I/O, sleep, locks) and used {} of one CPU: {}what they wait for "
      "is the limit.",
      count_of(n.python_threads, "thread"), percent(n.blocked_share), percent(n.cpus_used), not_gil);
}

std::string idle(const Numbers& n) {
  return fmt::format("The process was idle: {} used {} of one CPU{}.", count_of(n.python_threads, "thread"),
                     percent(n.cpus_used), n.gil_enabled ? ", so there was nothing that the GIL could slow down" : "");
}

std::string insufficient(const Numbers& n) {
  const std::string seen = fmt::format("{} in {}", count_of(n.ticks, "tick"), wording::seconds(n.duration));
  if (n.ticks < kEnoughTicks || n.duration <= Nanos{0}) {
    return fmt::format("Too little was seen to judge: {}; it takes {} at least.", seen, count_of(kEnoughTicks, "tick"));
  }
  if (n.python_threads == 0) return fmt::format("No Python thread was seen in {}: nothing to judge.", seen);
  if (n.stopped_share > kMostlyUnknown) {
    return fmt::format(
        "The process was stopped (SIGSTOP, job control or a debugger) for {} of the time: nothing to judge.",
        percent(n.stopped_share));
  }
  return fmt::format("What the threads did is unknown for {} of their time: too much to judge.",
                     percent(n.unknown_share));
}

}  // namespace

std::string headline(const Verdict& verdict, const Numbers& numbers) {
  switch (verdict.code) {
    case VerdictCode::kSerializedByGil: return serialized(numbers);
    case VerdictCode::kGilHoggedByNativeCall: return hogged(verdict, numbers);
    case VerdictCode::kGilReenabled: return reenabled(numbers);
    case VerdictCode::kEventLoopBlocked:
    case VerdictCode::kCpuStarved: break;
    case VerdictCode::kParallelFreeThreaded: return parallel(numbers, "there is no GIL in this process");
    case VerdictCode::kParallelInterpreters: return parallel_interpreters(numbers);
    case VerdictCode::kParallelNative: return parallel_native(numbers);
    case VerdictCode::kSingleThreaded: return single(numbers);
    case VerdictCode::kIoBound: return io_bound(numbers);
    case VerdictCode::kIdle: return idle(numbers);
    case VerdictCode::kInsufficientData: return insufficient(numbers);
  }
  return {};
}

}  // namespace gilspy::verdict
