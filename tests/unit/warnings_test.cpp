// When a recording says that it should not be trusted, and what would help.
#include <gmock/gmock.h>

#include "gilspy/verdict.h"
#include "sample_profile.h"

namespace gilspy::verdict {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using std::chrono_literals::operator""ms;

std::vector<std::string> codes(const Profile& profile) {
  std::vector<std::string> found;
  for (const Warning& warning : judge(profile).warnings) found.emplace_back(code_name(warning.code));
  return found;
}

struct WarningCase {
  const char* code;
  void (*change)(Profile&);
  const char* says;
};

class Warnings : public ::testing::TestWithParam<WarningCase> {};

const WarningCase kCases[] = {
    {"ticks_late",
     [](Profile& p) {
       p.quality.late = 400;
       p.quality.lateness = {400, 2ms, 20ms, 31ms};
     },
     "20 % of the ticks came late (half of those by more than 2.0 ms, the worst by 31 ms)"},
    {"ticks_late", [](Profile& p) { p.quality.late = 400; }, "20 % of the ticks came late: the machine is busy"},
    {"gaps", [](Profile& p) { p.quality.gaps = 300ms; }, "gilspy itself did not run for 0.30 s"},
    {"ticks_missed", [](Profile& p) { p.quality.ticks_asked = 20'000; }, "1,995 of 20,000 ticks were made"},
    {"machine_overloaded", [](Profile& p) { p.holders_queued = 300ms; },
     "for 15 % of the time the holder of the GIL had no CPU"},
    {"machine_overloaded",
     [](Profile& p) {
       p.holders_queued = 300ms;
       p.gils.push_back(p.gils.front());
     },
     "0.1 threads that had a GIL had no CPU on average"},
    {"process_stopped", [](Profile& p) { p.quality.stopped = 700ms; }, "was stopped for 0.70 s"},
    {"system_calls_not_told", [](Profile& p) { p.quality.system_calls_told = false; }, "cannot be told from"},
    {"unknown_time", [](Profile& p) { p.threads[0].times[index_of(Activity::kUnknown)] = 4000ms; },
     "unknown for 18 % of their time"},
    {"lost_stacks", [](Profile& p) { p.quality.discarded = 100; }, "At 5 % of the ticks the holder's stack"},
    {"truncated_stacks", [](Profile& p) { p.quality.truncated = 700; }, "700 stacks in 1,995 ticks"},
    {"blurred_turns", [](Profile& p) { p.quality.blurred = 998; }, "50 % of the ticks saw two or more hand-offs"},
    {"deep_stacks",
     [](Profile& p) {
       Frame frame;
       frame.function = kFramesLeftOut;
       frame.native = true;
       const StackId stack = p.table.child(kNoStack, p.table.intern(frame));
       p.stacks.front().stack = p.table.child(stack, p.table.intern({"f", "f.py", 1, 1}));
     },
     "too deep to be told whole"},
    {"too_few_samples", [](Profile& p) { p.duration = 190ms; }, "0.19 s are too short to tell"},
};

TEST_P(Warnings, AreSaidWhereTheyHold) {
  Profile profile = serialized_profile();
  ASSERT_THAT(codes(profile), IsEmpty());
  GetParam().change(profile);
  ASSERT_THAT(codes(profile), Contains(GetParam().code));
  for (const Warning& warning : judge(profile).warnings) {
    if (code_name(warning.code) != GetParam().code) continue;
    EXPECT_THAT(text_of(warning), HasSubstr(GetParam().says));
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Warnings, ::testing::ValuesIn(kCases),
                         [](const auto& made) { return std::to_string(made.index) + "_" + made.param.code; });

// Four threads, of which half of one waits on average: what it rests on is near its threshold.
Profile waiting(double threads, double margin) {
  ProfileBuilder builder(2);
  const ThreadIndex a = builder.thread("a"), b = builder.thread("b");
  builder.spend(a, Activity::kHoldsGil, 2).spend(b, Activity::kWaitsForGil, 2 * threads);
  builder.spend(b, Activity::kBlocked, 2 - 2 * threads).cpu(2);
  Profile& profile = builder.profile();
  profile.margins = SumMargins{.holding = 0.01, .waiting = margin, .native = 0, .demand = margin, .cpus = 0.01};
  profile.gils.front().margins = GilMargins{.utilization = 0.01, .mean_waiters = margin};
  return std::move(profile);
}

TEST(Certainty, OfAVerdictBeyondItsMargin) {
  const Verdict verdict = judge(waiting(0.5, 0.1));
  EXPECT_EQ(verdict.code, VerdictCode::kSerializedByGil);
  EXPECT_THAT(verdict.headline, StartsWith("2 threads did the work"));
  EXPECT_THAT(verdict.warnings, IsEmpty());
  EXPECT_EQ(text_of(verdict.claims.front().evidence.front()), "threads waiting for the GIL 0.5 ± 0.1 (needs 0.2)");
}

TEST(Certainty, NoneWithinTheMargin) {
  const Verdict verdict = judge(waiting(0.25, 0.1));
  EXPECT_EQ(verdict.code, VerdictCode::kSerializedByGil);
  EXPECT_THAT(verdict.headline, StartsWith("Not certain: 2 threads did the work"));
  EXPECT_EQ(verdict.claims.front().sentence, verdict.headline);
  EXPECT_LE(verdict.claims.front().confidence, 0.5);
  ASSERT_FALSE(verdict.warnings.empty());
  EXPECT_EQ(text_of(verdict.warnings.front()),
            "Too few samples for this verdict: threads waiting for the GIL 0.25 ± 0.1 (needs 0.2). Another recording "
            "may say something else. Record for longer (-d 8).");
}

TEST(Certainty, RightAtTheThresholdNoTimeIsEnough) {
  EXPECT_THAT(text_of(judge(waiting(0.2, 0.1)).warnings.front()), HasSubstr("more than once"));
}

TEST(Certainty, LittleIsAskedForAtMost) {
  EXPECT_EQ(judge(waiting(0.1, 0.05)).code, VerdictCode::kSingleThreaded);
  EXPECT_THAT(judge(waiting(0.1, 0.05)).headline, Not(StartsWith("Not certain")));
  EXPECT_THAT(judge(waiting(0.18, 0.05)).headline, StartsWith("Not certain"));
}

TEST(Certainty, WhereNothingCanBeSaidThatIsCertain) {
  EXPECT_THAT(judge(Profile{}).headline, StartsWith("Too little was seen"));
  EXPECT_THAT(judge(Profile{}).warnings, IsEmpty());
}

TEST(Certainty, WhyTicksAreMissingIsSaidOnce) {
  Profile profile = serialized_profile();
  profile.quality.ticks_asked = 4000;
  profile.quality.late = 900;
  EXPECT_THAT(codes(profile), ElementsAre("ticks_late"));
}

// The kernel tells of a queue when it is left, and it may have begun before the recording.
TEST(Certainty, NoHolderIsQueuedForLongerThanItHeld) {
  Profile profile = serialized_profile();
  profile.holders_queued = 10 * profile.duration;
  const std::vector<Warning> all = judge(profile).warnings;
  const auto overloaded = std::ranges::find(all, WarningCode::kMachineOverloaded, &Warning::code);
  ASSERT_NE(overloaded, all.end());
  EXPECT_THAT(overloaded->sentence, HasSubstr("for 99 % of the time the holder"));
}

TEST(Certainty, ACpuOfItsOwnThatIsUsedUpIsNoOverload) {
  Profile profile = serialized_profile();
  profile.cpus.allowed = 1;
  profile.holders_queued = 300ms;
  EXPECT_THAT(codes(profile), Not(Contains("machine_overloaded")));
}

}  // namespace
}  // namespace gilspy::verdict
