// What a rule makes of a profile: kept, broken, or nobody can tell; and the words for it.
#include "gilspy/check.h"

#include <gmock/gmock.h>

#include "gilspy/aggregate.h"
#include "sample_profile.h"

namespace gilspy::verdict {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr Rule gil_wait(double share) { return {RuleKind::kMaxGilWait, share, {}}; }
constexpr Rule handoff(double seconds) { return {RuleKind::kMaxHandoffP99, seconds, {}}; }
constexpr Rule parallelism(double cpus) { return {RuleKind::kMinParallelism, cpus, {}}; }
constexpr Rule loop_block(double seconds) { return {RuleKind::kMaxLoopBlock, seconds, {}}; }
constexpr Rule fail_on(VerdictCode code) { return {RuleKind::kFailOn, 0, code}; }

CheckResult check_of(const Profile& profile, const std::vector<Rule>& rules) {
  return check(profile, judge(profile), rules);
}

// Two threads for two seconds: one computes for all of it, the other for as long as it does not wait.
Profile pair(double waits, double blocked = 0) {
  ProfileBuilder builder(2);
  builder.spend(builder.thread("a"), Activity::kHoldsGil, 2 - waits);
  const ThreadIndex other = builder.thread("b");
  builder.spend(other, Activity::kWaitsForGil, waits).spend(other, Activity::kBlocked, 2 - waits);
  if (blocked > 0) builder.spend(builder.thread("sleeper"), Activity::kBlocked, blocked);
  return std::move(builder.cpu(2).profile());
}

Profile with_waits(std::uint64_t count, int p99_ms, int longest_ms) {
  Profile profile = serialized_profile();
  profile.gils.front().to_get_gil = {count, std::chrono::milliseconds(1), std::chrono::milliseconds(p99_ms),
                                     std::chrono::milliseconds(longest_ms)};
  return profile;
}

Profile without_gil() {
  Profile profile = serialized_profile();
  profile.target.free_threaded = true;
  profile.target.gil_enabled = false;
  return profile;
}

Profile on_one_cpu() {
  Profile profile = serialized_profile();
  profile.cpus.allowed = 1;
  return profile;
}

Profile too_short() {
  Profile profile = serialized_profile();
  profile.quality.ticks = 3;
  return profile;
}

struct Row {
  const char* name;
  Profile profile;
  Rule rule;
  Outcome outcome;
  const char* words;  // part of the sentence
};

class OneRule : public ::testing::TestWithParam<Row> {};

TEST_P(OneRule, IsJudged) {
  const Row& row = GetParam();
  const CheckResult result = check_of(row.profile, {row.rule});
  ASSERT_EQ(result.rules.size(), 1U);
  EXPECT_EQ(words(result.rules[0].outcome), words(row.outcome)) << result.rules[0].sentence;
  EXPECT_EQ(result.outcome, result.rules[0].outcome);
  EXPECT_THAT(result.rules[0].sentence, HasSubstr(row.words));
  EXPECT_THAT(result.headline, HasSubstr(std::string(words(row.outcome)) + ":"));
}

INSTANTIATE_TEST_SUITE_P(
    Rules, OneRule,
    ::testing::Values(
        Row{"GilWaitBeyond", serialized_profile(), gil_wait(0.3), Outcome::kFailed,
            "waited for the GIL for 87 % of the time in which they had something to run; at most 30 % is allowed"},
        Row{"GilWaitWithin", serialized_profile(), gil_wait(0.9), Outcome::kFine, "for 87 % of"},
        Row{"GilWaitAtItsLimit", pair(1), gil_wait(0.5), Outcome::kFine, "for 50 % of"},
        Row{"GilWaitRightBeyond", pair(1), gil_wait(0.4999), Outcome::kFailed, "50.00 % of"},
        Row{"GilWaitNone", pair(0), gil_wait(0), Outcome::kFine, "for 0 % of"},
        Row{"GilWaitWithoutGil", without_gil(), gil_wait(0.3), Outcome::kCannotTell, "its GIL is off"},
        Row{"HandoffBeyond", with_waits(1204, 35, 80), handoff(0.02), Outcome::kFailed,
            "99 % of 1,204 timed waits for the GIL took no longer than 35 ms; at most 20 ms is allowed"},
        Row{"HandoffWithin", with_waits(1204, 35, 80), handoff(0.04), Outcome::kFine, "35 ms"},
        Row{"HandoffOfFewIsTheLongest", with_waits(12, 35, 80), handoff(0.04), Outcome::kFailed,
            "the longest of 12 timed waits for the GIL took 80 ms"},
        Row{"HandoffNone", pair(0.01), handoff(0.02), Outcome::kFine, "no wait for the GIL was long enough"},
        Row{"HandoffUntimed", pair(0.03), handoff(0.02), Outcome::kCannotTell, "none of their waits could be timed"},
        Row{"HandoffWithoutGil", without_gil(), handoff(0.02), Outcome::kCannotTell, "its GIL is off"},
        Row{"ParallelismBelow", serialized_profile(), parallelism(1.5), Outcome::kFailed,
            "used 1.02 CPUs on average; at least 1.5 are asked for"},
        Row{"ParallelismEnough", serialized_profile(), parallelism(1), Outcome::kFine, "used 1.02 CPUs"},
        Row{"ParallelismOnOneCpu", on_one_cpu(), parallelism(1.5), Outcome::kCannotTell, "may use 1 CPU only"},
        Row{"LoopWithoutLoop", serialized_profile(), loop_block(0.2), Outcome::kCannotTell, "no asyncio event loop"},
        Row{"Verdict", serialized_profile(), fail_on(VerdictCode::kSerializedByGil), Outcome::kFailed,
            "this is the verdict: 8 threads did the work of 1.02"},
        Row{"OtherVerdict", serialized_profile(), fail_on(VerdictCode::kIdle), Outcome::kFine,
            "the verdict is serialized_by_gil"},
        Row{"TooShort", too_short(), gil_wait(0.3), Outcome::kCannotTell, "3 ticks"},
        Row{"TooShortForAnyVerdict", too_short(), fail_on(VerdictCode::kIdle), Outcome::kCannotTell, "3 ticks"},
        Row{"TooShortAsked", too_short(), fail_on(VerdictCode::kInsufficientData), Outcome::kFailed, "3 ticks"},
        Row{"Empty", Profile{}, parallelism(1), Outcome::kCannotTell, ""}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Check, ThreadsThatHaveNothingToRunDoNotDiluteTheWait) {
  const auto value = [](const Profile& profile) { return *check_of(profile, {gil_wait(0.3)}).rules[0].value; };
  EXPECT_DOUBLE_EQ(value(pair(1)), 0.5);
  EXPECT_DOUBLE_EQ(value(pair(1, 2)), 0.5);
}

TEST(Check, ThreadsWithoutPythonDoNotDiluteTheWait) {
  Profile profile = pair(1);
  ThreadProfile native;
  native.info.python = false;
  native.times[index_of(Activity::kRunsWithoutGil)] = std::chrono::seconds(100);
  profile.threads.push_back(native);
  EXPECT_DOUBLE_EQ(*check_of(profile, {gil_wait(0.3)}).rules[0].value, 0.5);
}

TEST(Check, WhoHardlyRunsIsNotJudgedByItsWaits) {
  ProfileBuilder builder(2);
  const ThreadIndex thread = builder.thread("a");
  builder.spend(thread, Activity::kHoldsGil, 0.005).spend(thread, Activity::kWaitsForGil, 0.01);
  builder.spend(thread, Activity::kBlocked, 1.985);
  const CheckResult result = check_of(builder.profile(), {gil_wait(0.3)});
  EXPECT_EQ(result.outcome, Outcome::kCannotTell);
  EXPECT_THAT(result.rules[0].sentence, HasSubstr("something to run for 15 ms in all: it takes 20 ms"));
}

TEST(Check, OfSeveralGilsTheWorstCounts) {
  Profile profile = with_waits(500, 5, 5);
  profile.gils.push_back(profile.gils.front());
  profile.gils.back().to_get_gil = {200, Nanos{0}, std::chrono::milliseconds(50), std::chrono::milliseconds(60)};
  EXPECT_DOUBLE_EQ(*check_of(profile, {handoff(0.02)}).rules[0].value, 0.05);
}

TEST(Check, WhoStillWaitsAtTheEndIsNoticed) {
  Profile profile = with_waits(3, 5, 5);
  const auto at = [](double seconds) { return ProfileBuilder::nanos(seconds); };
  profile.timeline.lanes = {
      {{at(0.4), at(1), kNoStack, Activity::kHoldsGil}, {at(1), profile.duration, kNoStack, Activity::kWaitsForGil}},
      {{at(0), at(1.9), kNoStack, Activity::kWaitsForGil}}};  // ended before the recording did
  const CheckResult result = check_of(profile, {handoff(0.02)});
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_THAT(result.rules[0].sentence, HasSubstr("had waited for the GIL for 1000 ms when the recording ended"));
  profile.gils.front().to_get_gil.count = 500;
  EXPECT_EQ(check_of(profile, {handoff(0.02)}).outcome, Outcome::kFine) << "one wait of 500 is not the 99th percentile";
}

TEST(Check, AVerdictBesideTheFirstCounts) {
  Profile profile = serialized_profile();
  Verdict verdict = judge(profile);
  Claim more;
  more.code = VerdictCode::kCpuStarved;
  more.sentence = "No CPU.";
  verdict.claims.push_back(more);
  const CheckResult result = check(profile, verdict, {fail_on(VerdictCode::kCpuStarved)});
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(result.rules[0].sentence, "beside serialized_by_gil: No CPU.");
}

TEST(Check, OneBrokenRuleFailsAndOneUnknownIsNotFine) {
  const Profile profile = serialized_profile();
  const Rule kept = gil_wait(0.9), broken = parallelism(1.5), unknown = loop_block(1);
  EXPECT_EQ(check_of(profile, {kept, broken, unknown}).headline,
            "failed: 1 of 3 rules: min-parallelism 1.02 (at least 1.5)");
  EXPECT_EQ(check_of(profile, {unknown, kept}).outcome, Outcome::kCannotTell);
  EXPECT_EQ(check_of(profile, {unknown, kept}).headline, "cannot tell: 1 of 2 rules: max-loop-block 1s");
  EXPECT_EQ(check_of(profile, {kept, parallelism(1)}).headline, "fine: all 2 rules are kept");
  EXPECT_EQ(check_of(profile, {kept}).headline, "fine: max-gil-wait 87 % (at most 90 %)");
  EXPECT_EQ(check_of(profile, {}).outcome, Outcome::kCannotTell);
}

TEST(Check, WhoMakesOthersWaitIsNamedWhenItFailed) {
  std::vector<std::string> functions;
  for (const Culprit& culprit : check_of(serialized_profile(), {gil_wait(0.3)}).culprits) {
    functions.push_back(culprit.function);
  }
  EXPECT_THAT(functions, ElementsAre("is_prime (primes.py:4)", "count (primes.py:14)"));
  EXPECT_THAT(check_of(serialized_profile(), {gil_wait(0.9)}).culprits, IsEmpty());
}

TEST(Check, ValuesAreToldApartFromTheirLimits) {
  const CheckResult result = check_of(pair(1.0004), {gil_wait(0.5)});
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_THAT(result.rules[0].sentence, HasSubstr("for 50.02 % of"));
  EXPECT_THAT(check_of(pair(1.0004), {gil_wait(0.125)}).headline, HasSubstr("50 % (at most 12.5 %)"));
}

TEST(Check, RulesReadAsTheyAreTyped) {
  EXPECT_EQ(text_of(gil_wait(0.3)), "max-gil-wait 30%");
  EXPECT_EQ(text_of(handoff(0.02)), "max-handoff-p99 20ms");
  EXPECT_EQ(text_of(handoff(0.0005)), "max-handoff-p99 500us");
  EXPECT_EQ(text_of(loop_block(1.5)), "max-loop-block 1.5s");
  EXPECT_EQ(text_of(parallelism(1.5)), "min-parallelism 1.5");
  EXPECT_EQ(text_of(fail_on(VerdictCode::kIdle)), "fail-on idle");
}

// Of many processes one is serialized, which the program as a whole is not.
TEST(Check, AProcessByItselfFailsToo) {
  Profile idle = pair(0), waiting = serialized_profile();
  idle.duration = idle.gils.front().observed = std::chrono::seconds(60);
  idle.threads.front().times[index_of(Activity::kBlocked)] += std::chrono::seconds(58);
  waiting.target.pid = Pid{77};
  const Profile program = combined({idle, waiting});
  ASSERT_NE(judge(program).code, VerdictCode::kSerializedByGil);
  const CheckResult result = check_of(program, {fail_on(VerdictCode::kSerializedByGil)});
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_THAT(result.rules.front().sentence, HasSubstr("process 77 by itself: 8 threads did the work of"));
  EXPECT_EQ(check_of(program, {fail_on(VerdictCode::kInsufficientData)}).outcome, Outcome::kFine);
}

}  // namespace
}  // namespace gilspy::verdict
