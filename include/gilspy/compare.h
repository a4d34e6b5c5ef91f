// compare: what changed between two recordings, beyond noise? A pure function of two profiles and their verdicts.
//
// A figure is a time per second of recording ("s/s": 0.42 s/s of waiting is 0.42 threads that wait, on average), or per
// unit of work where it is told how much work was done. What may be noise: see docs/diff.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gilspy/profile.h"
#include "gilspy/verdict.h"

namespace gilspy {

// A figure on both sides. All intervals of a comparison hold together with 95 % certainty.
struct Change {
  double base = 0;
  double head = 0;
  double low = 0;  // head - base lies between low and high
  double high = 0;
  bool known = false;  // false: too little was recorded, there is no interval

  double difference() const { return head - base; }
  bool beyond_noise() const { return known && (low > 0 || high < 0); }
  bool operator==(const Change&) const = default;
};

// What a function's time is spent on, while it is the innermost function of a thread.
enum class Measure : std::uint8_t {
  kBlame,  // others wait for the GIL because it holds it
  kHeld,   // it holds the GIL
  kWait,   // it waits for the GIL
};
inline constexpr std::array kMeasures{Measure::kBlame, Measure::kHeld, Measure::kWait};

constexpr std::string_view key(Measure measure) {
  constexpr std::array<std::string_view, kMeasures.size()> kKeys{"blame", "held", "wait"};
  return kKeys[static_cast<std::size_t>(measure)];
}

struct FunctionChange {
  std::string function;  // "is_prime (primes.py:4)": with the line of HEAD, or of BASE if HEAD has no such function
  Measure measure = Measure::kBlame;
  Change self;
  double base_total = 0;  // anywhere on the stack, functions that it calls included
  double head_total = 0;
  bool in_base = true;  // false: no stack of BASE has it, whatever its threads did
  bool in_head = true;
};

// Of the whole process.
struct TotalChanges {
  Change cpus;        // that it used: its parallelism
  Change held;        // GILs that were held at a time: with one GIL, its utilisation
  Change waiters;     // threads that waited, mean over time
  Nanos base_p99{0};  // 99 % of the waits for the GIL took less; 0: none were timed
  Nanos head_p99{0};
};

// What is known of one of the two recordings beside its profile.
struct ComparedSide {
  Nanos sampled{0};
  std::optional<double> work;  // units that were done meanwhile
  VerdictCode verdict = VerdictCode::kInsufficientData;
  // By FrameId: the function and its file as both recordings call it, without lines, which move.
  std::vector<std::string> frame_names;

  // What a time in this recording is multiplied with to become a figure.
  double per_unit() const {
    const double seconds = double(sampled.count()) / 1e9;
    if (work) return *work > 0 ? 1e-9 / *work : 0.0;
    return seconds > 0 ? 1e-9 / seconds : 0.0;
  }
};

struct Comparison {
  ComparedSide base;
  ComparedSide head;
  std::string headline;                 // the answer in one line
  std::vector<FunctionChange> changed;  // beyond noise: by measure, the greatest difference first
  std::vector<FunctionChange> others;   // the rest of what was compared, in the same order
  TotalChanges totals;
  std::size_t figures = 0;           // compared: functions and totals
  std::vector<std::string> remarks;  // one line each: what makes the two hard to compare

  bool per_work() const { return base.work && head.work; }
  // What a time of BASE is multiplied with to be compared with a time of HEAD: as if both had lasted as long, or had
  // done as much.
  double base_to_head() const {
    if (per_work()) return *base.work > 0 ? *head.work / *base.work : 0.0;
    return base.sampled > Nanos{0} ? double(head.sampled.count()) / double(base.sampled.count()) : 0.0;
  }
};

std::string_view figure_unit(bool per_work);                     // "s/s", "ms per unit"
std::string figure_text(double figure, bool per_work);           // "0.42", "37.1": in that unit
std::string signed_figure_text(double figure, bool per_work);    // "+0.42"
std::string interval_text(const Change& change, bool per_work);  // "+0.37 to +0.47"; "?" if it is not known
// "is_prime (primes.py:4) makes others wait 0.42 s/s more (0.37 to 0.47)"
std::string text_of(const FunctionChange& row, bool per_work);
// "verdict: serialized_by_gil -> parallel_native", "verdict: idle, as before"
std::string verdict_change(const Comparison& comparison);
// What was compared and what the intervals mean, in a sentence.
std::string how_compared(const Comparison& comparison);

namespace compare {

struct Recorded {
  const Profile& profile;
  const Verdict& verdict;
  std::optional<double> work;  // of both recordings, or of none
};

Comparison compare(const Recorded& base, const Recorded& head);

}  // namespace compare
}  // namespace gilspy
