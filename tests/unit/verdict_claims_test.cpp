// Several claims at a time, what they rest on, how sure they are, and what would change.
#include <gmock/gmock.h>

#include "gilspy/verdict.h"
#include "sample_profile.h"
#include "src/verdict/evidence.h"
#include "src/verdict/rules.h"
#include "src/verdict/what_if.h"

namespace gilspy::verdict {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::vector<VerdictCode> codes(const Verdict& verdict) {
  std::vector<VerdictCode> found;
  for (const Claim& claim : verdict.claims) found.push_back(claim.code);
  return found;
}

// Four threads that hash, for two seconds.
Profile hashing(double cpu) {
  ProfileBuilder builder(2);
  for (int i = 0; i < 4; ++i) builder.spend(builder.thread("hasher"), Activity::kRunsWithoutGil, 2);
  return std::move(builder.cpu(cpu).profile());
}

TEST(Claims, TheFirstIsTheVerdict) {
  for (const Profile& profile : {serialized_profile(), mixed_profile(), hashing(3.9), Profile{}}) {
    const Verdict verdict = judge(profile);
    ASSERT_FALSE(verdict.claims.empty());
    EXPECT_EQ(verdict.claims.front().code, verdict.code);
    EXPECT_EQ(verdict.claims.front().sentence, verdict.headline);
    EXPECT_EQ(verdict.claims.front().next_step, verdict.advice.front());
    for (const Claim& claim : verdict.claims) {
      EXPECT_FALSE(claim.evidence.empty());
      EXPECT_GT(claim.confidence, 0);
      EXPECT_LE(claim.confidence, 1);
    }
  }
}

TEST(Claims, EvidenceReadsAsNumbersBesideWhatTheRuleNeeds) {
  const Claim claim = judge(serialized_profile()).claims.front();
  std::vector<std::string> texts;
  for (const Evidence& row : claim.evidence) texts.push_back(text_of(row));
  EXPECT_THAT(texts, ElementsAre("threads waiting for the GIL 6.9 (needs 0.2)",
                                 "waiting, of all that had something to run 87 % (needs 15 %)",
                                 "GIL held 99 % (needs 40 %)", "CPUs used 1.02"));
}

TEST(Claims, ConfidenceFollowsTheMarginAndWhatWasSeen) {
  const Numbers sure = measure(serialized_profile());
  const auto of = [](const Numbers& n) {
    return confidence(VerdictCode::kSerializedByGil, evidence(VerdictCode::kSerializedByGil, n, {}), n);
  };
  EXPECT_NEAR(of(sure), 1995.0 / 2015, 1e-9);
  Numbers marginal = sure;
  marginal.waiting = 0.2;
  EXPECT_NEAR(of(marginal), of(sure) / 2, 0.02) << "at the threshold another rule would do as well";
  Numbers brief = sure;
  brief.ticks = 20;
  EXPECT_NEAR(of(brief), 0.5, 1e-9);
  Numbers unknown = sure;
  unknown.unknown_share = 0.4;
  EXPECT_NEAR(of(unknown), of(sure) * 0.6, 1e-9);
  Numbers blurred = sure;
  blurred.blurred_share = 0.5;
  EXPECT_NEAR(of(blurred), of(sure) * 0.75, 1e-9);
}

TEST(CpuStarved, ByItsAffinity) {
  Profile profile = hashing(2);
  profile.cpus.allowed = 1;
  profile.pressure = {std::chrono::seconds(2), std::chrono::seconds(6), 0, 0, Nanos{0}};
  const Verdict verdict = judge(profile);
  EXPECT_THAT(codes(verdict), ElementsAre(VerdictCode::kCpuStarved, VerdictCode::kParallelNative));
  EXPECT_EQ(
      verdict.headline,
      "3.0 threads were ready to run and had no CPU on average: the process may use 1 of the machine's 2 CPUs (its "
      "affinity); the GIL is not the problem.");
  EXPECT_THAT(verdict.advice.front(), HasSubstr("taskset"));
}

TEST(CpuStarved, ByThrottling) {
  Profile profile = hashing(1);
  profile.cpus.cgroup_quota = 0.5;
  profile.pressure = {std::chrono::seconds(2), std::chrono::seconds(7), 20, 19, std::chrono::seconds(3)};
  const Verdict verdict = judge(profile);
  EXPECT_EQ(verdict.code, VerdictCode::kCpuStarved);
  EXPECT_THAT(verdict.headline, AllOf(HasSubstr("quota of its cgroup, 0.5 CPUs"), HasSubstr("95 % of its periods")));
}

TEST(CpuStarved, DoesNotStealWhatTheGilDoes) {
  Profile profile = serialized_profile();
  profile.cpus.allowed = 1;
  profile.pressure = {std::chrono::seconds(2), std::chrono::seconds(3), 0, 0, Nanos{0}};
  const Verdict verdict = judge(profile);
  EXPECT_THAT(codes(verdict), ElementsAre(VerdictCode::kSerializedByGil, VerdictCode::kCpuStarved));
  EXPECT_THAT(verdict.claims[1].sentence, HasSubstr("without a GIL it would be no faster"));
}

TEST(CpuStarved, WakingUpForTheGilIsNoLackOfCpus) {
  Profile profile = serialized_profile();
  profile.pressure = {std::chrono::seconds(2), std::chrono::seconds(3), 0, 0, Nanos{0}};
  EXPECT_THAT(codes(judge(profile)), ElementsAre(VerdictCode::kSerializedByGil));
}

TEST(CpuStarved, AllCpusOfTheMachineInUseIsParallel) {
  Profile profile = hashing(3.9);
  profile.pressure = {std::chrono::seconds(2), std::chrono::seconds(4), 0, 0, Nanos{0}};
  EXPECT_THAT(codes(judge(profile)), ElementsAre(VerdictCode::kParallelNative));
}

TEST(CpuStarved, ByOthersBesideWhatHoldsAnyway) {
  Profile profile = hashing(2.6);
  profile.pressure = {std::chrono::seconds(2), std::chrono::seconds(5), 0, 0, Nanos{0}};
  const Verdict verdict = judge(profile);
  EXPECT_THAT(codes(verdict), ElementsAre(VerdictCode::kParallelNative, VerdictCode::kCpuStarved));
  EXPECT_THAT(verdict.claims[1].sentence, HasSubstr("other processes had the CPUs"));
  profile.cpu_time = std::chrono::seconds(1);
  profile.pressure.queued = std::chrono::seconds(7);
  EXPECT_EQ(judge(profile).code, VerdictCode::kCpuStarved) << "they do not run side by side any more";
}

// Waiting for a holder without a CPU is not the GIL's doing, but may hide what is.
TEST(CpuStarved, AGilThatIsWaitedForMeanwhileIsNotAcquitted) {
  Profile profile = serialized_profile();
  profile.pressure = {profile.duration, 3 * profile.duration, 0, 0, Nanos{0}};
  profile.holders_queued = profile.gils.front().held;
  profile.cpu_time = profile.duration / 10;
  const Verdict verdict = judge(profile);
  EXPECT_EQ(verdict.code, VerdictCode::kCpuStarved);
  EXPECT_THAT(verdict.headline, HasSubstr("whether the GIL is a problem as well cannot be told"));
}

TEST(Hogged, AHolderWithoutACpuIsNoHog) {
  Profile profile = mixed_profile();
  EXPECT_EQ(judge(profile).code, VerdictCode::kGilHoggedByNativeCall);
  profile.holders_queued = ProfileBuilder::nanos(0.7);
  EXPECT_EQ(judge(profile).code, VerdictCode::kSerializedByGil);
  EXPECT_THAT(codes(judge(profile)), Contains(VerdictCode::kCpuStarved));
}

TEST(Reenabled, SaysWhy) {
  Profile profile = serialized_profile();
  profile.target.free_threaded = true;
  profile.target.extension_modules = {"numpy", "lxml"};
  Verdict verdict = judge(profile);
  EXPECT_THAT(codes(verdict), ElementsAre(VerdictCode::kGilReenabled, VerdictCode::kSerializedByGil));
  EXPECT_THAT(verdict.headline, HasSubstr("its GIL is on (for an extension module: numpy, lxml?): 8 threads"));
  profile.target.gil_set_by = "-X gil=1";
  verdict = judge(profile);
  EXPECT_THAT(verdict.headline, HasSubstr("its GIL is on (-X gil=1): 8 threads"));
  EXPECT_EQ(verdict.advice.front(), "Turn the GIL off: it is on because of -X gil=1.");
  EXPECT_EQ(text_of(verdict.claims.front().evidence.back()), "GIL turned on by -X gil=1");
}

TEST(Culprits, ALibrarysFunctionHasACaller) {
  ProfileBuilder builder(2);
  const StackId dumps = builder.stack({{"render", "/home/ann/lab/app.py", 14, 12},
                                       {"dumps", "/usr/lib/python3.11/json/__init__.py", 231, 183},
                                       {"iterencode", "/usr/lib/python3.11/json/encoder.py", 258, 200}});
  const ThreadIndex holder = builder.thread("holder");
  builder.spend(holder, Activity::kHoldsGil, 2, dumps);
  builder.spend(builder.thread("waiter"), Activity::kWaitsForGil, 2);
  const Verdict verdict = judge(builder.blame(holder, dumps, kNoStack, 2).cpu(2).profile());
  EXPECT_EQ(verdict.culprits.front().function, "iterencode (json/encoder.py:200)");
  EXPECT_EQ(verdict.culprits.front().caller, "render (app.py:12)");
  EXPECT_EQ(text_of(verdict.culprits.front()), "iterencode (json/encoder.py:200), called by render (app.py:12)");
  EXPECT_THAT(verdict.advice.front(), StartsWith("Processes: move render (app.py:12)"));
}

TEST(WhatIf, IsAnUpperBoundWithItsAssumptions) {
  const WhatIf found = judge(serialized_profile()).what_if;
  EXPECT_TRUE(found.known);
  EXPECT_EQ(found.cpus, 2);
  EXPECT_NEAR(found.without_gil, 2 / 1.02, 1e-9);
  EXPECT_EQ(found.with_processes, found.without_gil);
  ASSERT_TRUE(found.if_released.has_value());
  EXPECT_EQ(found.if_released->function, "is_prime (primes.py:4)");
  EXPECT_GT(found.if_released->factor, 1);
  EXPECT_LE(found.if_released->factor, found.without_gil);
  EXPECT_THAT(found.assumptions, Contains(HasSubstr("on 2 CPUs")));
  EXPECT_THAT(found.single_thread_price, HasSubstr("1.57"));
}

TEST(WhatIf, NothingToGainWhereNobodyWaits) {
  const WhatIf found = judge(hashing(3.9)).what_if;
  EXPECT_EQ(found.without_gil, 1);
  EXPECT_FALSE(found.if_released.has_value());
  EXPECT_THAT(found.assumptions, IsEmpty());
  EXPECT_FALSE(judge(Profile{}).what_if.known);
}

// Threads that wait for a tenth of their time gain a ninth, however many CPUs are idle.
TEST(WhatIf, ThreadsGainWhatTheyWaited) {
  ProfileBuilder builder(2);
  for (int i = 0; i < 8; ++i) {
    const ThreadIndex thread = builder.thread("request");
    builder.spend(thread, Activity::kHoldsGil, 0.2).spend(thread, Activity::kWaitsForGil, 0.2);
    builder.spend(thread, Activity::kBlocked, 1.6);
  }
  builder.spend(builder.thread("MainThread"), Activity::kBlocked, 2);  // in join(): not a thread that works
  EXPECT_NEAR(judge(builder.cpu(1.6).profile()).what_if.without_gil, 1 / 0.9, 1e-6);
}

// One second in which one thread works, one in which four do: only the second one gets shorter.
TEST(WhatIf, APartInWhichOneWorksStaysAsItIs) {
  ProfileBuilder builder(2);
  std::vector<Lane> lanes;
  for (int i = 0; i < 4; ++i) {
    const ThreadIndex thread = builder.thread("t");
    const auto at = [](double seconds) { return ProfileBuilder::nanos(seconds); };
    const Activity before = i == 0 ? Activity::kHoldsGil : Activity::kBlocked;
    builder.spend(thread, before, 1).spend(thread, Activity::kHoldsGil, 0.25);
    builder.spend(thread, Activity::kWaitsForGil, 0.75);
    const double turn = 1 + 0.25 * i;
    lanes.push_back({{at(0), at(1), kNoStack, before},
                     {at(1), at(turn), kNoStack, Activity::kWaitsForGil},
                     {at(turn), at(turn + 0.25), kNoStack, Activity::kHoldsGil},
                     {at(turn + 0.25), at(2), kNoStack, Activity::kWaitsForGil}});
  }
  Profile profile = builder.cpu(2).profile();
  profile.timeline.lanes = lanes;
  EXPECT_NEAR(judge(profile).what_if.without_gil, 2 / 1.5, 0.01) << "2 if the moments were not told apart";
}

TEST(WhatIf, AHogsVictimsGainMoreThanItsOwnWorkIsLong) { EXPECT_GT(judge(mixed_profile()).what_if.without_gil, 1.3); }

}  // namespace
}  // namespace gilspy::verdict
