#include "warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "gilspy/wording.h"
#include "rules.h"

namespace gilspy::verdict {
namespace {

using wording::percent;

constexpr double kFewOfTheTicks = 0.8;      // of those that were asked for
constexpr double kManyLate = 0.1;           // of the ticks
constexpr double kManyGaps = 0.02;          // of the time
constexpr double kHoldersNotablyOff = 0.1;  // of the time
constexpr double kManyTruncated = 0.1;      // of the ticks
constexpr double kManyLost = 0.02;          // of the ticks
constexpr double kManyBlurred = 0.25;       // of the ticks
constexpr double kManyDeep = 0.01;          // of the threads' time
constexpr double kMuchUnknown = 0.1;        // of the threads' time
constexpr double kLongestAdvised = 600;     // seconds
constexpr std::string_view kGetTurns =
    "Record when less runs beside it, or with sudo: gilspy then gets its turns in time.";

using Found = std::optional<Warning>;

double share(std::uint64_t part, std::uint64_t whole) { return whole > 0 ? double(part) / double(whole) : 0.0; }
double share(Nanos part, Nanos whole) { return whole > Nanos{0} ? double(part.count()) / double(whole.count()) : 0.0; }
double seconds(Nanos time) { return std::chrono::duration<double>(time).count(); }

// So long that the margin, which shrinks with the root of the time, stays off the threshold; rounded up to two digits.
std::string for_how_long(const Evidence& row, Nanos duration) {
  const double distance = std::abs(row.value - *row.threshold);
  const double needed = seconds(duration) * std::pow(*row.margin / std::max(distance, 1e-9), 2);
  if (!(needed < kLongestAdvised))
    return "Record for longer (-d), and more than once: it is close to what is asked for.";
  const double step = std::pow(10, std::floor(std::log10(std::max(needed, 1.0))) - 1);
  const double rounded = std::max(1.0, std::ceil(needed / std::max(step, 1.0) - 1e-6) * std::max(step, 1.0));
  return fmt::format("Record for longer (-d {:.0f}).", rounded);
}

Found too_few_samples(const Profile& profile, const Numbers& n, const Claim& first) {
  if (first.code == VerdictCode::kInsufficientData || is_certain(first, n)) return std::nullopt;
  if (n.too_short) {
    return Warning{WarningCode::kTooFewSamples,
                   fmt::format("{} are too short to tell how far from the truth these figures are.",
                               wording::seconds(profile.duration)),
                   "Record for longer (-d 2)."};
  }
  const auto row = std::ranges::find_if_not(first.evidence, &Evidence::is_beyond_doubt);
  return Warning{
      WarningCode::kTooFewSamples,
      fmt::format("Too few samples for this verdict: {}. Another recording may say something else.", text_of(*row)),
      for_how_long(*row, profile.duration)};
}

Found ticks_late(const Profile& profile, const Numbers&, const Claim&) {
  const Quality& quality = profile.quality;
  const double late = share(quality.late, quality.ticks);
  if (late <= kManyLate) return std::nullopt;
  const std::string by = quality.lateness.count == 0 ? ""
                                                     : fmt::format(" (half of those by more than {}, the worst by {})",
                                                                   wording::span(quality.lateness.median),
                                                                   wording::span(quality.lateness.longest));
  return Warning{
      WarningCode::kTicksLate,
      fmt::format("{} of the ticks came late{}: the machine is busy, and shares are less certain.", percent(late), by),
      std::string(kGetTurns)};
}

Found gaps(const Profile& profile, const Numbers&, const Claim&) {
  if (share(profile.quality.gaps, profile.duration) <= kManyGaps) return std::nullopt;
  return Warning{WarningCode::kGaps,
                 fmt::format("gilspy itself did not run for {} of it (a busy machine, or it was stopped): that time is "
                             "unknown.",
                             wording::seconds(profile.quality.gaps)),
                 std::string(kGetTurns)};
}

// A tick that takes longer than its period is followed by the next but one; that is not late.
Found ticks_missed(const Profile& profile, const Numbers& n, const Claim& first) {
  const Quality& quality = profile.quality;
  if (quality.rate_hz <= 0 || double(quality.ticks) >= kFewOfTheTicks * double(quality.ticks_asked))
    return std::nullopt;
  if (ticks_late(profile, n, first) || gaps(profile, n, first)) return std::nullopt;  // that is why
  return Warning{WarningCode::kTicksMissed,
                 fmt::format("{} of {} ticks were made: one takes longer than the time between two.",
                             wording::grouped(quality.ticks), wording::grouped(quality.ticks_asked)),
                 "Ask for fewer (-r)."};
}

// By others: who has all CPUs that it may use shares them with nobody.
Found machine_overloaded(const Profile&, const Numbers& n, const Claim&) {
  const Starved how = starved(n);
  const bool holders_queue = n.holders_queued >= kHoldersNotablyOff && !are_cpus_exhausted(n);
  if (how != Starved::kByOthers && !(how == Starved::kNo && holders_queue)) return std::nullopt;
  std::string what = fmt::format("{:.1f} threads were ready to run and had no CPU on average", n.queued);
  if (n.holders_queued >= kHoldersNotablyOff) {
    what = n.gils_held > 1
               ? fmt::format("{:.1f} threads that had a GIL had no CPU on average", n.holders_queued)
               : fmt::format("for {} of the time the holder of the GIL had no CPU", percent(n.holders_queued));
  }
  return Warning{WarningCode::kMachineOverloaded,
                 fmt::format("The machine is overloaded: {}. Times depend on what else runs there.", what),
                 "Record when less runs beside it."};
}

Found truncated_stacks(const Profile& profile, const Numbers&, const Claim&) {
  const Quality& quality = profile.quality;
  if (share(quality.truncated, quality.ticks) <= kManyTruncated) return std::nullopt;
  return Warning{WarningCode::kTruncatedStacks,
                 fmt::format("{} stacks in {} ticks lack their last frames: that time is booked for the callers.",
                             wording::grouped(quality.truncated), wording::grouped(quality.ticks)),
                 quality.pauses.count > 0 ? "" : "--exact completes them, with brief stops."};
}

Found lost_stacks(const Profile& profile, const Numbers&, const Claim&) {
  const Quality& quality = profile.quality;
  const double lost = share(quality.discarded, quality.ticks);
  if (lost <= kManyLost) return std::nullopt;
  return Warning{
      WarningCode::kLostStacks,
      fmt::format("At {} of the ticks the holder's stack could not be kept: functions lack that time.", percent(lost)),
      quality.pauses.count > 0 ? "" : "--exact reads them, with brief stops."};
}

Found process_stopped(const Profile& profile, const Numbers&, const Claim&) {
  if (profile.quality.stopped <= Nanos{0}) return std::nullopt;
  return Warning{WarningCode::kProcessStopped,
                 fmt::format("The process was stopped for {} of it (SIGSTOP, job control or a debugger): that time is "
                             "unknown.",
                             wording::seconds(profile.quality.stopped)),
                 {}};
}

Found system_calls_not_told(const Profile& profile, const Numbers&, const Claim&) {
  if (profile.quality.system_calls_told) return std::nullopt;
  return Warning{
      WarningCode::kSystemCallsNotTold,
      "This kernel does not tell what threads are blocked in (/proc/PID/task/TID/syscall): who waits for the "
      "GIL cannot be told from who is blocked; their time is unknown.",
      {}};
}

Found unknown_time(const Profile& profile, const Numbers& n, const Claim& first) {
  const bool is_explained = first.code == VerdictCode::kInsufficientData || gaps(profile, n, first) ||
                            process_stopped(profile, n, first) || system_calls_not_told(profile, n, first);
  if (n.unknown_share <= kMuchUnknown || is_explained) return std::nullopt;
  return Warning{WarningCode::kUnknownTime,
                 fmt::format("What the threads did is unknown for {} of their time.", percent(n.unknown_share)),
                 "Ask for fewer samples (-r 100) if they take longer than the time between two of them."};
}

Found blurred_turns(const Profile& profile, const Numbers& n, const Claim&) {
  if (n.blurred_share <= kManyBlurred) return std::nullopt;
  return Warning{
      WarningCode::kBlurredTurns,
      fmt::format("{} of the ticks saw two or more hand-offs: turns shorter than a tick are blurred.",
                  percent(n.blurred_share)),
      profile.quality.rate_hz > 0 && profile.quality.rate_hz < 5000 ? "More ticks (-r) see more of them." : ""};
}

Found deep_stacks(const Profile& profile, const Numbers&, const Claim&) {
  const StackTable& table = profile.table;
  std::vector<bool> is_deep(table.stack_count());
  Nanos deep{0}, all{0};
  for (std::uint32_t i = 1; i < is_deep.size(); ++i) {
    is_deep[i] = is_deep[to_int(table.parent(StackId{i}))] || is_left_out(table.frame(table.leaf(StackId{i})));
  }
  for (const StackTime& row : profile.stacks) {
    all += row.time;
    if (is_deep[to_int(row.stack)]) deep += row.time;
  }
  if (share(deep, all) <= kManyDeep) return std::nullopt;
  return Warning{WarningCode::kDeepStacks,
                 fmt::format("For {} of the threads' time stacks were too deep to be told whole: \"{}\" stands for the "
                             "middle of them.",
                             percent(share(deep, all)), kFramesLeftOut),
                 {}};
}

}  // namespace

bool is_certain(const Claim& claim, const Numbers& numbers) {
  if (claim.code == VerdictCode::kInsufficientData) return true;
  return !numbers.too_short && std::ranges::all_of(claim.evidence, &Evidence::is_beyond_doubt);
}

std::vector<Warning> warnings(const Profile& profile, const Numbers& numbers, const Claim& first) {
  std::vector<Warning> all;
  for (const auto find :
       {too_few_samples, ticks_late, gaps, ticks_missed, machine_overloaded, process_stopped, system_calls_not_told,
        unknown_time, lost_stacks, truncated_stacks, deep_stacks, blurred_turns}) {
    if (Found found = find(profile, numbers, first)) all.push_back(std::move(*found));
  }
  return all;
}

}  // namespace gilspy::verdict
