#include "check_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "completion_model.h"
#include "spelling.h"
#include "values.h"

namespace gilspy::cli {
namespace {

// 30 may be a percentage, and 1 all of the time or a hundredth of it: only what is clear is taken.
Result<double> parse_share(const std::string& text, std::string_view where) {
  const auto typed = quantity(text);
  const bool is_percentage = typed && typed->unit == "%";
  const double share = typed ? (is_percentage ? typed->number / 100 : typed->number) : 0;
  if (!typed || (!is_percentage && !typed->unit.empty()) || (is_percentage && share > 1)) {
    return fail(ErrorCode::kUsage,
                fmt::format("{} takes a share of the time, such as 30% or 0.3, not '{}'", where, text));
  }
  if (!is_percentage && share >= 1) {
    return fail(ErrorCode::kUsage, fmt::format("{} {} is not clear: write {:g}% for a percentage, or a share below 1",
                                               where, text, share));
  }
  return share;
}

Result<double> parse_cpus(const std::string& text, std::string_view where) {
  const auto typed = quantity(text);
  if (typed && typed->unit.empty() && typed->number > 0 && typed->number < 1e6) return typed->number;
  return fail(ErrorCode::kUsage, fmt::format("{} takes a number of CPUs, such as 1.5, not '{}'", where, text));
}

Result<double> parse_limit(RuleKind kind, const std::string& text, std::string_view where) {
  if (kind == RuleKind::kMaxGilWait) return parse_share(text, where);
  if (kind == RuleKind::kMinParallelism) return parse_cpus(text, where);
  GILSPY_TRY(const double seconds, parse_time(text, where));
  if (kind == RuleKind::kMaxLoopBlock && seconds < kShortestLoopBlock) {
    return fail(ErrorCode::kUsage,
                fmt::format("{} takes 100ms or more, not {}: shorter callbacks are not seen", where, text));
  }
  return seconds;
}

constexpr std::size_t kVerdicts = static_cast<std::size_t>(VerdictCode::kInsufficientData) + 1;

Result<VerdictCode> parse_verdict(const std::string& name, std::string_view where) {
  const std::vector<std::string> names = verdict_names();
  const auto found = std::ranges::find(names, lower_case(name));
  if (found != names.end()) return static_cast<VerdictCode>(found - names.begin());
  const auto meant = nearest(lower_case(name), names);
  return fail(ErrorCode::kUsage,
              meant ? fmt::format("{}: there is no verdict '{}'; is {} meant?", where, name, *meant)
                    : fmt::format("{}: there is no verdict '{}'; there are {}", where, name, joined(names, ", ")));
}

}  // namespace

std::vector<std::string> verdict_names() {
  std::vector<std::string> names;
  for (std::size_t code = 0; code < kVerdicts; ++code) names.emplace_back(code_name(static_cast<VerdictCode>(code)));
  return names;
}

Result<std::vector<Rule>> parse_rule(RuleKind kind, const std::string& text, std::string_view where) {
  std::vector<Rule> rules;
  if (kind != RuleKind::kFailOn) {
    GILSPY_TRY(const double limit, parse_limit(kind, text, where));
    rules.push_back({kind, limit, {}});
    return rules;
  }
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::string name = text.substr(begin, end - begin);
    std::erase(name, ' ');
    GILSPY_TRY(const VerdictCode code, parse_verdict(name, where));
    const Rule rule{kind, 0, code};
    if (std::ranges::count(rules, rule) == 0) rules.push_back(rule);
    begin = end + 1;
  }
  return rules;
}

}  // namespace gilspy::cli
