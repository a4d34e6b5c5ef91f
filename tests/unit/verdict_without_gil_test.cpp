// Verdicts of free-threaded builds and of several interpreters.
#include <gmock/gmock.h>

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
