#include <fmt/format.h>

#include <algorithm>

#include "gilspy/wording.h"
#include "rules.h"
#include "sentences.h"

namespace gilspy::verdict {
namespace {

using wording::count_of;
using wording::cpu_count;
using wording::percent;

// What the numbers are of.
std::string_view whole(const Numbers& n) { return n.processes > 1 ? "program" : "process"; }

// "6.9 threads waited for it"; a mean has no singular.
std::string waiters(double waiting) { return fmt::format("{:.1f} threads waited for it on average", waiting); }

std::string serialized(const Numbers& n) {
  const OneGil* const gil = n.contended_gil();
  return fmt::format("{} did the work of {} on {}: the {} was held {} of the time, {}.",
                     count_of(n.working_threads, "thread"), wording::cpus(n.cpus_used), cpu_count(n.cpus_available),
                     gil != nullptr ? gil->name : "GIL", percent(n.utilization),
                     waiters(gil != nullptr ? gil->waiting : n.waiting));
}

std::string hogged(const Case& found) {
  const Numbers& n = found.numbers;
  const std::string who = found.culprits.empty()                  ? "A native call"
                          : found.culprits.front().caller.empty() ? work_of(found.culprits.front())
                                                                  : text_of(found.culprits.front()) + ",";
  // Interpreters that share a GIL do not always ask each other to let go: then bytecode can keep it as well.
  const auto hogged = std::ranges::find(n.gils, n.hogged_gil, &OneGil::name);
  return fmt::format("{} kept the {} {} for {} of the time, while {}.", who, n.hogged_gil,
                     n.hogged_is_shared ? "in long turns" : "through long native calls", percent(n.hogged_share),
                     waiters(hogged != n.gils.end() ? hogged->waiting : n.waiting));
}

// What turned it on, as far as that can be known.
std::string reason(const TargetFacts& target) {
  if (!target.gil_set_by.empty()) return fmt::format(" ({})", target.gil_set_by);
  if (target.extension_modules.empty()) return {};
  std::string names;
  for (const std::string& name : target.extension_modules) names += (names.empty() ? "" : ", ") + name;
  return fmt::format(" (for an extension module: {}?)", wording::printable(names));
}

std::string reenabled(const Case& found) {
  return fmt::format("This Python is free-threaded, but its GIL is on{}: {}", reason(found.target),
                     serialized(found.numbers));
}

std::string lock_bound(const Numbers& n) {
  std::string owner;
  if (!n.lock.owner.empty()) {
    owner = fmt::format("; {} had it", n.lock.owner);
    if (n.lock.owner_for_gil >= 0.3)
      owner += fmt::format(" and waited for the GIL for {} of that time", percent(n.lock.owner_for_gil));
  }
  if (n.lock.kind == LockKind::kStopTheWorld) {
    return fmt::format(
        "{:.1f} threads stood still on average because another one stopped the world{}, while the {} used {} of {}.",
        n.lock.waiters, n.lock.owner.empty() ? "" : " in " + n.lock.owner, whole(n), wording::cpus(n.cpus_used),
        cpu_count(n.cpus_available));
  }
  const std::string most = n.lock.name.empty() ? fmt::format("{:.1f} threads waited for locks on average", n.for_locks)
                           : n.lock.waiters >= 0.95 * n.for_locks
                               ? fmt::format("{:.1f} threads waited for {} on average", n.for_locks, n.lock.name)
                               : fmt::format("{:.1f} threads waited for locks on average, {:.1f} of them for {}",
                                             n.for_locks, n.lock.waiters, n.lock.name);
  return fmt::format("{}, while the {} used {} of {}{}.", most, whole(n), wording::cpus(n.cpus_used),
                     cpu_count(n.cpus_available), owner);
}

std::string deadlock(const Numbers& n) {
  const std::string who = wording::circle(n.circle.threads);
  std::string text = n.circle.lasts ? fmt::format("Deadlock: {}, for ever", who)
                                    : fmt::format("{}, for {:.1f} s", who, n.circle.seconds);
  if (n.circle.waits.size() <= 2) {
    text += ": ";
    for (const std::string& line : n.circle.waits) text += (&line == n.circle.waits.data() ? "" : "; ") + line;
  }
  return text + ".";
}

std::string blocked_loop(const Numbers& n) {
  const double longest = std::chrono::duration<double>(n.loop.longest).count();
  const std::string where = n.loop.place.empty() ? "" : fmt::format(" in {}", n.loop.place);
  return fmt::format(
      "{} kept the asyncio event loop{} from going round for {} of the time, {:.2f} s at a time at most: it {}{}, "
      "inside "
      "a callback.",
      n.loop.function, n.loop_of.empty() ? "" : " of " + n.loop_of, percent(n.loop.share), longest, n.loop.does, where);
}

std::string starved_by_limit(const Numbers& n, std::string_view innocent) {
  return fmt::format(
      "{:.1f} threads were ready to run and had no CPU on average: the {} may use {} of the machine's {} "
      "({}){}.",
      n.queued, whole(n), wording::cpus(n.cpus_available), cpu_count(n.cpus_online),
      n.has_quota ? "the quota of its cgroup" : "its affinity", innocent);
}

// The rules do not count who waits for a holder without a CPU; that does not acquit the GIL.
std::string_view about_the_gil(const Numbers& n) {
  if (is_serialized(n) || is_hogged(n)) return "";
  const bool is_hidden = n.holders_queued >= kHoldersQueued && n.waiting >= kNotableWaiters;
  return is_hidden ? "; whether the GIL is a problem as well cannot be told meanwhile" : "; the GIL is not the problem";
}

std::string cpu_starved(const Numbers& n) {
  const std::string_view innocent = about_the_gil(n);
  switch (starved(n)) {
    case Starved::kByThrottling:
      return fmt::format("The CPU quota of its cgroup, {}, was used up in {} of its periods, and the {} stood still{}.",
                         cpu_count(n.cpus_available), percent(n.throttled_share), whole(n), innocent);
    case Starved::kWithTheGil:
      return fmt::format(
          "Right behind the GIL are the CPUs: the {} may use {} of the machine's {} ({}), so without a "
          "GIL it would be no faster.",
          whole(n), wording::cpus(n.cpus_available), cpu_count(n.cpus_online),
          n.has_quota ? "the quota of its cgroup" : "its affinity");
    case Starved::kByOthers:
      if (is_serialized(n) || is_hogged(n)) {
        return fmt::format("For {} of the time the holder of the GIL had no CPU: other processes had them.",
                           percent(n.holders_queued));
      }
      return fmt::format(
          "{:.1f} threads were ready to run and had no CPU on average, while the {} used {} of {}: "
          "other processes had the CPUs{}.",
          n.queued, whole(n), wording::cpus(n.cpus_used), cpu_count(n.cpus_available), innocent);
    case Starved::kByLimit:
    case Starved::kNo: break;
  }
  return starved_by_limit(n, innocent);
}

// What they share the CPUs by, and whether those are what there is too little of.
std::string parallel(const Numbers& n, std::string_view how, const std::string& who) {
  const std::string used =
      fmt::format("{} used {} of {}", who, wording::cpus(n.cpus_used), cpu_count(n.cpus_available));
  if (is_starved(n)) return fmt::format("{}: {}; other processes had the CPUs.", used, how);
  if (!n.gil_enabled)
    return fmt::format("{}: {}{}.", used, how, are_cpus_exhausted(n) ? "; the CPUs are the limit" : "");
  if (are_cpus_exhausted(n)) return fmt::format("{}: {}; the CPUs are the limit, not the GIL.", used, how);
  if (is_serialized(n) || is_hogged(n)) return fmt::format("{}: {}.", used, how);  // beside the GIL of each
  return fmt::format("{}: {}; the GIL is not what limits them.", used, how);
}

std::string parallel(const Numbers& n, std::string_view how) {
  return parallel(n, how, count_of(n.working_threads, "thread"));
}

std::string parallel_processes(const Numbers& n) {
  return parallel(n, "side by side, each with a GIL of its own", fmt::format("{} processes", n.busy_processes));
}

std::string parallel_native(const Numbers& n) {
  return parallel(
      n, fmt::format("native code ran without the GIL, which was held {} of the time", percent(n.utilization)));
}

std::string parallel_interpreters(const Numbers& n) {
  const bool all_own = std::ranges::none_of(n.gils, &OneGil::is_shared);
  std::string how = fmt::format("their interpreters have {}{}, {:.1f} of which were held on average",
                                count_of(n.gils_held, "GIL"), all_own ? " of their own" : "", n.holding);
  if (const OneGil* const gil = n.contended_gil(); gil != nullptr && gil->waiting >= kNotableWaiters) {
    how += fmt::format(", and {:.1f} threads waited for the {}", gil->waiting, gil->name);
    if (!are_cpus_exhausted(n) && !is_starved(n)) {
      return fmt::format("{} used {} of {}: {}.", count_of(n.working_threads, "thread"), wording::cpus(n.cpus_used),
                         cpu_count(n.cpus_available), how);
    }
  }
  return parallel(n, how);
}

std::string single(const Numbers& n) {
  if (n.python_threads == 1) {
    return fmt::format("All the work is in one thread, which used {} of a CPU: there is nothing to run side by side.",
                       percent(n.cpus_used));
  }
  if (n.top_share >= kMostOfTheWork) {
    return fmt::format("One of {} did {} of the work: the others had nothing to run{}.",
                       count_of(n.python_threads, "thread"), percent(n.top_share),
                       n.gil_enabled ? ", so the GIL cost nothing" : "");
  }
  if (in_succession(n)) {
    return fmt::format("{} lived one after the other, {:.1f} at a time: there was nothing to run side by side.",
                       count_of(n.python_threads, "thread"), n.alive);
  }
  return fmt::format("Only {:.1f} of {} had something to run at a time: the others {}{}.", n.running(),
                     count_of(n.python_threads, "thread"),
                     n.for_locks >= kNotableWaiters ? "waited for locks" : "were blocked (locks, I/O, sleep)",
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
  return fmt::format("The {} was idle: {} used {} of one CPU{}.", whole(n), count_of(n.python_threads, "thread"),
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

std::string sentence(VerdictCode code, const Case& found) {
  const Numbers& numbers = found.numbers;
  switch (code) {
    case VerdictCode::kSerializedByGil: return serialized(numbers);
    case VerdictCode::kGilHoggedByNativeCall: return hogged(found);
    case VerdictCode::kGilReenabled: return reenabled(found);
    case VerdictCode::kEventLoopBlocked: return blocked_loop(numbers);
    case VerdictCode::kDeadlock: return deadlock(numbers);
    case VerdictCode::kLockBound:
    case VerdictCode::kFreeThreadedContended: return lock_bound(numbers);
    case VerdictCode::kCpuStarved: return cpu_starved(numbers);
    case VerdictCode::kParallelProcesses: return parallel_processes(numbers);
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
