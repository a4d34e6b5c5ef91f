#include "src/cli/check_rules.h"

#include <gmock/gmock.h>

#include "src/cli/check_config.h"

namespace gilspy::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

double limit(RuleKind kind, const std::string& text) {
  const auto rules = parse_rule(kind, text, "--rule");
  return rules.has_value() && rules->size() == 1 ? rules->front().limit : -1;
}

std::string complaint(RuleKind kind, const std::string& text) {
  const auto rules = parse_rule(kind, text, "--rule");
  return rules.has_value() ? "" : rules.error().message();
}

TEST(CheckRules, Shares) {
  EXPECT_DOUBLE_EQ(limit(RuleKind::kMaxGilWait, "30%"), 0.3);
  EXPECT_DOUBLE_EQ(limit(RuleKind::kMaxGilWait, "30 %"), 0.3);
  EXPECT_DOUBLE_EQ(limit(RuleKind::kMaxGilWait, "0.3"), 0.3);
  EXPECT_DOUBLE_EQ(limit(RuleKind::kMaxGilWait, "0"), 0);
  EXPECT_DOUBLE_EQ(limit(RuleKind::kMaxGilWait, "100%"), 1);
  EXPECT_DOUBLE_EQ(limit(RuleKind::kMaxGilWait, "12.5%"), 0.125);
  for (const char* wrong : {"", "much", "101%", "-1%", "30ms", "nan", "inf%", "%", "3,5%", "1e999"}) {
    EXPECT_THAT(complaint(RuleKind::kMaxGilWait, wrong), HasSubstr("such as 30% or 0.3")) << wrong;
  }
  EXPECT_EQ(complaint(RuleKind::kMaxGilWait, "30"),
            "--rule 30 is not clear: write 30% for a percentage, or a share below 1");
  EXPECT_THAT(complaint(RuleKind::kMaxGilWait, "1"), HasSubstr("not clear")) << "1 % or all of it";
}

TEST(CheckRules, Times) {
  EXPECT_DOUBLE_EQ(limit(RuleKind::kMaxHandoffP99, "20ms"), 0.02);
  EXPECT_DOUBLE_EQ(limit(RuleKind::kMaxHandoffP99, "0.02 s"), 0.02);
  EXPECT_DOUBLE_EQ(limit(RuleKind::kMaxHandoffP99, "500us"), 0.0005);
  EXPECT_DOUBLE_EQ(limit(RuleKind::kMaxHandoffP99, "500\xc2\xb5s"), 0.0005);
  EXPECT_DOUBLE_EQ(limit(RuleKind::kMaxHandoffP99, "20MS"), 0.02);
  for (const char* wrong : {"", "soon", "0ms", "-5ms", "20 minutes", "30%", "nanms", "1e300s"}) {
    EXPECT_THAT(complaint(RuleKind::kMaxHandoffP99, wrong), HasSubstr("such as 20ms")) << wrong;
  }
  EXPECT_EQ(complaint(RuleKind::kMaxHandoffP99, "20"), "--rule 20 has no unit: write 20ms or 20s");
  EXPECT_DOUBLE_EQ(limit(RuleKind::kMaxLoopBlock, "100ms"), 0.1);
  EXPECT_THAT(complaint(RuleKind::kMaxLoopBlock, "99ms"), HasSubstr("shorter callbacks are not seen"));
}

TEST(CheckRules, Cpus) {
  EXPECT_DOUBLE_EQ(limit(RuleKind::kMinParallelism, "1.5"), 1.5);
  for (const char* wrong : {"", "0", "-1", "150%", "two", "1.5 CPUs"}) {
    EXPECT_THAT(complaint(RuleKind::kMinParallelism, wrong), HasSubstr("such as 1.5")) << wrong;
  }
}

TEST(CheckRules, Verdicts) {
  const auto rules = parse_rule(RuleKind::kFailOn, "idle, Serialized_By_Gil,idle", "--fail-on");
  ASSERT_TRUE(rules.has_value());
  EXPECT_THAT(*rules, ElementsAre(Rule{RuleKind::kFailOn, 0, VerdictCode::kIdle},
                                  Rule{RuleKind::kFailOn, 0, VerdictCode::kSerializedByGil}));
  EXPECT_EQ(complaint(RuleKind::kFailOn, "serialised_by_gil"),
            "--rule: there is no verdict 'serialised_by_gil'; is serialized_by_gil meant?");
  EXPECT_THAT(complaint(RuleKind::kFailOn, "slow"), HasSubstr("there are gil_reenabled, serialized_by_gil,"));
  for (const char* wrong : {"", ",", "idle,", ",idle"}) EXPECT_NE(complaint(RuleKind::kFailOn, wrong), "") << wrong;
}

TEST(CheckRules, EveryVerdictHasAName) {
  EXPECT_EQ(verdict_names().back(), "insufficient_data");
  for (const std::string& name : verdict_names()) EXPECT_EQ(complaint(RuleKind::kFailOn, name), "") << name;
}

std::string wrong_file(std::string_view text) {
  const auto rules = rules_of_text(text, "gilspy.toml");
  return rules.has_value() ? "" : rules.error().message();
}

TEST(CheckConfig, TakesTextsNumbersAndLists) {
  const auto rules = rules_of_text(
      "# ours\n[check]\nfail-on = ['idle', \"serialized_by_gil\"]\nmin-parallelism = 1.5\nmax-gil-wait = 0.3\n"
      "max-handoff-p99 = \"20ms\"\n",
      "gilspy.toml");
  ASSERT_TRUE(rules.has_value()) << rules.error().message();
  EXPECT_THAT(*rules,
              ElementsAre(Rule{RuleKind::kMaxGilWait, 0.3, {}}, Rule{RuleKind::kMaxHandoffP99, 0.02, {}},
                          Rule{RuleKind::kMinParallelism, 1.5, {}}, Rule{RuleKind::kFailOn, 0, VerdictCode::kIdle},
                          Rule{RuleKind::kFailOn, 0, VerdictCode::kSerializedByGil}));
  EXPECT_EQ(wrong_file("[check]\nmin-parallelism = 2\nfail-on = 'idle'"), "");
}

TEST(CheckConfig, WhatIsNotUnderstoodIsAMistake) {
  EXPECT_EQ(wrong_file("[check]\n\nmax-gil-wiat = '30%'"),
            "gilspy.toml:3: max-gil-wiat is no rule; is max-gil-wait meant?");
  EXPECT_THAT(wrong_file("[check]\nspeed = 1"), HasSubstr("speed is no rule; there are max-gil-wait, max-handoff-p99"));
  EXPECT_THAT(wrong_file("[check]\nmax-gil-wait = 30"), StartsWith("gilspy.toml:2: max-gil-wait 30 is not clear"));
  EXPECT_THAT(wrong_file("[check]\nmax-gil-wait = true"), HasSubstr("takes a text or a number"));
  EXPECT_THAT(wrong_file("[check]\nfail-on = []"), HasSubstr("takes a text or a number"));
  EXPECT_THAT(wrong_file("[check]\nfail-on = ['idle', 3]"), HasSubstr("a list takes texts"));
  EXPECT_THAT(wrong_file("[check]\nfail-on = ['idl']"), HasSubstr("is idle meant?"));
  EXPECT_THAT(wrong_file("[chekc]\nmax-gil-wait = '30%'"), HasSubstr("gilspy.toml:1: there is no section [chekc]"));
  EXPECT_THAT(wrong_file("max-gil-wait = '30%'"), HasSubstr("rules stand in [check]"));
  EXPECT_EQ(wrong_file(""), "gilspy.toml has no section [check]");
  EXPECT_THAT(wrong_file("check = 3"), HasSubstr("no section [check]"));
  EXPECT_THAT(wrong_file("[check"), StartsWith("gilspy.toml:1: "));
  EXPECT_THAT(wrong_file("[check]\nmax-gil-wait = '30%'\nmax-gil-wait = '40%'"), StartsWith("gilspy.toml:3: "));
  EXPECT_THAT(wrong_file("\xff\xfe"), StartsWith("gilspy.toml:1: "));
}

TEST(CheckConfig, TheFileIsNamed) {
  EXPECT_THAT(rules_of_file("/nonexistent/gilspy.toml").error().message(), HasSubstr("/nonexistent/gilspy.toml"));
}

}  // namespace
}  // namespace gilspy::cli
