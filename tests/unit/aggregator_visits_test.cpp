// Time where threads are dormant, come again, or do without a GIL.
#include <gtest/gtest.h>

#include <numeric>

#include "gilspy/aggregate.h"
#include "tests/unit/sample_builder.h"

namespace gilspy {
namespace {

using std::chrono_literals::operator""ms;
using Os = SyscallFacts::State;

class AggregatorVisits : public ::testing::Test {
 protected:
  SampleBuilder builder_;

  void feed(Sample sample, std::vector<ThreadFacts> facts = {}) {
    sample.threads = std::move(facts);
    aggregator_.add(sample, classifier_.classify(sample));
  }
  // Ticks from `first` to `last`, in milliseconds, at which nothing is told but the GIL.
  void pass(int first, int last, const GilFacts& gil) {
    for (int ms = first; ms <= last; ++ms) feed(builder_.at(ms).gil(gil).take());
  }
  Profile finish() {
    Profile profile;
    aggregator_.finish(profile);
    return profile;
  }
  static Nanos total(const ThreadProfile& thread) {
    return std::accumulate(thread.times.begin(), thread.times.end(), Nanos{0});
  }
  static Nanos time_of(const ThreadProfile& thread, Activity activity) { return thread.times[index_of(activity)]; }

  // Thread 0 holds the GIL, thread 1 is blocked.
  void start() {
    feed(builder_.at(0).gil(held_by(0)).start(0).start(1).take(),
         {os_facts(0, Os::kRunning), os_facts(1, Os::kInSyscall)});
  }

 private:
  Classifier classifier_;
  Aggregator aggregator_;
};

// A thread of C code that calls Python now and then: the kernel's account is of both its rows.
TEST_F(AggregatorVisits, WhatRanInPythonIsNoNativeTime) {
  start();
  Sample sample = builder_.at(1).gil(held_by(0)).start(2).take();
  sample.started[0].python = false;
  sample.started[0].tid = Tid{1000};  // of thread 0
  const auto on_cpu = [](Nanos time) {
    ThreadFacts facts;
    facts.thread = ThreadIndex{2};
    facts.on_cpu = time;
    return facts;
  };
  feed(std::move(sample), {on_cpu(500ms)});
  pass(2, 3, held_by(0));
  feed(builder_.at(4).gil(held_by(0)).take(), {on_cpu(510ms)});
  const Profile profile = finish();
  EXPECT_EQ(time_of(profile.threads[0], Activity::kHoldsGil), 4ms);
  EXPECT_EQ(profile.threads[2].cpu, 6ms);
}

TEST_F(AggregatorVisits, DormantTimeIsNobodys) {
  start();
  pass(1, 2, held_by(0));
  feed(builder_.at(3).gil(held_by(0)).take(), {dormant_facts(1, true)});
  pass(4, 7, held_by(0));
  feed(builder_.at(8).gil(held_by(0)).take(), {dormant_facts(1, false)});
  pass(9, 10, held_by(0));
  const Profile profile = finish();
  EXPECT_EQ(total(profile.threads[0]), 10ms);
  EXPECT_EQ(time_of(profile.threads[1], Activity::kBlocked), 5ms) << "ticks 1, 2 and 3, then 9 and 10";
  EXPECT_EQ(total(profile.threads[1]), 5ms);
}

TEST_F(AggregatorVisits, ADormantStateDoesNotEndAsAWaiter) {
  start();
  feed(builder_.at(1).gil(held_by(0)).take(), {os_facts(1, Os::kInSyscall, WaitPlace::kGilCond)});
  pass(2, 3, held_by(0));
  feed(builder_.at(4).gil(held_by(0)).take(), {dormant_facts(1, true)});
  pass(5, 10, held_by(0));
  const Profile profile = finish();
  EXPECT_EQ(time_of(profile.threads[1], Activity::kWaitsForGil), 3ms);
  EXPECT_DOUBLE_EQ(profile.gils[0].mean_waiters, 0.3);
  Nanos blamed{0};
  for (const Blame& row : profile.blame) blamed += row.time;
  EXPECT_EQ(blamed, 3ms);
}

TEST_F(AggregatorVisits, AThreadThatComesAgainKeepsItsEarlierTime) {
  start();
  pass(1, 4, held_by(0));
  ThreadFacts ended;
  ended.thread = ThreadIndex{1};
  ended.ended = true;
  feed(builder_.at(5).gil(held_by(0)).take(), {ended});
  pass(6, 7, held_by(0));
  feed(builder_.at(8).gil(held_by(0)).start(1).take(), {os_facts(1, Os::kInSyscall)});
  pass(9, 10, held_by(0));
  const Profile profile = finish();
  ASSERT_EQ(profile.threads.size(), 2U);
  EXPECT_EQ(time_of(profile.threads[1], Activity::kBlocked), 7ms) << "ticks 1 to 4, then 8 to 10";
}

// The state was replaced between two ticks: nobody saw it end.
TEST_F(AggregatorVisits, AVisitWhoseEndNobodySawIsCounted) {
  start();
  pass(1, 4, held_by(0));
  feed(builder_.at(5).gil(held_by(0)).start(1).take(), {os_facts(1, Os::kInSyscall)});
  pass(6, 10, held_by(0));
  EXPECT_EQ(time_of(finish().threads[1], Activity::kBlocked), 10ms);
}

TEST_F(AggregatorVisits, AGilThatIsOffIsHeldByNobody) {
  feed(builder_.at(0).gil(no_gil()).start(0).take(), {attach_facts(0, AttachState::kAttached)});
  GilFacts words_of_old = held_by(0);
  words_of_old.enabled = false;
  words_of_old.handoffs = 7;
  pass(1, 10, words_of_old);
  const Profile profile = finish();
  ASSERT_EQ(profile.gils.size(), 1U);
  EXPECT_EQ(profile.gils[0].observed, 10ms);
  EXPECT_EQ(profile.gils[0].enabled, 0ms);
  EXPECT_EQ(profile.gils[0].held, 0ms);
  EXPECT_EQ(profile.gils[0].handoffs, 0U);
  EXPECT_DOUBLE_EQ(profile.gils[0].utilization(), 0.0);
  EXPECT_EQ(time_of(profile.threads[0], Activity::kRunsWithoutGil), 10ms);
}

TEST_F(AggregatorVisits, AGilThatIsOnForAWhileIsHeldForAPartOfAllTime) {
  feed(builder_.at(0).gil(no_gil()).start(0).take(), {attach_facts(0, AttachState::kAttached)});
  pass(1, 6, no_gil());
  pass(7, 8, held_by(0));
  pass(9, 10, held_by(std::nullopt));
  const Profile profile = finish();
  EXPECT_EQ(profile.gils[0].observed, 10ms);
  EXPECT_EQ(profile.gils[0].enabled, 4ms);
  EXPECT_EQ(profile.gils[0].held, 2ms);
}

// While a GIL is off nobody keeps it: the time between two short turns makes no long one of them.
TEST_F(AggregatorVisits, ATurnEndsWhenTheGilIsTurnedOff) {
  feed(builder_.at(0).gil(held_by(0)).start(0).start(1).take(),
       {os_facts(0, Os::kRunning), os_facts(1, Os::kInSyscall, WaitPlace::kGilCond)});
  pass(1, 3, held_by(0));
  pass(4, 100, no_gil());
  pass(101, 104, held_by(0));
  EXPECT_EQ(finish().gils[0].hogged, 0ms);
}

}  // namespace
}  // namespace gilspy
