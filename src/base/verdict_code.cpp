#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "gilspy/verdict.h"
#include "gilspy/wording.h"

namespace gilspy {
namespace {

std::string quantity(Unit unit, double value) {
  switch (unit) {
    case Unit::kShare: return wording::percent(value);
    case Unit::kThreads: return value < 0.995 ? fmt::format("{:.2g}", value) : fmt::format("{:.1f}", value);
    case Unit::kCpus: return value < 0.095 ? fmt::format("{:.2g}", value) : wording::cpus(value);
    case Unit::kSeconds: return fmt::format("{:.2f} s", value);
    case Unit::kCount: return wording::grouped(static_cast<std::uint64_t>(value));
    case Unit::kWords: break;
  }
  return {};
}

// " ± 2"
std::string margin_text(Unit unit, double margin) {
  switch (unit) {
    case Unit::kShare: return " " + wording::plus_minus(margin * 100);
    case Unit::kThreads:
      if (margin >= 0.095) return " " + wording::plus_minus(margin);
      return fmt::format(" ± {:.2f}", std::max(margin, 0.01));
    case Unit::kCpus: return fmt::format(" ± {:.2f}", std::max(margin, 0.01));
    case Unit::kSeconds:
    case Unit::kCount:
    case Unit::kWords: break;
  }
  return {};
}

}  // namespace

std::string_view code_name(VerdictCode code) {
  constexpr std::array<std::string_view, 16> kNames{"gil_reenabled",
                                                    "serialized_by_gil",
                                                    "gil_hogged_by_native_call",
                                                    "event_loop_blocked",
                                                    "deadlock",
                                                    "lock_bound",
                                                    "free_threaded_contended",
                                                    "cpu_starved",
                                                    "parallel_processes",
                                                    "parallel_free_threaded",
                                                    "parallel_interpreters",
                                                    "parallel_native",
                                                    "single_threaded",
                                                    "io_bound",
                                                    "idle",
                                                    "insufficient_data"};
  return kNames[static_cast<std::size_t>(code)];
}

bool is_gil_the_limit(VerdictCode code) {
  return code == VerdictCode::kSerializedByGil || code == VerdictCode::kGilHoggedByNativeCall ||
         code == VerdictCode::kGilReenabled;
}

std::vector<Culprit> notable_culprits(const Profile& profile, const Verdict& verdict) {
  constexpr double kLeastWaiters = 0.05;
  constexpr double kLeastShare = 0.01;
  const bool anybody_waits =
      std::ranges::any_of(profile.gils, [](const GilProfile& gil) { return gil.mean_waiters >= kLeastWaiters; });
  std::vector<Culprit> notable;
  if (!anybody_waits) return notable;
  std::ranges::copy_if(verdict.culprits, std::back_inserter(notable),
                       [](const Culprit& culprit) { return culprit.share >= kLeastShare; });
  return notable;
}

std::string_view key(Unit unit) {
  constexpr std::array<std::string_view, 6> kKeys{"share", "threads", "cpus", "seconds", "count", "words"};
  return kKeys[static_cast<std::size_t>(unit)];
}

std::string work_of(const Culprit& culprit) {
  return culprit.native.empty() ? culprit.function : fmt::format("{} -> {}", culprit.function, culprit.native);
}

std::string text_of(const Culprit& culprit) {
  return culprit.caller.empty() ? work_of(culprit) : fmt::format("{}, called by {}", work_of(culprit), culprit.caller);
}

bool Evidence::is_beyond_doubt() const {
  if (!threshold || !margin) return true;
  return at_most ? value + *margin <= *threshold : value - *margin >= *threshold;
}

std::string_view code_name(WarningCode code) {
  constexpr std::array<std::string_view, 12> kNames{
      "too_few_samples",    "ticks_missed",          "ticks_late",   "gaps",
      "machine_overloaded", "truncated_stacks",      "lost_stacks",  "blurred_turns",
      "process_stopped",    "system_calls_not_told", "unknown_time", "deep_stacks"};
  return kNames[static_cast<std::size_t>(code)];
}

std::string text_of(const Warning& warning) {
  return warning.next_step.empty() ? warning.sentence : fmt::format("{} {}", warning.sentence, warning.next_step);
}

std::string text_of(const Evidence& evidence) {
  if (evidence.unit == Unit::kWords) return fmt::format("{} {}", evidence.name, evidence.words);
  const std::string value = fmt::format("{} {}{}", evidence.name, quantity(evidence.unit, evidence.value),
                                        evidence.margin ? margin_text(evidence.unit, *evidence.margin) : "");
  if (!evidence.threshold) return value;
  return fmt::format("{} ({} {})", value, evidence.at_most ? "at most" : "needs",
                     quantity(evidence.unit, *evidence.threshold));
}

}  // namespace gilspy
