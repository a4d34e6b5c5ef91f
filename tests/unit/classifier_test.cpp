#include <gtest/gtest.h>

#include "tests/unit/sample_builder.h"

namespace gilspy {
namespace {

using Os = SyscallFacts::State;

// One GIL, three threads; thread 0 holds the GIL unless a case says otherwise. The second sample is judged.
struct Case {
  const char* name;
  GilFacts gil;       // of the second sample
  ThreadFacts facts;  // of the thread that is judged
  std::uint32_t judged;
  Activity expected;
};

GilFacts unsteady(GilFacts gil) {
  gil.steady = false;
  return gil;
}

GilFacts free_gil(std::uint32_t last) {
  GilFacts gil = held_by(last);
  gil.locked = false;
  return gil;
}

class ClassifierTest : public ::testing::Test {
 protected:
  SampleBuilder builder;
  Classifier classifier;
  ActivityBook book;

  void feed(Sample sample, std::vector<ThreadFacts> facts) {
    sample.threads = std::move(facts);
    book.apply(classifier.classify(sample));
  }
};

class ClassifyCase : public ClassifierTest, public ::testing::WithParamInterface<Case> {};

TEST_P(ClassifyCase, IsJudgedAsExpected) {
  Sample first = builder.at(0).gil(held_by(0)).start(0).start(1).start(2).take();
  for (std::uint32_t i = 0; i < 3; ++i) first.threads.push_back(os_facts(i, i == 0 ? Os::kRunning : Os::kInSyscall));
  book.apply(classifier.classify(first));
  ThreadFacts facts = GetParam().facts;
  facts.thread = ThreadIndex{GetParam().judged};
  Sample second = builder.at(1).gil(GetParam().gil).take();
  second.threads.push_back(facts);
  book.apply(classifier.classify(second));
  EXPECT_EQ(book.of(GetParam().judged), GetParam().expected) << words(book.of(GetParam().judged));
}

INSTANTIATE_TEST_SUITE_P(
    Rules, ClassifyCase,
    ::testing::Values(
        Case{"HolderRuns", held_by(0), os_facts(0, Os::kRunning), 0, Activity::kHoldsGil},
        Case{"HolderSleepsInC", held_by(0), os_facts(0, Os::kInSyscall), 0, Activity::kHoldsGilOffCpu},
        Case{"HolderFaultsAPage", held_by(0), os_facts(0, Os::kElsewhere), 0, Activity::kHoldsGilOffCpu},
        Case{"HolderWasSeenBlockedAfterItLetGo", unsteady(held_by(0)), os_facts(0, Os::kInSyscall), 0,
             Activity::kHoldsGil},
        Case{"HolderOnItsWayOut", held_by(0), os_facts(0, Os::kInSyscall, WaitPlace::kGilMutex), 0,
             Activity::kHoldsGil},
        Case{"ParkedOnGilCondvar", held_by(0), os_facts(1, Os::kInSyscall, WaitPlace::kGilCond), 1,
             Activity::kWaitsForGil},
        Case{"ParkedOnAGilMutex", held_by(1), os_facts(0, Os::kInSyscall, WaitPlace::kGilMutex), 0,
             Activity::kWaitsForGil},
        Case{"ParkedOnUserLock", held_by(0), os_facts(1, Os::kInSyscall, WaitPlace::kNone), 1, Activity::kBlocked},
        Case{"BlockedOutsideACall", held_by(0), os_facts(1, Os::kElsewhere), 1, Activity::kBlocked},
        Case{"RunsAndNobodyIsInTheCondvar", with_waiters(held_by(0), 0), os_facts(1, Os::kRunning), 1,
             Activity::kRunsWithoutGil},
        Case{"RunsThoughTheCountIsUnknown", held_by(0), os_facts(1, Os::kRunning), 1, Activity::kRunsWithoutGil},
        Case{"CountedInTheCondvarButSeenNowhere", with_waiters(held_by(0), 1), os_facts(1, Os::kRunning), 1,
             Activity::kWaitsForGil},
        Case{"LetGoAndIsNotCounted", with_waiters(held_by(1), 0), os_facts(0, Os::kRunning), 0,
             Activity::kRunsWithoutGil},
        Case{"FreeGilNobodyTookYet", free_gil(0), os_facts(1, Os::kInSyscall, WaitPlace::kGilCond), 1,
             Activity::kWaitsForGil},
        Case{"KernelDoesNotTell", held_by(0), os_facts(1, Os::kUnreadable), 1, Activity::kUnknown}),
    [](const auto& test) { return test.param.name; });

// A waiter that was woken but has no CPU reads "running": the condition variable still counts it.
TEST_F(ClassifierTest, WokenWaiterStillWaits) {
  feed(builder.at(0).gil(with_waiters(held_by(0), 1)).start(0).start(1).start(2).take(),
       {os_facts(0, Os::kRunning), os_facts(1, Os::kInSyscall, WaitPlace::kGilCond), os_facts(2, Os::kRunning)});
  feed(builder.at(1).gil(with_waiters(held_by(0), 1)).take(), {os_facts(1, Os::kRunning), os_facts(2, Os::kRunning)});
  EXPECT_EQ(book.of(1), Activity::kWaitsForGil);
  EXPECT_EQ(book.of(2), Activity::kRunsWithoutGil);
}

// After a full switch interval with the GIL a thread is made to let go; it may lose its CPU before it is counted. A
// native call keeps the GIL for longer, and what lets go at its end may go on computing.
TEST_F(ClassifierTest, ThreadThatWasMadeToLetGoWaitsUncounted) {
  struct Tenure {
    int ms;
    Nanos preempted;
    Activity expected;
  };
  for (const Tenure& tenure :
       {Tenure{3, Nanos{0}, Activity::kRunsWithoutGil}, Tenure{6, Nanos{0}, Activity::kWaitsForGil},
        Tenure{20, Nanos{0}, Activity::kRunsWithoutGil},
        Tenure{20, std::chrono::milliseconds(15), Activity::kWaitsForGil}}) {
    classifier = Classifier();
    builder = SampleBuilder();
    feed(builder.at(0).gil(with_waiters(held_by(0), 1)).start(0).start(1).take(),
         {os_facts(0, Os::kRunning), os_facts(1, Os::kInSyscall, WaitPlace::kGilCond)});
    ThreadFacts queued;
    queued.thread = ThreadIndex{0};
    queued.run_queue_delay = tenure.preempted;
    for (int ms = 1; ms < tenure.ms; ++ms) {
      feed(builder.at(ms).gil(held_by(0)).take(), ms == 1 ? std::vector{queued} : std::vector<ThreadFacts>{});
    }
    for (int ms = tenure.ms; ms <= tenure.ms + 2; ++ms) {
      GilFacts gil = with_waiters(held_by(1), 0);
      gil.handoffs = ms == tenure.ms ? 1 : 0;
      feed(builder.at(ms).gil(gil).take(), {os_facts(0, Os::kRunning), os_facts(1, Os::kRunning)});
      EXPECT_EQ(book.of(0), tenure.expected) << tenure.ms << " ms, " << words(book.of(0));
    }
  }
}

// What it had no CPU for in an earlier tenure says nothing of this one.
TEST_F(ClassifierTest, EachTenureHasItsOwnTimeWithoutACpu) {
  feed(builder.at(0).gil(with_waiters(held_by(0), 1)).start(0).start(1).take(),
       {os_facts(0, Os::kRunning), os_facts(1, Os::kInSyscall, WaitPlace::kGilCond)});
  ThreadFacts queued;
  queued.thread = ThreadIndex{0};
  queued.run_queue_delay = std::chrono::milliseconds(15);
  for (int ms = 1; ms < 20; ++ms) {
    feed(builder.at(ms).gil(held_by(0)).take(), ms == 1 ? std::vector{queued} : std::vector<ThreadFacts>{});
  }
  const auto handed_to = [](std::uint32_t thread) {
    GilFacts gil = with_waiters(held_by(thread), 0);
    gil.handoffs = 1;
    return gil;
  };
  feed(builder.at(20).gil(handed_to(1)).take(), {os_facts(0, Os::kRunning), os_facts(1, Os::kRunning)});
  for (int ms = 21; ms < 41; ++ms) feed(builder.at(ms).gil(ms == 21 ? handed_to(0) : held_by(0)).take(), {});
  feed(builder.at(41).gil(handed_to(1)).take(), {os_facts(0, Os::kRunning), os_facts(1, Os::kRunning)});
  EXPECT_EQ(book.of(0), Activity::kRunsWithoutGil);
}

// A lone thread that hashes: it holds the GIL for moments, nobody ever waits, and no waiter has shown where libc
// counts.
TEST_F(ClassifierTest, NativeComputingIsNotWaitingForWantOfACount) {
  feed(builder.at(0).gil(held_by(0)).start(0).take(), {os_facts(0, Os::kRunning)});
  for (int ms = 1; ms <= 20; ++ms) {
    feed(builder.at(ms).gil(free_gil(0)).take(), {os_facts(0, Os::kRunning)});
    EXPECT_EQ(book.of(0), Activity::kRunsWithoutGil) << ms;
  }
}

// musl keeps no count: a waiter that was just woken is believed for a while.
TEST_F(ClassifierTest, WokenWaiterWaitsWithoutACount) {
  feed(builder.at(0).gil(held_by(0)).start(0).start(1).take(),
       {os_facts(0, Os::kRunning), os_facts(1, Os::kInSyscall, WaitPlace::kGilCond)});
  for (int ms = 1; ms <= 30; ++ms) {
    feed(builder.at(ms).gil(held_by(0)).take(), {os_facts(1, Os::kRunning)});
    if (ms == 5) {
      EXPECT_EQ(book.of(1), Activity::kWaitsForGil);
    }
  }
  EXPECT_EQ(book.of(1), Activity::kRunsWithoutGil);
}

TEST_F(ClassifierTest, ThreadsWithoutNewFactsGoOnAsTheyWere) {
  feed(builder.at(0).gil(held_by(0)).start(0).start(1).take(),
       {os_facts(0, Os::kRunning), os_facts(1, Os::kInSyscall, WaitPlace::kGilCond)});
  EXPECT_TRUE(classifier.classify(builder.at(1).gil(held_by(0)).take()).empty());
  EXPECT_EQ(book.of(1), Activity::kWaitsForGil);
}

TEST_F(ClassifierTest, HolderThatLetGoUnseenIsUnknown) {
  feed(builder.at(0).gil(held_by(0)).start(0).start(1).take(),
       {os_facts(0, Os::kInSyscall), os_facts(1, Os::kInSyscall)});
  feed(builder.at(1).gil(held_by(1)).take(), {os_facts(1, Os::kRunning)});
  EXPECT_EQ(book.of(0), Activity::kUnknown);
  EXPECT_EQ(book.of(1), Activity::kHoldsGil);
}

// 3 ms on a run queue show up at once when the thread gets its CPU back: they become three ticks of 1 ms.
TEST_F(ClassifierTest, PreemptionOfTheHolderIsSpreadOverTicks) {
  feed(builder.at(0).gil(held_by(0)).start(0).take(), {os_facts(0, Os::kRunning)});
  int off_cpu = 0;
  for (int tick = 1; tick <= 6; ++tick) {
    ThreadFacts facts = os_facts(0, Os::kRunning);
    if (tick == 1) facts.run_queue_delay = std::chrono::milliseconds(3);
    feed(builder.at(tick).gil(held_by(0)).take(), {facts});
    off_cpu += book.of(0) == Activity::kHoldsGilOffCpu ? 1 : 0;
  }
  EXPECT_EQ(off_cpu, 3);
}

TEST_F(ClassifierTest, FailedSampleChangesNothing) {
  Sample failed;
  failed.failed = true;
  EXPECT_TRUE(classifier.classify(failed).empty());
}

TEST(Weight, CapsAGapAtThreePeriods) {
  const Nanos period = std::chrono::milliseconds(1);
  EXPECT_EQ(weight_of(2 * period, period).unknown, Nanos{0});
  EXPECT_EQ(weight_of(10 * period, period).known, 3 * period);
  EXPECT_EQ(weight_of(10 * period, period).unknown, 7 * period);
  EXPECT_EQ(weight_of(10 * period, Nanos{0}).unknown, 7 * period) << "without a rate: as at 1 kHz";
}

}  // namespace
}  // namespace gilspy
