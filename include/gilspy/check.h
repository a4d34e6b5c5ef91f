// check: does a recording keep to the limits that somebody set? A pure function of the profile and its verdict.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gilspy/profile.h"
#include "gilspy/verdict.h"

namespace gilspy {

enum class RuleKind : std::uint8_t {
  kMaxGilWait,      // of the time in which Python threads had something to run, the share that they waited for a GIL
  kMaxHandoffP99,   // seconds that 99 % of the timed waits for a GIL took at most; of several GILs, the worst
  kMinParallelism,  // CPUs that the process used on average
  kMaxLoopBlock,    // seconds for which a callback kept an asyncio event loop at most
  kFailOn,          // a verdict that must not be given, not even beside another one
};
inline constexpr std::array kRuleKinds{RuleKind::kMaxGilWait, RuleKind::kMaxHandoffP99, RuleKind::kMinParallelism,
                                       RuleKind::kMaxLoopBlock, RuleKind::kFailOn};

// "max-gil-wait": the option without its dashes, the key in a configuration file, the name in every output.
std::string_view rule_name(RuleKind kind);

// Shorter callbacks are not told apart from a loop that goes round.
inline constexpr double kShortestLoopBlock = 0.1;  // seconds

struct Rule {
  RuleKind kind = RuleKind::kFailOn;
  double limit = 0;                                   // a share (0..1), seconds or CPUs; of no use to kFailOn
  VerdictCode code = VerdictCode::kInsufficientData;  // of kFailOn

  bool operator==(const Rule&) const = default;
};
std::string text_of(const Rule& rule);  // "max-gil-wait 30%", "fail-on serialized_by_gil": as one would type it

enum class Outcome : std::uint8_t { kFine, kFailed, kCannotTell };
std::string_view words(Outcome outcome);  // "fine", "failed", "cannot tell"
std::string_view key(Outcome outcome);    // "fine", "failed", "cannot_tell"

struct RuleResult {
  Rule rule;
  Outcome outcome = Outcome::kCannotTell;
  std::optional<double> value;  // what was measured, in the unit of the limit
  std::string brief;            // "max-gil-wait 87 % (at most 30 %)"
  std::string sentence;         // what was measured and what is allowed; or why nobody can tell
};

struct CheckResult {
  Outcome outcome = Outcome::kCannotTell;  // failed if a rule is; else cannot tell if a rule cannot be judged
  std::string headline;                    // "failed: 1 of 3 rules: max-gil-wait 87 % (at most 30 %)"
  std::vector<RuleResult> rules;           // in the order of the rules asked for
  std::vector<Culprit> culprits;           // who makes others wait, most first; only when it failed
};

namespace verdict {

// `verdict`: of the same profile.
CheckResult check(const Profile& profile, const Verdict& verdict, const std::vector<Rule>& rules);

}  // namespace verdict
}  // namespace gilspy
