#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "formats/thread_rows/lock_rows.h"
#include "formats/thread_rows/loop_rows.h"
#include "gilspy/wording.h"
#include "process_table.h"
#include "terminal.h"
#include "text.h"
#include "thread_table.h"

namespace gilspy::terminal {
namespace {

using wording::count_of;
using wording::percent;

constexpr std::size_t kMostCulprits = 4;
constexpr std::size_t kMostLocks = 4;
constexpr std::size_t kMostLoops = 3;
constexpr std::uint64_t kEnoughWaits = 20;
constexpr double kSure = 0.75;
constexpr double kSomeWaiters = 0.05;  // fewer, and nobody speaks of the GIL that they wait for
constexpr double kNotablyLess = 0.97;

double cpus_of(Nanos time, const Profile& profile) {
  return profile.duration > Nanos{0} ? double(time.count()) / double(profile.duration.count()) : 0.0;
}

std::string native_threads(const Profile& profile) {
  std::uint64_t count = 0;
  Nanos cpu{0};
  for (const ThreadProfile& thread : profile.threads) {
    if (thread.info.python || cpus_of(thread.cpu, profile) < 0.01) continue;
    ++count;
    cpu += thread.cpu;
  }
  if (count == 0) return {};
  return fmt::format("{} without Python used {} of one CPU.", count_of(count, "native thread"),
                     percent(cpus_of(cpu, profile)));
}

std::string who_makes_others_wait(const Profile& profile, const Verdict& verdict, std::size_t width) {
  const std::vector<Culprit> culprits = notable_culprits(profile, verdict);
  if (culprits.empty()) return {};
  std::string text = "Who makes others wait:\n";
  for (std::size_t i = 0; i < std::min(kMostCulprits, culprits.size()); ++i) {
    const Culprit& culprit = culprits[i];
    const std::string caller = culprit.caller.empty() ? "" : fmt::format(", called by {}", unbroken(culprit.caller));
    const std::string share = fmt::format("{:>8}  ", percent(culprit.share));
    text += wrap(unbroken(share + work_of(culprit)) + caller, width, share.size());
  }
  return text;
}

// "    2.9 threads for self._lock of Pool (_thread.lock); worker-2 had it, mostly in work (pool.py:88)"
std::string locks_waited_for(const Profile& profile, std::size_t width) {
  const std::vector<thread_rows::LockRow> rows = thread_rows::lock_rows(profile, kMostLocks);
  if (rows.empty()) return {};
  std::string text = wrap("Locks that threads waited for, on average:", width, 2);
  for (const thread_rows::LockRow& row : rows) {
    const std::string waiters = fmt::format("{:>8.2f}  ", row.waiters);
    std::string line = unbroken(waiters + row.name);
    if (!row.what.empty()) line += fmt::format(" ({})", row.what);
    if (!row.owner.empty()) {
      line += fmt::format("; {} had it{}", row.owner, row.inferred ? ", by its `with` statement" : "");
      if (!row.function.empty()) line += ", in " + unbroken(row.function);
      if (!row.next.empty()) {
        line += fmt::format(", and itself waited for {} {} of that time", unbroken(row.next), percent(row.next_share));
      }
    } else {
      line += "; who had it is not known";
    }
    text += wrap(line, width, waiters.size());
  }
  return text;
}

// Of the GIL that a headline speaks of, where there are several interpreters: how it is called, and how long it was
// held.
std::string how_exact_of_one(const Profile& profile) {
  const auto most = std::ranges::max_element(profile.gils, {}, [](const GilProfile& gil) {
    return std::pair(gil.mean_waiters >= kSomeWaiters ? gil.mean_waiters : 0.0, gil.utilization());
  });
  if (!most->margins) return {};
  return fmt::format("{} held {} {}, {:.1f} {} threads waiting for it, {} ± {:.2f} CPUs used (95 % sure).",
                     wording::gil_name(profile, *most), percent(most->utilization()),
                     wording::plus_minus(most->margins->utilization * 100), most->mean_waiters,
                     wording::plus_minus(most->margins->mean_waiters), wording::cpus(profile.parallelism()),
                     std::max(profile.margins->cpus, 0.01));
}

// The headline's figures, and how far from them the true ones may be.
std::string how_exact(const Profile& profile) {
  const auto busiest = std::ranges::max_element(profile.gils, {}, &GilProfile::utilization);
  if (!profile.margins || busiest == profile.gils.end() || !busiest->margins || !profile.target.gil_enabled) return {};
  if (profile.processes.size() < 2 && profile.has_several_interpreters(busiest->process)) {
    return how_exact_of_one(profile);
  }
  Nanos waiting{0};
  for (const ThreadProfile& thread : profile.threads) waiting += thread.times[index_of(Activity::kWaitsForGil)];
  const Nanos sampled = std::max(profile.sampled(), Nanos{1});
  return fmt::format("GIL held {} {}, {:.1f} {} threads waiting for it, {} ± {:.2f} CPUs used (95 % sure).",
                     percent(busiest->utilization()), wording::plus_minus(busiest->margins->utilization * 100),
                     double(waiting.count()) / double(sampled.count()), wording::plus_minus(profile.margins->waiting),
                     wording::cpus(profile.parallelism()), std::max(profile.margins->cpus, 0.01));
}

// Of the GIL that most wait for.
std::string how_long_it_takes(const Profile& profile) {
  const auto busiest = std::ranges::max_element(profile.gils, {}, &GilProfile::mean_waiters);
  if (busiest == profile.gils.end() || busiest->to_get_gil.count < kEnoughWaits) return {};
  const Spread& wait = busiest->to_get_gil;
  return fmt::format(
      "{} for the {} were timed: half took less than {}, 99 % less than {}; half of the turns with it {}.",
      count_of(wait.count, "wait"), profile.processes.size() < 2 ? wording::gil_name(profile, *busiest) : "GIL",
      wording::span(wait.median), wording::span(wait.p99), wording::span(busiest->tenure.median));
}

std::string without_the_gil(const Profile& profile, const Verdict& verdict) {
  if (!is_gil_the_limit(verdict.code)) return {};
  const std::string cpus = wording::these_cpus(profile.cpus);
  std::string text = fmt::format("Without the GIL: {} on {}", wording::speedup(verdict.possible_speedup), cpus);
  const auto& released = verdict.what_if.if_released;
  if (released && released->factor < kNotablyLess * verdict.possible_speedup) {
    text += fmt::format("; if only {} let go of it: {}", unbroken(released->function),
                        unbroken(wording::speedup(released->factor)));
  }
  return text + ".";
}

// What holds beside the headline.
std::string further_claims(const Verdict& verdict, std::size_t width) {
  std::string text;
  for (std::size_t i = 1; i < verdict.claims.size(); ++i) text += wrap("Also: " + verdict.claims[i].sentence, width, 2);
  return text;
}

std::string next_steps(const Verdict& verdict, std::size_t width) {
  if (verdict.advice.empty()) return {};
  if (verdict.advice.size() == 1) return wrap("Next: " + verdict.advice.front(), width, 2);
  std::string text = "Next, a choice of:\n";
  for (const std::string& line : verdict.advice) text += "  " + wrap("- " + line, width - 2, 4);
  return text;
}

// A verdict that other numbers of the next recording may turn over.
std::string how_sure(const Verdict& verdict, std::size_t width) {
  if (verdict.claims.empty() || verdict.claims.front().confidence >= kSure) return {};
  const Claim& claim = verdict.claims.front();
  std::string evidence;
  for (const Evidence& row : claim.evidence) evidence += (evidence.empty() ? "" : ", ") + text_of(row);
  return wrap(fmt::format("Not far from another verdict (confidence {}): {}.", percent(claim.confidence), evidence),
              width);
}

std::string warnings(const Verdict& verdict, std::size_t width) {
  std::string text;
  for (const Warning& warning : verdict.warnings) text += wrap("Warning: " + text_of(warning), width, 2);
  return text;
}

std::string notes(const Profile& profile, std::size_t width) {
  const Quality& quality = profile.quality;
  std::string text;
  for (const std::string& line : profile.unread)
    text += wrap("Not recorded: " + wording::printable(line) + ".", width, 2);
  if (!profile.end_note.empty()) text += wrap("It ended early: " + wording::printable(profile.end_note) + ".", width);
  if (quality.pauses.count > 0) {
    text +=
        wrap(fmt::format("Who ran was stopped {} to be read: half of the stops took less than {}, the longest {}, all "
                         "together {} of the time.",
                         wording::times(quality.pauses.count), wording::micros(quality.pauses.median),
                         wording::micros(quality.pauses.longest), percent(cpus_of(quality.pauses.total, profile))),
             width);
  }
  if (const std::uint64_t all = quality.native.all(); all > 0) {
    const auto share = [&](std::uint64_t part) { return percent(double(part) / double(all)); };
    text += wrap(fmt::format("Native functions: of {} {} are whole, {} lack some, {} are Python's frames alone.",
                             count_of(all, "stack"), share(quality.native.whole), share(quality.native.cut),
                             share(quality.native.lost)),
                 width);
  }
  if (quality.pauses.denied > 0) {
    text += wrap(count_of(quality.pauses.denied, "tick") +
                     " had to do without stopping: another tracer (a debugger, strace) was in the way, or the kernel "
                     "forbade it.",
                 width);
  }
  if (quality.errors > 0) text += wrap(count_of(quality.errors, "tick") + " could not be read.", width);
  return text;
}

std::string ticks_of(const Profile& profile) {
  const std::string ticks = wording::ticks_made(profile.quality);
  if (profile.processes.size() < 2) return ticks;
  return fmt::format("{} of {} processes", ticks, wording::grouped(profile.processes.size()));
}

std::string quality_and_cost(const Profile& profile, const TerminalOptions& options, std::size_t width) {
  const Quality& quality = profile.quality;
  const std::string facts = fmt::format(
      "{} in {}, {} late; stacks: {} read again, {} truncated, {} discarded; {} of the time unknown; gilspy "
      "used {:.1f} % of one CPU.",
      ticks_of(profile), wording::seconds(profile.duration), wording::grouped(quality.late),
      wording::grouped(quality.retried), wording::grouped(quality.truncated), wording::grouped(quality.discarded),
      percent(profile.unknown_share()), cpus_of(profile.self.cpu, profile) * 100);
  if (options.output_path.empty()) return wrap(facts, width);
  // A path is never broken: it is there to be clicked and copied.
  const std::string one_line = fmt::format("{}  ->  {}\n", facts, options.output_path);
  if (columns(one_line) - 1 <= width) return one_line;
  return fmt::format("{}->  {}\n", wrap(facts, width), options.output_path);
}

}  // namespace

std::string summary(const Profile& profile, const Verdict& verdict, const TerminalOptions& options) {
  const auto width = static_cast<std::size_t>(std::clamp(options.width, 40, 200));
  const Pen pen{options.colour};
  const std::string headline = wrap(verdict.headline, width);
  std::string text = pen.bold(std::string_view(headline).substr(0, headline.size() - 1)) + "\n";
  text += further_claims(verdict, width);
  if (const std::string table = process_table(profile, verdict, width, pen); !table.empty()) text += "\n" + table;
  if (const std::string table = thread_table(profile, width, pen); !table.empty()) text += "\n" + table;
  text += "\n";
  const auto add = [&](const std::string& line) {
    if (!line.empty()) text += wrap(line, width, 2);
  };
  add(how_exact(profile));
  add(native_threads(profile));
  text += who_makes_others_wait(profile, verdict, width) + locks_waited_for(profile, width);
  for (const thread_rows::LoopRow& row : thread_rows::loop_rows(profile, kMostLoops)) add(thread_rows::text_of(row));
  for (const std::string& line :
       {how_long_it_takes(profile), without_the_gil(profile, verdict), verdict.what_if.single_thread_price}) {
    add(line);
  }
  text += next_steps(verdict, width);
  text += "\n" + how_sure(verdict, width) + warnings(verdict, width) + notes(profile, width);
  return text + quality_and_cost(profile, options, width);
}

}  // namespace gilspy::terminal
