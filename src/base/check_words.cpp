#include <fmt/format.h>

#include "gilspy/check.h"

namespace gilspy {
namespace {

std::string limit_text(const Rule& rule) {
  switch (rule.kind) {
    case RuleKind::kMaxGilWait: return fmt::format("{:g}%", rule.limit * 100);
    case RuleKind::kMaxHandoffP99:
    case RuleKind::kMaxLoopBlock:
      if (rule.limit < 1e-3) return fmt::format("{:g}us", rule.limit * 1e6);
      return rule.limit < 1 ? fmt::format("{:g}ms", rule.limit * 1e3) : fmt::format("{:g}s", rule.limit);
    case RuleKind::kMinParallelism: return fmt::format("{:g}", rule.limit);
    case RuleKind::kFailOn: break;
  }
  return std::string(code_name(rule.code));
}

}  // namespace

std::string_view rule_name(RuleKind kind) {
  constexpr std::array<std::string_view, kRuleKinds.size()> kNames{"max-gil-wait", "max-handoff-p99", "min-parallelism",
                                                                   "max-loop-block", "fail-on"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string text_of(const Rule& rule) { return fmt::format("{} {}", rule_name(rule.kind), limit_text(rule)); }

std::string_view words(Outcome outcome) { return outcome == Outcome::kCannotTell ? "cannot tell" : key(outcome); }

std::string_view key(Outcome outcome) {
  constexpr std::array<std::string_view, 3> kKeys{"fine", "failed", "cannot_tell"};
  return kKeys[static_cast<std::size_t>(outcome)];
}

}  // namespace gilspy
