#include "src/cli/check_report.h"

#include <gmock/gmock.h>

#include <sstream>

namespace gilspy::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

CheckResult failed() {
  CheckResult result;
  result.outcome = Outcome::kFailed;
  result.headline = "failed: 1 of 2 rules: max-gil-wait 87 % (at most 30 %)";
  result.rules = {{{RuleKind::kMaxGilWait, 0.3, {}},
                   Outcome::kFailed,
                   0.87,
                   "",
                   "threads waited for 87 % of the time, which is long"},
                  {{RuleKind::kFailOn, 0, VerdictCode::kIdle},
                   Outcome::kFine,
                   std::nullopt,
                   "",
                   "the verdict is serialized_by_gil"}};
  result.culprits = {{"is_prime (primes.py:4)", 0.71, ""}, {"dumps\n (json.py:1)", 0.2, "page (app.py:7)"}};
  return result;
}

Verdict verdict() {
  Verdict verdict;
  verdict.code = VerdictCode::kSerializedByGil;
  verdict.headline = "8 threads did the work of 1.02.";
  verdict.advice = {"Processes.", "Another interpreter."};
  return verdict;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(CheckReport, TheAnswerIsTheFirstLineAndARuleIsALine) {
  const auto lines = lines_of(check_text(failed(), verdict(), kOneLine));
  ASSERT_EQ(lines.size(), 10U);
  EXPECT_EQ(lines[0], failed().headline);
  EXPECT_EQ(lines[2], "  failed       max-gil-wait 30%: threads waited for 87 % of the time, which is long");
  EXPECT_EQ(lines[3], "  fine         fail-on idle: the verdict is serialized_by_gil");
  EXPECT_EQ(lines[5], "What happened: 8 threads did the work of 1.02.");
  EXPECT_EQ(lines[7], "    71 %  is_prime (primes.py:4)");
  EXPECT_EQ(lines[8], "    20 %  dumps (json.py:1), called by page (app.py:7)");
  EXPECT_EQ(lines[9], "Next: Processes.");
}

TEST(CheckReport, ANarrowTerminal) {
  const auto lines = lines_of(check_text(failed(), verdict(), 50));
  for (const std::string& line : lines) EXPECT_LE(line.size(), 50U) << line;
  EXPECT_THAT(lines[4], StartsWith("               "));
}

TEST(CheckReport, WhatAVerdictSaysIsSaidOnce) {
  CheckResult result = failed();
  result.rules[0].rule = {RuleKind::kFailOn, 0, VerdictCode::kSerializedByGil};
  EXPECT_THAT(check_text(result, verdict(), kOneLine), Not(HasSubstr("What happened")));
}

TEST(CheckReport, WhereAllIsFineNobodyIsNamed) {
  CheckResult result = failed();
  result.outcome = Outcome::kFine;
  const std::string text = check_text(result, verdict(), kOneLine);
  EXPECT_THAT(text, Not(HasSubstr("waits")));
  EXPECT_THAT(text, Not(HasSubstr("Next")));
}

TEST(CheckReport, Json) {
  const Verdict said = verdict();
  const std::string text = check_json(failed(), &said);
  EXPECT_THAT(text, HasSubstr(R"("outcome": "failed")"));
  EXPECT_THAT(text, HasSubstr(R"("rule": "max-gil-wait")"));
  EXPECT_THAT(text, HasSubstr(R"("value": 0.87)"));
  EXPECT_THAT(text, HasSubstr(R"("verdict": "idle")"));
  EXPECT_THAT(text, HasSubstr(R"("next": "Processes.")"));
  EXPECT_THAT(check_json(CheckResult{}, nullptr), HasSubstr(R"("outcome": "cannot_tell")"));
}

}  // namespace
}  // namespace gilspy::cli
