#include "gilspy/verdict.h"

#include <gmock/gmock.h>

#include <utility>

#include "sample_profile.h"
#include "src/verdict/rules.h"
#include "src/verdict/what_if.h"

namespace gilspy::verdict {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// Four threads that compute in Python on two CPUs; the cases change what they are about.
Numbers spinners() {
  Numbers n;
  n.duration = std::chrono::seconds(5);
  n.ticks = 5000;
  n.python_threads = 4;
  n.working_threads = 4;
  n.cpus_used = 1.0;
  n.cpus_available = 2;
  n.holding = 1.0;
  n.waiting = 3.0;
  n.top_share = 0.25;
  n.utilization = 0.99;
  return n;
}

struct RuleCase {
  const char* name;
  void (*change)(Numbers& n);
  VerdictCode code;
};

class Rules : public ::testing::TestWithParam<RuleCase> {};

TEST_P(Rules, Decide) {
  Numbers numbers = spinners();
  GetParam().change(numbers);
  EXPECT_EQ(code_name(decide(numbers)), code_name(GetParam().code));
}

void nobody_waits(Numbers& n, double demand) {
  n.holding = demand;
  n.waiting = 0;
  n.cpus_used = demand;
}

const RuleCase kRuleCases[] = {
    {"Spinners", [](Numbers&) {}, VerdictCode::kSerializedByGil},
    {"SpinnersOnOneCpu", [](Numbers& n) { n.cpus_available = 1; }, VerdictCode::kSerializedByGil},
    {"JustEnoughWaiting", [](Numbers& n) { n.waiting = 0.2; }, VerdictCode::kSerializedByGil},
    {"WaitingForALock",
     [](Numbers& n) {
       nobody_waits(n, 0.1);
       n.for_locks = 3;
     },
     VerdictCode::kLockBound},
    {"WhatIsWaitedForMoreComesFirst", [](Numbers& n) { n.for_locks = 2.9; }, VerdictCode::kSerializedByGil},
    {"LocksMoreThanTheGil", [](Numbers& n) { n.for_locks = 3.1; }, VerdictCode::kLockBound},
    {"DeadlockBeforeAll",
     [](Numbers& n) {
       n.circle = {{"a", "b"}, {"a waits", "b waits"}, 3, true};
     },
     VerdictCode::kDeadlock},
    {"DeadlockInFewTicks",
     [](Numbers& n) {
       n.ticks = 12;
       n.circle = {{"a", "b"}, {"a waits", "b waits"}, 0.5, true};
     },
     VerdictCode::kDeadlock},
    {"ACircleThatIsOver",
     [](Numbers& n) {
       n.circle = {{"a", "b"}, {"a waits", "b waits"}, 3, false};
     },
     VerdictCode::kSerializedByGil},
    {"SomeWaitingForLocks",
     [](Numbers& n) {
       nobody_waits(n, 1.0);
       n.for_locks = 0.19;
     },
     VerdictCode::kSingleThreaded},
    {"LocksWithoutAGil",
     [](Numbers& n) {
       nobody_waits(n, 0);
       n.native = 1.2;
       n.cpus_used = 1.2;
       n.free_threaded = true;
       n.gil_enabled = false;
       n.for_locks = 2.8;
     },
     VerdictCode::kFreeThreadedContended},
    {"TooLittleWaiting", [](Numbers& n) { n.waiting = 0.19; }, VerdictCode::kSingleThreaded},
    {"WaitingIsSmallBesideTheWork",
     [](Numbers& n) {
       n.native = 5;
       n.waiting = 0.9;
       n.cpus_used = 6;
       n.cpus_available = 8;
     },
     VerdictCode::kParallelNative},
    {"WaitingButCpusExhausted",
     [](Numbers& n) {
       n.native = 1;
       n.cpus_used = 1.9;
     },
     VerdictCode::kParallelNative},
    {"WaitingAndCpusLeft",
     [](Numbers& n) {
       n.native = 0.6;
       n.cpus_used = 1.6;
     },
     VerdictCode::kSerializedByGil},

    {"ThreadsThatPassItOnThroughALock",
     [](Numbers& n) {
       n.utilization = n.holding = 0.8;
       n.waiting = 0.1;
       n.native = 2.5;
       n.queued = 1.7;
       n.cpus_used = 1.1;
       n.handoffs_per_second = 13000;
     },
     VerdictCode::kSerializedByGil},

    {"ReadyNowAndThenWithoutEverGettingACpu",  // the parent of a pool whose workers have the CPUs
     [](Numbers& n) {
       n.utilization = n.holding = n.waiting = 0.05;
       n.native = 1.1;
       n.queued = 1.1;
       n.cpus_used = 0.05;
     },
     VerdictCode::kCpuStarved},

    {"Hog",
     [](Numbers& n) {
       n.hogged_share = 0.87;
       n.hogged_of_held = 0.9;
     },
     VerdictCode::kGilHoggedByNativeCall},
    {"HogThatSleeps",
     [](Numbers& n) {
       n.hogged_share = 0.9;
       n.hogged_of_held = 0.9;
       n.cpus_used = 0.001;
     },
     VerdictCode::kGilHoggedByNativeCall},
    {"JustAHog",
     [](Numbers& n) {
       n.hogged_share = 0.05;
       n.hogged_of_held = 0.3;
     },
     VerdictCode::kGilHoggedByNativeCall},
    {"HogTooRarely",
     [](Numbers& n) {
       n.hogged_share = 0.049;
       n.hogged_of_held = 0.9;
     },
     VerdictCode::kSerializedByGil},
    {"OrdinaryTurnsPrevail",
     [](Numbers& n) {
       n.hogged_share = 0.2;
       n.hogged_of_held = 0.29;
     },
     VerdictCode::kSerializedByGil},

    {"Native",
     [](Numbers& n) {
       nobody_waits(n, 0.1);
       n.native = 1.8;
       n.cpus_used = 1.9;
     },
     VerdictCode::kParallelNative},
    {"NativeOnOneCpu",
     [](Numbers& n) {
       nobody_waits(n, 0.1);
       n.native = 3;
       n.cpus_available = 1;
       n.cpus_used = 1;
     },
     VerdictCode::kParallelNative},
    {"JustMoreThanOne",
     [](Numbers& n) {
       nobody_waits(n, 1.0);
       n.cpus_used = 1.2;
     },
     VerdictCode::kParallelNative},
    {"OneHashingThread",
     [](Numbers& n) {
       nobody_waits(n, 0.01);
       n.native = 1;
       n.cpus_used = 1;
     },
     VerdictCode::kSingleThreaded},

    {"OneSpinner", [](Numbers& n) { nobody_waits(n, 1.0); }, VerdictCode::kSingleThreaded},
    {"JustBusy", [](Numbers& n) { nobody_waits(n, 0.5); }, VerdictCode::kSingleThreaded},
    {"JustNotBusy", [](Numbers& n) { nobody_waits(n, 0.49); }, VerdictCode::kIoBound},
    {"Server", [](Numbers& n) { nobody_waits(n, 0.05); }, VerdictCode::kIoBound},
    {"JustNotIdle", [](Numbers& n) { nobody_waits(n, 0.003); }, VerdictCode::kIoBound},
    {"JustIdle", [](Numbers& n) { nobody_waits(n, 0.0029); }, VerdictCode::kIdle},
    {"NothingAtAll", [](Numbers& n) { nobody_waits(n, 0); }, VerdictCode::kIdle},

    {"FewTicks", [](Numbers& n) { n.ticks = 19; }, VerdictCode::kInsufficientData},
    {"JustEnoughTicks", [](Numbers& n) { n.ticks = 20; }, VerdictCode::kSerializedByGil},
    {"NoTime", [](Numbers& n) { n.duration = Nanos{0}; }, VerdictCode::kInsufficientData},
    {"NoThread", [](Numbers& n) { n.python_threads = 0; }, VerdictCode::kInsufficientData},
    {"MostlyUnknown", [](Numbers& n) { n.unknown_share = 0.51; }, VerdictCode::kInsufficientData},
    {"HalfUnknown", [](Numbers& n) { n.unknown_share = 0.5; }, VerdictCode::kSerializedByGil},
};

INSTANTIATE_TEST_SUITE_P(Table, Rules, ::testing::ValuesIn(kRuleCases),
                         [](const auto& test) { return std::string(test.param.name); });

struct SpeedupCase {
  const char* name;
  void (*change)(Numbers& n);
  double speedup;
};

class Speedup : public ::testing::TestWithParam<SpeedupCase> {};

TEST_P(Speedup, IsBoundedByCpusAndDemand) {
  Numbers numbers = spinners();
  GetParam().change(numbers);
  EXPECT_NEAR(gain_on_cpus(numbers), GetParam().speedup, 1e-9);
}

const SpeedupCase kSpeedupCases[] = {
    {"TwoCpus", [](Numbers&) {}, 2.0},
    {"ManyCpus", [](Numbers& n) { n.cpus_available = 64; }, 4.0},
    {"Quota", [](Numbers& n) { n.cpus_available = 1.5; }, 1.5},
    {"OneCpu", [](Numbers& n) { n.cpus_available = 1; }, 1.0},
    {"NobodyWaits", [](Numbers& n) { n.waiting = 0; }, 1.0},
    {"LessDemandThanCpuTime",
     [](Numbers& n) {
       n.waiting = 0;
       n.holding = 0.2;
     },
     1.0},
    {"SleepingHogPromisesNoWonders", [](Numbers& n) { n.cpus_used = 0.01; }, 2.0},
    {"BusyMachinePromisesNoWonders", [](Numbers& n) { n.cpus_used = 0.5; }, 2.0},
    {"Nothing", [](Numbers& n) { n = Numbers{}; }, 1.0},
};

INSTANTIATE_TEST_SUITE_P(Table, Speedup, ::testing::ValuesIn(kSpeedupCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Judge, Serialized) {
  const Verdict verdict = judge(serialized_profile());
  EXPECT_EQ(verdict.code, VerdictCode::kSerializedByGil);
  EXPECT_EQ(verdict.headline,
            "8 threads did the work of 1.02 on 2 CPUs: the GIL was held 99 % of the time, 6.9 threads waited for it on "
            "average.");
  EXPECT_NEAR(verdict.possible_speedup, 2 / 1.02, 1e-9);
  EXPECT_THAT(verdict.advice, Contains(StartsWith("Processes: move is_prime (primes.py:4)")));
  EXPECT_THAT(verdict.advice, Contains(HasSubstr("python3.13t")));
}

TEST(Judge, SerializedOnOneCpuSaysSo) {
  Profile profile = serialized_profile();
  profile.cpus.allowed = 1;
  const Verdict verdict = judge(profile);
  EXPECT_THAT(verdict.headline, HasSubstr("on 1 CPU:"));
  EXPECT_THAT(verdict.advice.front(), StartsWith("More CPUs"));
  EXPECT_EQ(verdict.possible_speedup, 1);
}

TEST(Judge, CulpritsAreFunctionsMostFirst) {
  const std::vector<Culprit> culprits = judge(serialized_profile()).culprits;
  ASSERT_EQ(culprits.size(), 2u);  // two lines of is_prime are one culprit; the hand-off is nobody's fault
  EXPECT_EQ(culprits[0].function, "is_prime (primes.py:4)");
  EXPECT_NEAR(culprits[0].share, 1.2 / 1.7245433, 1e-9);
  EXPECT_EQ(culprits[1].function, "count (primes.py:14)");
}

TEST(Judge, Hogged) {
  Profile profile = mixed_profile();
  profile.gils.front().interpreters = {0};
  const Verdict verdict = judge(profile);
  EXPECT_EQ(verdict.code, VerdictCode::kGilHoggedByNativeCall);
  EXPECT_EQ(verdict.headline,
            "sleep_in_c (serve.py:17) kept the GIL through long native calls for 73 % of the time, while 1.3 threads "
            "waited for it on average.");
  EXPECT_THAT(verdict.advice, Contains(AllOf(HasSubstr("Release the GIL"), HasSubstr("sleep_in_c"))));
}

// Interpreters do not always ask each other to let go: it need not be a native call.
TEST(Judge, HoggedWhereInterpretersShareTheGil) {
  const Verdict verdict = judge(mixed_profile());
  EXPECT_EQ(verdict.code, VerdictCode::kGilHoggedByNativeCall);
  EXPECT_THAT(verdict.headline,
              HasSubstr("kept the GIL that interpreters 0 and 3 share in long turns for 73 % of the time"));
  EXPECT_THAT(verdict.advice.front(), HasSubstr("share a GIL"));
}

TEST(Judge, HoggedByNobodyKnown) {
  Profile profile = mixed_profile();
  profile.gils.front().interpreters = {0};
  profile.blame.clear();
  const Verdict verdict = judge(profile);
  EXPECT_THAT(verdict.headline, StartsWith("A native call kept the GIL"));
  EXPECT_THAT(verdict.culprits, IsEmpty());
}

Profile hashing(double cpu) {
  ProfileBuilder builder(2);
  for (int i = 0; i < 4; ++i) {
    const ThreadIndex thread = builder.thread("hasher");
    builder.spend(thread, Activity::kHoldsGil, 0.02).spend(thread, Activity::kRunsWithoutGil, 1.98);
  }
  builder.spend(builder.thread("sleeper"), Activity::kBlocked, 2);
  return std::move(builder.cpu(cpu).profile());
}

TEST(Judge, Parallel) {
  EXPECT_EQ(judge(hashing(3.9)).headline,
            "4 threads used 1.95 of 2 CPUs: native code ran without the GIL, which was held 4 % of the time; the CPUs "
            "are the limit, not the GIL.");
  EXPECT_THAT(judge(hashing(2.6)).headline, HasSubstr("the GIL is not what limits them"));
  Profile free_threaded = hashing(3.9);
  free_threaded.target.free_threaded = true;
  free_threaded.target.gil_enabled = false;
  EXPECT_THAT(judge(free_threaded).headline, HasSubstr("there is no GIL in this process"));
}

TEST(Judge, SingleThreaded) {
  ProfileBuilder builder(2);
  builder.spend(builder.thread("MainThread"), Activity::kHoldsGil, 2).cpu(1.99);
  EXPECT_EQ(judge(builder.profile()).headline,
            "All the work is in one thread, which used 99.5 % of a CPU: there is nothing to run side by side.");
  builder.spend(builder.thread("sleeper"), Activity::kBlocked, 2);
  EXPECT_EQ(judge(builder.profile()).headline,
            "One of 2 threads did 100 % of the work: the others had nothing to run, so the GIL cost nothing.");
  EXPECT_EQ(judge(builder.profile()).possible_speedup, 1);
}

TEST(Judge, ThreadsThatQueueForALock) {
  ProfileBuilder builder(4);
  for (int i = 0; i < 4; ++i) {
    const ThreadIndex thread = builder.thread("queuer");
    builder.spend(thread, Activity::kHoldsGil, 0.9).spend(thread, Activity::kWaitsForLock, 3.1);
  }
  const Verdict verdict = judge(builder.cpu(3.6).profile());
  EXPECT_EQ(verdict.code, VerdictCode::kLockBound);
  EXPECT_EQ(verdict.headline, "3.1 threads waited for locks on average, while the process used 0.90 of 2 CPUs.");
  EXPECT_THAT(verdict.advice, ElementsAre(StartsWith("Several locks instead of one")));
}

TEST(Judge, IoBoundAndIdle) {
  ProfileBuilder builder(2);
  for (int i = 0; i < 8; ++i) {
    const ThreadIndex thread = builder.thread("fetcher");
    builder.spend(thread, Activity::kHoldsGil, 0.02).spend(thread, Activity::kBlocked, 1.98);
  }
  const Verdict verdict = judge(builder.cpu(0.16).profile());
  EXPECT_EQ(verdict.code, VerdictCode::kIoBound);
  EXPECT_EQ(verdict.headline,
            "8 threads spent 99 % of the time blocked (I/O, sleep, locks) and used 8 % of one CPU: not the GIL, held 8 "
            "% of the time, but what they wait for is the limit.");
  EXPECT_EQ(
      judge(builder.cpu(0.004).profile()).headline,
      "The process was idle: 8 threads used 0.2 % of one CPU, so there was nothing that the GIL could slow down.");
}

TEST(Judge, InsufficientDataSaysWhy) {
  EXPECT_EQ(judge(Profile{}).headline, "Too little was seen to judge: 0 ticks in 0.00 s; it takes 20 ticks at least.");
  Profile failed = serialized_profile();
  failed.quality.errors = std::exchange(failed.quality.ticks, 1) - 1;
  EXPECT_THAT(judge(failed).headline, HasSubstr("1 tick in 2.00 s"));
  EXPECT_THAT(judge(ProfileBuilder(2).profile()).headline, StartsWith("No Python thread was seen"));
  ProfileBuilder unknown(2);
  unknown.spend(unknown.thread("t"), Activity::kUnknown, 2);
  EXPECT_THAT(judge(unknown.profile()).headline, HasSubstr("unknown for 100 % of their time"));
  EXPECT_THAT(judge(unknown.profile()).advice, Contains(HasSubstr("-r 100"))) << "longer would not help";
}

TEST(Judge, ThreadsThatLiveForOneRequestCount) {
  ProfileBuilder builder(2);
  for (int i = 0; i < 200; ++i) {
    const ThreadIndex thread = builder.thread("request");
    builder.spend(thread, Activity::kHoldsGil, 0.0095).spend(thread, Activity::kWaitsForGil, 0.05);
  }
  builder.spend(builder.thread("MainThread"), Activity::kBlocked, 2);
  EXPECT_THAT(judge(builder.cpu(1.9).profile()).headline, StartsWith("200 threads did the work of 0.95"));
}

TEST(Judge, NativeThreadsCountTowardsParallelismOnly) {
  ProfileBuilder builder(2);
  builder.spend(builder.thread("MainThread"), Activity::kBlocked, 2);
  builder.native_thread("blas", 1.9);
  const Numbers numbers = measure(builder.cpu(1.9).profile());
  EXPECT_EQ(numbers.python_threads, 1u);
  EXPECT_EQ(numbers.working_threads, 0u);
  EXPECT_NEAR(numbers.native, 0.95, 1e-9);
}

TEST(Judge, FreeThreadedBuildWithItsGilOn) {
  Profile profile = serialized_profile();
  profile.target.free_threaded = true;
  EXPECT_THAT(judge(profile).advice, Contains(HasSubstr("PYTHON_GIL=0")));
  EXPECT_THAT(judge(profile).advice, Not(Contains(HasSubstr("python3.13t"))));
}

}  // namespace
}  // namespace gilspy::verdict
