// Verdicts of free-threaded builds and of several interpreters.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "gilspy/verdict.h"
#include "sample_profile.h"
#include "src/verdict/rules.h"

namespace gilspy::verdict {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A free-threaded build, with its GIL or without.
Profile free_threaded(Profile profile, bool gil_enabled) {
  profile.target.free_threaded = true;
  profile.target.gil_enabled = gil_enabled;
  if (!gil_enabled) profile.gils.front().observed = Nanos{0};
  return profile;
}

// Threads of one kind for two seconds, on four CPUs.
Profile threads(int count, Activity activity, double seconds, double cpu) {
  ProfileBuilder builder(2);
  for (int i = 0; i < count; ++i) {
    const ThreadIndex thread = builder.thread("worker");
    builder.spend(thread, activity, seconds).spend(thread, Activity::kBlocked, 2 - seconds);
  }
  builder.profile().cpus.allowed = 4;
  return std::move(builder.cpu(cpu).profile());
}

TEST(FreeThreadedVerdict, AGilThatIsOnAndSerializes) {
  const Verdict verdict = judge(free_threaded(serialized_profile(), true));
  EXPECT_EQ(verdict.code, VerdictCode::kGilReenabled);
  EXPECT_EQ(
      verdict.headline,
      "This Python is free-threaded, but its GIL is on: 8 threads did the work of 1.02 on 2 CPUs: the GIL was held "
      "99 % of the time, 6.9 threads waited for it on average.");
  EXPECT_THAT(verdict.advice.front(), HasSubstr("PYTHON_GIL=0"));
  EXPECT_NEAR(verdict.possible_speedup, 2 / 1.02, 1e-9);
}

TEST(FreeThreadedVerdict, AGilThatIsOnAndHogged) {
  EXPECT_EQ(judge(free_threaded(mixed_profile(), true)).code, VerdictCode::kGilReenabled);
  Numbers hogged = measure(free_threaded(mixed_profile(), true));
  hogged.waiting = 0.1;  // too little to be serialized
  EXPECT_EQ(decide(hogged), VerdictCode::kGilReenabled);
}

TEST(FreeThreadedVerdict, AGilThatIsOnAndHarmless) {
  const Profile profile = threads(1, Activity::kHoldsGil, 2, 2);
  EXPECT_EQ(judge(free_threaded(profile, true)).code, VerdictCode::kSingleThreaded);
}

TEST(FreeThreadedVerdict, AnOrdinaryBuildIsNotReenabled) {
  EXPECT_EQ(judge(serialized_profile()).code, VerdictCode::kSerializedByGil);
}

TEST(FreeThreadedVerdict, Parallel) {
  const Verdict exhausted = judge(free_threaded(threads(4, Activity::kRunsWithoutGil, 2, 7.9), false));
  EXPECT_EQ(exhausted.code, VerdictCode::kParallelFreeThreaded);
  EXPECT_EQ(exhausted.headline,
            "4 threads used 3.95 of 4 CPUs: there is no GIL in this process; the CPUs are the limit.");
  EXPECT_THAT(exhausted.advice.front(), StartsWith("More CPUs"));
  const Verdict room = judge(free_threaded(threads(2, Activity::kRunsWithoutGil, 2, 3.9), false));
  EXPECT_EQ(room.code, VerdictCode::kParallelFreeThreaded);
  EXPECT_THAT(room.headline, HasSubstr("2 threads used 1.95 of 4 CPUs"));
}

// Threads that were ready to run and had no CPU: more of them would not help.
TEST(FreeThreadedVerdict, StarvedByOthers) {
  const Verdict verdict = judge(free_threaded(threads(4, Activity::kRunsWithoutGil, 2, 1), false));
  EXPECT_EQ(verdict.headline,
            "4 threads used 0.50 of 4 CPUs: there is no GIL in this process; other processes had the CPUs.");
  EXPECT_THAT(verdict.advice.front(), HasSubstr("had no CPU"));
  EXPECT_EQ(judge(free_threaded(threads(4, Activity::kRunsWithoutGil, 2, 0.001), false)).code,
            VerdictCode::kParallelFreeThreaded);
}

TEST(FreeThreadedVerdict, OneThreadIsNotParallel) {
  const Verdict verdict = judge(free_threaded(threads(1, Activity::kRunsWithoutGil, 2, 2), false));
  EXPECT_EQ(verdict.code, VerdictCode::kSingleThreaded);
}

// What there is not is not spoken of.
TEST(FreeThreadedVerdict, WithoutAGilNoOtherHeadlineNamesIt) {
  Profile one_of_many = threads(1, Activity::kRunsWithoutGil, 2, 2);
  for (const ThreadProfile& idler : threads(3, Activity::kBlocked, 2, 0).threads) one_of_many.threads.push_back(idler);
  const std::pair<Profile, VerdictCode> cases[] = {
      {threads(8, Activity::kRunsWithoutGil, 0.02, 0.16), VerdictCode::kIoBound},
      {threads(8, Activity::kBlocked, 2, 0.001), VerdictCode::kIdle},
      {threads(1, Activity::kRunsWithoutGil, 2, 2), VerdictCode::kSingleThreaded},
      {one_of_many, VerdictCode::kSingleThreaded},
      {threads(4, Activity::kRunsWithoutGil, 0.5, 2), VerdictCode::kSingleThreaded},
  };
  for (const auto& [profile, code] : cases) {
    const Verdict without = judge(free_threaded(profile, false));
    EXPECT_EQ(code_name(without.code), code_name(code)) << without.headline;
    EXPECT_THAT(without.headline, Not(HasSubstr("GIL")));
    EXPECT_THAT(without.advice, Not(Contains(HasSubstr("GIL"))));
    EXPECT_EQ(judge(profile).code, code) << "the same with a GIL";
  }
  EXPECT_EQ(
      judge(free_threaded(cases[0].first, false)).headline,
      "8 threads spent 99 % of the time blocked (I/O, sleep, locks) and used 8 % of one CPU: what they wait for is "
      "the limit.");
}

// A thread that has a row in two interpreters, half of the time in each.
void add_visitor(ProfileBuilder& builder, Activity activity, std::int64_t interpreter) {
  const ThreadIndex home = builder.thread("visitor");
  const ThreadIndex visit = builder.thread("visitor");
  ThreadInfo& info = builder.profile().threads[to_int(visit)].info;
  info.tid = builder.profile().threads[to_int(home)].info.tid;
  info.interpreter_id = interpreter;
  builder.spend(home, activity, 1).spend(visit, activity, 1);
}

// Each of these many interpreters has a GIL of its own, which one thread holds nearly all the time.
Profile interpreters(int count, double cpu) {
  ProfileBuilder builder(2);
  for (int i = 0; i < count; ++i) builder.spend(builder.thread("worker"), Activity::kHoldsGil, 1.9);
  Profile& profile = builder.cpu(cpu).profile();
  profile.cpus.allowed = 4;
  GilProfile gil = profile.gils.front();
  gil.held = ProfileBuilder::nanos(1.9);
  profile.gils.assign(static_cast<std::size_t>(count), gil);
  for (int i = 0; i < count; ++i) {
    profile.threads[static_cast<std::size_t>(i)].info.interpreter_id = i;
    profile.gils[static_cast<std::size_t>(i)].interpreters = {i};
  }
  return std::move(profile);
}

TEST(InterpretersVerdict, GilsHeldSideBySide) {
  const Verdict verdict = judge(interpreters(3, 5.7));
  EXPECT_EQ(verdict.code, VerdictCode::kParallelInterpreters);
  EXPECT_EQ(verdict.headline,
            "3 threads used 2.85 of 4 CPUs: their interpreters have 3 GILs of their own, 2.9 of which were held on "
            "average; the GIL is not what limits them.");
  EXPECT_THAT(judge(interpreters(4, 7.6)).headline, HasSubstr("the CPUs are the limit"));
}

TEST(InterpretersVerdict, AGilThatIsHardlyHeldIsNotCounted) {
  Profile profile = interpreters(3, 5.7);
  GilProfile idle = profile.gils.front();
  idle.held = ProfileBuilder::nanos(0.01);
  profile.gils.push_back(idle);
  EXPECT_THAT(judge(profile).headline, HasSubstr("have 3 GILs of their own"));
}

TEST(InterpretersVerdict, TakesMoreThanOneHolder) {
  Numbers numbers = measure(interpreters(2, 3.8));
  numbers.holding = 1.2;
  numbers.holding_in_one_process = numbers.holding;
  EXPECT_EQ(decide(numbers), VerdictCode::kParallelInterpreters);
  numbers.holding = 1.19;
  numbers.holding_in_one_process = numbers.holding;
  EXPECT_EQ(decide(numbers), VerdictCode::kParallelNative);
}

TEST(InterpretersVerdict, WaitingForOneOfThemIsStillWaiting) {
  Profile profile = interpreters(2, 3.8);
  for (int i = 0; i < 3; ++i) {
    ThreadProfile waiter = profile.threads.front();
    waiter.times = {};
    waiter.times[index_of(Activity::kWaitsForGil)] = profile.duration;
    waiter.info.tid = Tid{90 + i};
    profile.threads.push_back(waiter);
  }
  EXPECT_EQ(judge(profile).code, VerdictCode::kSerializedByGil);
}

bool has_row(const Claim& claim, const std::string& name, double value) {
  return std::ranges::any_of(
      claim.evidence, [&](const Evidence& row) { return row.name == name && std::abs(row.value - value) < 0.005; });
}

// The GIL of interpreter 2 is the busiest; nobody waits for it.
TEST(InterpretersVerdict, SerializedIsTheGilThatIsWaitedFor) {
  const Verdict verdict = judge(interpreters_profile());
  EXPECT_EQ(verdict.headline,
            "3 threads did the work of 1.95 on 4 CPUs: the GIL that interpreters 0 and 1 share was held 95 % of the "
            "time, 1.1 threads waited for it on average.");
  EXPECT_TRUE(has_row(verdict.claims.front(), "GIL that interpreters 0 and 1 share held", 0.95));
  EXPECT_THAT(verdict.advice, Contains(HasSubstr("GILs of their own for interpreters that share one")));
  EXPECT_EQ(verdict.claims.back().code, VerdictCode::kParallelInterpreters);
  EXPECT_EQ(verdict.claims.back().sentence,
            "3 threads used 1.95 of 4 CPUs: their interpreters have 2 GILs, 1.9 of which were held on average, and 1.1 "
            "threads waited for the GIL that interpreters 0 and 1 share.");
}

TEST(InterpretersVerdict, TheGilOfOneOfThemIsNamedAsWell) {
  Profile profile = interpreters_profile();
  std::swap(profile.gils[0].interpreters, profile.gils[1].interpreters);
  const Verdict verdict = judge(profile);
  EXPECT_THAT(verdict.headline, HasSubstr(": the GIL of interpreter 2 was held 95 % of the time"));
  EXPECT_THAT(verdict.advice, Contains(HasSubstr("Subinterpreters")));
}

TEST(InterpretersVerdict, BesideThoseThatRunSideBySideWaitingIsTold) {
  Profile profile = interpreters_profile();
  profile.cpus.allowed = 2;  // which are the limit then
  const Verdict verdict = judge(profile);
  EXPECT_EQ(verdict.headline,
            "3 threads used 1.95 of 2 CPUs: their interpreters have 2 GILs, 1.9 of which were held on average, and 1.1 "
            "threads waited for the GIL that interpreters 0 and 1 share; the CPUs are the limit, not the GIL.");
  EXPECT_TRUE(has_row(verdict.claims.front(), "GIL that interpreters 0 and 1 share held", 0.95));
  EXPECT_TRUE(has_row(verdict.claims.front(), "threads waiting for it", 1.05));
  EXPECT_TRUE(has_row(verdict.claims.front(), "GIL of interpreter 2 held", 0.99));
}

TEST(InterpretersVerdict, OneThatIsKeptInLongTurnsIsNamed) {
  Profile profile = interpreters_profile();
  profile.gils[0].hogged = ProfileBuilder::nanos(1.8);
  const Verdict verdict = judge(profile);
  EXPECT_EQ(verdict.code, VerdictCode::kGilHoggedByNativeCall);
  EXPECT_EQ(
      verdict.headline,
      "spin (spin.py:1) kept the GIL that interpreters 0 and 1 share in long turns for 90 % of the time, while 1.1 "
      "threads waited for it on average.");
}

TEST(InterpretersVerdict, AThreadWithRowsInTwoOfThemIsOneThread) {
  ProfileBuilder builder(2);
  add_visitor(builder, Activity::kHoldsGil, 1);
  add_visitor(builder, Activity::kHoldsGil, 2);
  const Numbers numbers = measure(builder.cpu(4).profile());
  EXPECT_EQ(numbers.python_threads, 2U);
  EXPECT_EQ(numbers.working_threads, 2U);
}

TEST(InterpretersVerdict, ARowWithoutTimeIsNoThread) {  // a state that was dormant all the time
  ProfileBuilder builder(2);
  builder.spend(builder.thread("MainThread"), Activity::kHoldsGil, 2);
  builder.thread("dormant");
  EXPECT_EQ(measure(builder.profile()).python_threads, 1U);
}

// A thread a request: the kernel gives the same number to one after the other.
TEST(InterpretersVerdict, ATidThatIsUsedAgainIsAnotherThread) {
  ProfileBuilder builder(2);
  for (int i = 0; i < 5; ++i) {
    const ThreadIndex thread = builder.thread("request");
    builder.profile().threads[to_int(thread)].info.tid = Tid{77};
    builder.spend(thread, Activity::kHoldsGil, 0.3);
  }
  const Numbers numbers = measure(builder.cpu(1.5).profile());
  EXPECT_EQ(numbers.python_threads, 5U);
  EXPECT_EQ(numbers.working_threads, 5U);
}

}  // namespace
}  // namespace gilspy::verdict
