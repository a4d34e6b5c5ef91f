#include <fmt/format.h>

#include "gilspy/wording.h"
#include "rules.h"
#include "sentences.h"

namespace gilspy::verdict {
namespace {

using Lines = std::vector<std::string>;

constexpr std::string_view kReferenceCounts =
    "If threads are slower side by side although none waits: they may share objects. CPUs then take turns with the "
    "reference counts, which gilspy cannot see.";

// Whose work to move elsewhere: the program's own function, not the library's that it called.
std::string first_culprit(const Case& found, std::string_view otherwise) {
  if (found.culprits.empty()) return std::string(otherwise);
  const Culprit& first = found.culprits.front();
  return first.caller.empty() ? first.function : first.caller;
}

std::string without_gil(const TargetFacts& target) {
  if (target.free_threaded && !target.gil_set_by.empty()) {
    return "Turn the GIL off: it is on because of " + target.gil_set_by + ".";
  }
  if (target.free_threaded) {
    return "Turn the GIL off: PYTHON_GIL=0 or -X gil=0; or find the extension module that turned it on (Python warns "
           "when it imports one).";
  }
  return "Free-threaded Python (python3.13t and later) runs pure Python threads side by side.";
}

Lines for_serialized(const Case& found) {
  const Numbers& n = found.numbers;
  const TargetFacts& target = found.target;
  Lines lines;
  if (n.cpus_available < kMoreThanOne) {
    lines.push_back("More CPUs: this process may use only one, so nothing else can help.");
  }
  if (target.free_threaded) lines.push_back(without_gil(target));
  lines.push_back(fmt::format("Processes: move {} to a ProcessPoolExecutor; each process has a GIL of its own.",
                              first_culprit(found, "the work")));
  if (!target.free_threaded) {
    lines.push_back(without_gil(target));
    const OneGil* const gil = n.contended_gil();
    lines.push_back(
        gil != nullptr && gil->is_shared
            ? "GILs of their own for interpreters that share one: concurrent.interpreters.create() and an "
              "InterpreterPoolExecutor give each its own (Python 3.14 and later)."
            : "Subinterpreters (Python 3.14 and later): an InterpreterPoolExecutor gives each of its threads a GIL of "
              "its own.");
  }
  lines.push_back("Native code that releases the GIL while it computes: NumPy, or Cython with nogil.");
  if (n.handoffs_per_second >= kManyHandoffs) {
    lines.push_back(fmt::format("Fewer hand-offs ({} a second): larger pieces of work between I/O calls and locks.",
                                wording::grouped(static_cast<std::uint64_t>(n.handoffs_per_second))));
  }
  return lines;
}

Lines for_hogged(const Case& found) {
  const Numbers& n = found.numbers;
  Lines lines;
  if (n.hogged_is_shared) {
    lines.push_back(
        "Interpreters that share a GIL in Python 3.9 to 3.12 do not ask each other to let go of it: give them "
        "GILs of their own, a newer Python, or processes.");
  }
  const std::string caller = first_culprit(found, "the thread");
  const bool is_named = !found.culprits.empty() && !found.culprits.front().native.empty();
  const std::string code = is_named ? fmt::format("{}, which {} calls", found.culprits.front().native, caller)
                                    : fmt::format("the native code that {} calls", caller);
  lines.push_back(
      fmt::format("Release the GIL in {}: Py_BEGIN_ALLOW_THREADS, nogil in Cython, ctypes.CDLL instead of "
                  "PyDLL.{}",
                  code, is_named ? "" : " `record --native` names it."));
  lines.push_back("Not your code? Make that call in a process of its own, or in smaller pieces.");
  return lines;
}

Lines for_stopped_world(const Numbers& n) {
  return {fmt::format("Look at {}: a garbage collection stops all threads, and so does what changes a class, a fork "
                      "or a trace function.",
                      n.lock.owner.empty() ? "who collects garbage" : n.lock.owner),
          "Let it collect less often (gc.set_threshold, gc.freeze behind the start), or make fewer objects that refer "
          "to each other."};
}

Lines for_lock_bound(const Numbers& n) {
  if (n.lock.kind == LockKind::kStopTheWorld) return for_stopped_world(n);
  Lines lines;
  if (!n.lock.owner.empty()) {
    lines.push_back(fmt::format("Do less in {} while it has {}: what needs no lock belongs before it or behind it.",
                                n.lock.owner, n.lock.name));
  } else if (n.lock.kind == LockKind::kLock) {
    lines.emplace_back(
        "Who had it is not known: whoever calls acquire() without `with`, or never lets go of it. gilspy dump --pid "
        "shows the stacks of all threads.");
  }
  if (!n.gil_enabled) {
    lines.push_back("Give each thread an object of its own and put the results together at the end.");
    lines.emplace_back(kReferenceCounts);
    return lines;
  }
  if (n.lock.owner_for_gil >= 0.3)
    lines.push_back("Its owner waits for the GIL: fewer busy threads beside it let go of the lock sooner.");
  lines.push_back("Several locks instead of one (one a key, one a shard), or a queue that one thread works off.");
  return lines;
}

Lines for_deadlock(const Numbers& n) {
  if (n.circle.threads.size() == 1) return {"Use a threading.RLock, or do not take the lock again where it is had."};
  return {"Take locks in the same order everywhere, or hold one at a time: then no such circle can come about.",
          "gilspy dump --pid shows the stacks of all threads that take part."};
}

Lines for_blocked_loop(const Numbers& n) {
  if (n.loop.asleep >= 0.5) {
    return {
        "Await it: with asyncio.sleep(), an asynchronous client, asyncio.create_subprocess_exec(), asyncio.Lock or "
        "Queue.",
        fmt::format("Or let a thread wait for it: await asyncio.to_thread(...) around what {} calls.",
                    n.loop.function)};
  }
  return {fmt::format("Move the computing of {} to a ProcessPoolExecutor: await loop.run_in_executor(pool, ...).",
                      n.loop.function),
          "Or cut it into pieces with await asyncio.sleep(0) between them."};
}

Lines for_starved(const Numbers& n) {
  switch (starved(n)) {
    case Starved::kByThrottling:
      return {"Raise the CPU quota of its cgroup (cpu.max, the CPU limit of the container).",
              "Or run fewer threads: those beyond the quota only use it up sooner."};
    case Starved::kByOthers:
      return {"Look at what else runs on this machine (top): these threads were ready to run, but had no CPU."};
    case Starved::kByLimit:
    case Starved::kWithTheGil:
    case Starved::kNo: break;
  }
  if (n.has_quota) return {"Raise the CPU quota of its cgroup (cpu.max, the CPU limit of the container)."};
  return {"Let it use more CPUs: its affinity keeps it from those that the machine has (taskset, cpuset, numactl)."};
}

Lines for_parallel(const Numbers& n) {
  Lines lines;
  if (are_cpus_exhausted(n)) {
    lines = {"More CPUs, or less work: the ones that this process may use are busy."};
  } else if (is_starved(n)) {
    lines = {"Look at what else runs on this machine: these threads were ready to run, but had no CPU."};
  } else {
    lines = {fmt::format("More {} may use the remaining CPUs; the flame graph shows what they run.",
                         is_parallel_by_processes(n) ? "processes" : "threads")};
  }
  if (n.free_threaded && !n.gil_enabled) lines.emplace_back(kReferenceCounts);
  return lines;
}

Lines for_single(const Numbers& n) {
  if (n.for_locks >= kNotableWaiters)
    return {"Hold the locks for less time: the flame graph shows who waits for them."};
  if (n.python_threads > 1 && n.top_share < kMostOfTheWork && !in_succession(n)) {
    return {
        "See what the others wait for (the stacks of blocked threads: --idle): a lock that they share lets one run at "
        "a time; waiting for I/O overlaps with more threads, or asyncio."};
  }
  return {"Threads can help only if there is work for more than one at a time: split it first.",
          n.gil_enabled ? "Then processes for pure Python, threads for native code that releases the GIL."
                        : "Then threads, for pure Python as well as for native code."};
}

// Time is unknown where the next sample came late: stacks too deep, a rate too high, or a machine too busy.
std::vector<std::string> for_insufficient(const Numbers& numbers) {
  if (numbers.stopped_share > kMostlyUnknown) return {"Let it go on (kill -CONT), then record."};
  if (numbers.unknown_share <= kMostlyUnknown) return {"Record for longer (-d 10)."};
  return {"Ask for fewer samples (-r 100): they took longer than the time between two of them.",
          "On a busy machine, run gilspy with sudo: it may then go before others."};
}

}  // namespace

std::vector<std::string> advice(VerdictCode code, const Case& found) {
  const Numbers& numbers = found.numbers;
  switch (code) {
    case VerdictCode::kGilReenabled:
    case VerdictCode::kSerializedByGil: return for_serialized(found);
    case VerdictCode::kGilHoggedByNativeCall: return for_hogged(found);
    case VerdictCode::kEventLoopBlocked: return for_blocked_loop(numbers);
    case VerdictCode::kDeadlock: return for_deadlock(numbers);
    case VerdictCode::kLockBound:
    case VerdictCode::kFreeThreadedContended: return for_lock_bound(numbers);
    case VerdictCode::kCpuStarved: return for_starved(numbers);
    case VerdictCode::kParallelProcesses:
    case VerdictCode::kParallelFreeThreaded:
    case VerdictCode::kParallelInterpreters:
    case VerdictCode::kParallelNative: return for_parallel(numbers);
    case VerdictCode::kSingleThreaded: return for_single(numbers);
    case VerdictCode::kIoBound:
      return {"More requests at the same time: more threads, or asyncio; the CPUs are nearly free.",
              "See what they wait for: the stacks of blocked threads (--idle; a page has them)."};
    case VerdictCode::kIdle: return {"Record while the program is at work."};
    case VerdictCode::kInsufficientData: return for_insufficient(numbers);
  }
  return {};
}

}  // namespace gilspy::verdict
