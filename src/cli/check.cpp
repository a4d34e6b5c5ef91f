// check: whether a recording keeps to limits, as an exit status and in words.
#include "gilspy/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "check_config.h"
#include "check_report.h"
#include "commands.h"
#include "complain.h"
#include "gilspy/platform.h"
#include "stored_recording.h"

namespace gilspy::cli {
namespace {

// The command line's, and those of the file that it says nothing about.
Result<std::vector<Rule>> all_rules(const CheckOptions& options) {
  if (options.config.empty()) return options.rules;
  GILSPY_TRY(std::vector<Rule> rules, rules_of_file(options.config));
  std::erase_if(rules, [&](const Rule& rule) { return std::ranges::count(options.rules, rule.kind, &Rule::kind) > 0; });
  rules.insert(rules.end(), options.rules.begin(), options.rules.end());
  std::ranges::stable_sort(rules, {}, &Rule::kind);
  if (rules.empty()) return fail(ErrorCode::kUsage, fmt::format("{} has no rule", options.config));
  return rules;
}

int exit_status(Outcome outcome) {
  if (outcome == Outcome::kFine) return kExitOk;
  return outcome == Outcome::kFailed ? kExitFailed : kExitCannotTell;
}

// Whatever goes wrong, nobody can tell: a script must not take a file that is missing for one that is fine.
int cannot_tell(const Error& error, bool json) {
  CheckResult result;
  result.headline = fmt::format("cannot tell: {}", error.message());
  say(result.headline);
  if (json) (void)platform::write_file("-", check_json(result, nullptr));
  return kExitCannotTell;
}

std::string text_for_stdout(const CheckResult& result, const Verdict& verdict) {
  constexpr std::size_t kNarrowest = 40;
  const auto columns = static_cast<std::size_t>(std::max(platform::terminal_width(), 0));
  return check_text(result, verdict, platform::stdout_is_terminal() ? std::max(columns, kNarrowest) : kOneLine);
}

}  // namespace

int run(const CheckOptions& options) {
  const auto rules = all_rules(options);
  if (!rules.has_value()) return cannot_tell(rules.error(), options.json);
  const auto replayed = replay_file(options.recording);
  if (!replayed.has_value()) return cannot_tell(replayed.error(), options.json);
  if (!replayed->complete) say(replayed->profile.end_note);
  const Verdict verdict = verdict::judge(replayed->profile);
  const CheckResult result = verdict::check(replayed->profile, verdict, *rules);
  const auto written =
      platform::write_file("-", options.json ? check_json(result, &verdict) : text_for_stdout(result, verdict));
  return written.has_value() ? exit_status(result.outcome) : cannot_tell(written.error(), false);
}

}  // namespace gilspy::cli
