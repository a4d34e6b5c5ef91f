#include "check_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/json/json_writer.h"
#include "formats/json/optional_json.h"
#include "formats/terminal/text.h"
#include "gilspy/wording.h"

namespace gilspy::cli {
namespace {

constexpr int kSchema = 1;  // raised when a key changes its meaning or goes away
constexpr std::size_t kMostCulprits = 3;

std::string line(const std::string& text, std::size_t width) {
  return terminal::wrap(wording::printable(text), width, 2);
}

std::string rule_line(const RuleResult& one, std::size_t width) {
  const std::string outcome = fmt::format("  {:<13}", words(one.outcome));
  return terminal::wrap(terminal::unbroken(outcome + text_of(one.rule)) + ": " + wording::printable(one.sentence),
                        width, outcome.size());
}

// What a rule says already is not said again.
std::string what_happened(const CheckResult& result, const Verdict& verdict, std::size_t width) {
  const auto says_so = [&](const RuleResult& one) {
    return one.outcome == Outcome::kFailed && one.rule.kind == RuleKind::kFailOn && one.rule.code == verdict.code;
  };
  std::string text;
  if (std::ranges::none_of(result.rules, says_so)) text += line("What happened: " + verdict.headline, width);
  if (!result.culprits.empty()) text += "Who makes others wait:\n";
  for (std::size_t i = 0; i < std::min(kMostCulprits, result.culprits.size()); ++i) {
    const Culprit& culprit = result.culprits[i];
    const std::string share = fmt::format("{:>8}  ", wording::percent(culprit.share));
    text += terminal::wrap(terminal::unbroken(share) + wording::printable(text_of(culprit)), width, share.size());
  }
  if (!verdict.advice.empty()) text += line("Next: " + verdict.advice.front(), width);
  return text;
}

void write_rule(formats::JsonWriter& json, const RuleResult& one) {
  json.object([&] {
    json.pair("rule", rule_name(one.rule.kind));
    json.pair("outcome", key(one.outcome));
    if (one.rule.kind == RuleKind::kFailOn) {
      json.pair("verdict", code_name(one.rule.code));
    } else {
      json.pair("limit", one.rule.limit);
      formats::write_optional(json, "value", one.value);
    }
    json.pair("sentence", one.sentence);
  });
}

}  // namespace

std::string check_text(const CheckResult& result, const Verdict& verdict, std::size_t width) {
  std::string text = line(result.headline, width) + "\n";
  for (const RuleResult& one : result.rules) text += rule_line(one, width);
  if (result.outcome == Outcome::kFailed) text += "\n" + what_happened(result, verdict, width);
  return text;
}

std::string check_json(const CheckResult& result, const Verdict* verdict) {
  formats::JsonWriter json;
  json.object([&] {
    json.pair("schema", kSchema);
    json.pair("outcome", key(result.outcome));
    json.pair("headline", result.headline);
    json.array("rules", [&] {
      for (const RuleResult& one : result.rules) write_rule(json, one);
    });
    json.array("culprits", [&] {
      for (const Culprit& culprit : result.culprits) {
        json.object([&] {
          json.pair("function", culprit.function);
          write_text_or_null(json, "native", culprit.native);
          json.pair("share", culprit.share);
          json.pair("caller", culprit.caller);
        });
      }
    });
    if (verdict == nullptr) return;
    json.object("verdict", [&] {
      json.pair("code", code_name(verdict->code));
      json.pair("headline", verdict->headline);
      json.pair("next", verdict->advice.empty() ? "" : verdict->advice.front());
    });
  });
  return json.text();
}

}  // namespace gilspy::cli
