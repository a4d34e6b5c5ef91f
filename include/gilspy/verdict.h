// verdict: why was there no speed-up, and what would help? A pure function of the profile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gilspy/profile.h"

namespace gilspy {

enum class VerdictCode : std::uint8_t {
  kGilReenabled,
  kSerializedByGil,
  kGilHoggedByNativeCall,
  kEventLoopBlocked,
  kDeadlock,
  kLockBound,
  kFreeThreadedContended,
  kCpuStarved,
  kParallelProcesses,
  kParallelFreeThreaded,
  kParallelInterpreters,
  kParallelNative,
  kSingleThreaded,
  kIoBound,
  kIdle,
  kInsufficientData,
};
std::string_view code_name(VerdictCode code);  // "serialized_by_gil"

struct Culprit {
  std::string function;  // "is_prime (primes.py:4)"
  double share = 0;      // of all waiting that it caused, 0..1
  std::string caller;    // where `function` is Python's own library: who of the program called it most; else empty
  // What the function mostly called natively: "sre_match [_sre]"; empty: nothing in particular, or not recorded.
  std::string native{};
};
std::string work_of(const Culprit& culprit);  // "match (re.py:189) -> sre_match [_sre]"
std::string text_of(const Culprit& culprit);  // "iterencode (json/encoder.py:200), called by render (app.py:12)"

enum class Unit : std::uint8_t { kShare, kThreads, kCpus, kSeconds, kCount, kWords };
std::string_view key(Unit unit);  // "share", "threads", "cpus", "seconds", "count", "words"

// A number that a claim rests on, beside the one that its rule asks for; or a fact in words.
struct Evidence {
  std::string name;  // "GIL held"
  Unit unit = Unit::kShare;
  double value = 0;
  std::optional<double> threshold;  // none: said for information
  bool at_most = false;             // the rule asks for no more than the threshold; else for no less
  std::string words;                // kWords: instead of a value
  std::optional<double> margin{};   // of error, see margins.h

  // Whether the value is on its side of the threshold all the way through its interval.
  bool is_beyond_doubt() const;
};
std::string text_of(const Evidence& evidence);  // "GIL held 99 % (needs 20 %)", "turned on by -X gil=1"

struct Claim {
  VerdictCode code = VerdictCode::kInsufficientData;
  std::string sentence;
  std::vector<Evidence> evidence;
  // 0..1: how far the numbers are from where the claim would not hold, and how much was seen of the process.
  double confidence = 0;
  std::string next_step;  // one line
};

// What would change: upper bounds, not promises. All factors are at least 1.
struct WhatIf {
  struct IfReleased {
    std::string function;  // as Culprit::function
    double factor = 1;
  };
  bool known = false;  // false: nothing was computed (too little data, an idle process)
  double cpus = 1;     // that the process may use
  double without_gil = 1;
  double with_processes = 1;
  std::optional<IfReleased> if_released;  // if the function that makes others wait most let go of the GIL
  std::vector<std::string> assumptions;   // one line each
  std::string single_thread_price;  // what a free-threaded build costs a single thread; empty: not a question here
};

// Of Python threads; who visits other interpreters counts once.
struct ThreadCounts {
  std::uint64_t all = 0;
  std::uint64_t working = 0;  // as headlines count them: held the GIL, waited for it or ran without it for a good part
};

// Why an answer is worth less than it seems.
enum class WarningCode : std::uint8_t {
  kTooFewSamples,      // another recording may well say something else
  kTicksMissed,        // far fewer ticks than were asked for
  kTicksLate,          // the sampler got its CPU late
  kGaps,               // or not at all for a while
  kMachineOverloaded,  // threads that could run had to wait for CPUs that others had
  kTruncatedStacks,
  kLostStacks,
  kBlurredTurns,
  kProcessStopped,
  kSystemCallsNotTold,
  kUnknownTime,  // for no reason named above
  kDeepStacks,   // of which the middle is left out
};
std::string_view code_name(WarningCode code);  // "too_few_samples"

struct Warning {
  WarningCode code{};
  std::string sentence;
  std::string next_step;  // what to do about it; empty: nothing
};
std::string text_of(const Warning& warning);  // both

struct Verdict {
  VerdictCode code = VerdictCode::kInsufficientData;  // of the first claim
  std::string headline;                               // the first line of every output: the first claim's sentence
  std::vector<Claim> claims;                          // never empty once judged; ranked
  std::vector<Culprit> culprits;                      // who makes others wait, most first
  double possible_speedup = 1;                        // what_if.without_gil
  WhatIf what_if;
  ThreadCounts threads;
  std::vector<Warning> warnings;    // the gravest first
  std::vector<std::string> advice;  // one line a choice
  std::vector<Verdict> processes;   // of a program: each of Profile::processes by itself
};

bool is_gil_the_limit(VerdictCode code);  // else nobody asks what would change without it
// Those worth naming. None where threads hardly wait: a few chance meetings at the GIL are nobody's fault.
std::vector<Culprit> notable_culprits(const Profile& profile, const Verdict& verdict);

namespace verdict {

Verdict judge(const Profile& profile);

}  // namespace verdict
}  // namespace gilspy
