#include <fmt/format.h>

#include <array>
#include <cmath>

#include "gilspy/verdict.h"
#include "gilspy/wording.h"

namespace gilspy {
namespace {

std::string quantity(Unit unit, double value) {
  switch (unit) {
    case Unit::kShare: return wording::percent(value);
    case Unit::kThreads: return fmt::format("{:.1f}", value);
    case Unit::kCpus: return wording::cpus(value);
    case Unit::kSeconds: return fmt::format("{:.2f} s", value);
    case Unit::kCount: return wording::grouped(static_cast<std::uint64_t>(value));
    case Unit::kWords: break;
  }
  return {};
}

}  // namespace

std::string_view code_name(VerdictCode code) {
  constexpr std::array<std::string_view, 12> kNames{"gil_reenabled",
                                                    "serialized_by_gil",
                                                    "gil_hogged_by_native_call",
                                                    "event_loop_blocked",
                                                    "cpu_starved",
                                                    "parallel_free_threaded",
                                                    "parallel_interpreters",
                                                    "parallel_native",
                                                    "single_threaded",
                                                    "io_bound",
                                                    "idle",
                                                    "insufficient_data"};
  return kNames[static_cast<std::size_t>(code)];
}

std::string_view key(Unit unit) {
  constexpr std::array<std::string_view, 6> kKeys{"share", "threads", "cpus", "seconds", "count", "words"};
  return kKeys[static_cast<std::size_t>(unit)];
}

std::string text_of(const Culprit& culprit) {
  return culprit.caller.empty() ? culprit.function : fmt::format("{}, called by {}", culprit.function, culprit.caller);
}

std::string text_of(const Evidence& evidence) {
  if (evidence.unit == Unit::kWords) return fmt::format("{} {}", evidence.name, evidence.words);
  const std::string value = fmt::format("{} {}", evidence.name, quantity(evidence.unit, evidence.value));
  if (!evidence.threshold) return value;
  return fmt::format("{} ({} {})", value, evidence.at_most ? "at most" : "needs",
                     quantity(evidence.unit, *evidence.threshold));
}

}  // namespace gilspy
