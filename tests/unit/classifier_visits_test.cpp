// Thread states that stand for nobody, threads that come again, and several GILs.
#include <gtest/gtest.h>

#include "tests/unit/sample_builder.h"

namespace gilspy {
namespace {

using Os = SyscallFacts::State;

class ClassifierVisits : public ::testing::Test {
 protected:
  SampleBuilder builder_;
  Classifier classifier_;
  ActivityBook book_;

  void feed(Sample sample, std::vector<ThreadFacts> facts = {}) {
    sample.threads = std::move(facts);
    book_.apply(classifier_.classify(sample));
  }
};

TEST_F(ClassifierVisits, ADormantStateIsBlockedWhateverItsThreadDoes) {
  feed(builder_.at(0).gil(held_by(0)).start(0).start(1).take(), {os_facts(0, Os::kRunning), os_facts(1, Os::kRunning)});
  EXPECT_EQ(book_.of(1), Activity::kRunsWithoutGil);
  feed(builder_.at(1).gil(held_by(0)).take(), {dormant_facts(1, true)});
  EXPECT_EQ(book_.of(1), Activity::kBlocked);
  feed(builder_.at(2).gil(held_by(0)).take(), {os_facts(1, Os::kRunning)});
  EXPECT_EQ(book_.of(1), Activity::kBlocked);
  feed(builder_.at(3).gil(held_by(0)).take(), {os_facts(1, Os::kInSyscall, WaitPlace::kGilCond)});
  EXPECT_EQ(book_.of(1), Activity::kBlocked);
}

// One is counted in the condition variable and seen nowhere: it is not the one that is dormant.
TEST_F(ClassifierVisits, ADormantStateDoesNotWait) {
  feed(builder_.at(0).gil(held_by(0)).start(0).start(1).start(2).take(),
       {os_facts(0, Os::kRunning), os_facts(1, Os::kRunning), os_facts(2, Os::kInSyscall)});
  feed(builder_.at(1).gil(held_by(0)).take(), {dormant_facts(1, true)});
  feed(builder_.at(2).gil(with_waiters(held_by(0), 1)).take(), {os_facts(2, Os::kRunning)});
  EXPECT_EQ(book_.of(1), Activity::kBlocked);
  EXPECT_EQ(book_.of(2), Activity::kWaitsForGil);
}

TEST_F(ClassifierVisits, WhoeverFallsAsleepInTheCondvarIsNotCountedThere) {
  feed(builder_.at(0).gil(with_waiters(held_by(0), 1)).start(0).start(1).start(2).take(),
       {os_facts(0, Os::kRunning), os_facts(1, Os::kInSyscall, WaitPlace::kGilCond), os_facts(2, Os::kRunning)});
  EXPECT_EQ(book_.of(2), Activity::kRunsWithoutGil) << "the one that is counted was seen";
  feed(builder_.at(1).gil(with_waiters(held_by(0), 1)).take(), {dormant_facts(1, true)});
  EXPECT_EQ(book_.of(2), Activity::kWaitsForGil);
  ThreadFacts ended = dormant_facts(1, true);
  ended.ended = true;
  feed(builder_.at(2).gil(with_waiters(held_by(0), 1)).take(), {ended});
  EXPECT_EQ(book_.of(2), Activity::kWaitsForGil) << "and it does not leave twice";
}

TEST_F(ClassifierVisits, AStateThatWakesUpDoesWhatItsThreadDoes) {
  feed(builder_.at(0).gil(held_by(0)).start(0).start(1).take(), {os_facts(0, Os::kRunning), dormant_facts(1, true)});
  ThreadFacts awake = os_facts(1, Os::kInSyscall, WaitPlace::kGilCond);
  awake.dormant = false;
  feed(builder_.at(1).gil(held_by(0)).take(), {awake});
  EXPECT_EQ(book_.of(1), Activity::kWaitsForGil);
}

// The same index is started a second time: nothing of the earlier visit is left.
TEST_F(ClassifierVisits, AThreadThatVisitsAgainStartsAfresh) {
  feed(builder_.at(0).gil(with_waiters(held_by(0), 1)).start(0).start(1).start(2).take(),
       {os_facts(0, Os::kRunning), os_facts(1, Os::kInSyscall, WaitPlace::kGilCond), os_facts(2, Os::kRunning)});
  feed(builder_.at(1).gil(with_waiters(held_by(0), 1)).start(1).take(), {os_facts(1, Os::kInSyscall)});
  EXPECT_EQ(book_.of(1), Activity::kBlocked);
  EXPECT_EQ(book_.of(2), Activity::kWaitsForGil) << "the one that is counted is not the visitor any more";
}

TEST_F(ClassifierVisits, AThreadThatVisitsAgainRunsOnce) {
  feed(builder_.at(0).gil(held_by(0)).start(0).start(1).start(2).take(),
       {os_facts(0, Os::kRunning), os_facts(1, Os::kRunning), os_facts(2, Os::kRunning)});
  // Two are counted and nobody is seen: both that run wait. Had the visitor stayed among them twice, it would be both.
  feed(builder_.at(1).gil(with_waiters(held_by(0), 2)).start(1).take(), {os_facts(1, Os::kRunning)});
  EXPECT_EQ(book_.of(1), Activity::kWaitsForGil);
  EXPECT_EQ(book_.of(2), Activity::kWaitsForGil);
}

TEST_F(ClassifierVisits, WhatAThreadDidOnItsEarlierVisitSaysNothing) {
  feed(builder_.at(0).gil(held_by(0)).start(0).start(1).take(), {os_facts(0, Os::kRunning), os_facts(1, Os::kRunning)});
  feed(builder_.at(1).gil(held_by(0)).start(1).take());
  EXPECT_EQ(book_.of(1), Activity::kUnknown);
}

TEST_F(ClassifierVisits, EveryGilHasItsHolderAndItsWaiters) {
  feed(builder_.at(0)
           .gil(with_waiters(held_by(0), 0))
           .gil(with_waiters(held_by(1), 1))
           .start(0)
           .start(1, GilIndex{1})
           .start(2)
           .start(3, GilIndex{1})
           .take(),
       {os_facts(0, Os::kRunning), os_facts(1, Os::kRunning), os_facts(2, Os::kRunning), os_facts(3, Os::kRunning)});
  EXPECT_EQ(book_.of(0), Activity::kHoldsGil);
  EXPECT_EQ(book_.of(1), Activity::kHoldsGil);
  EXPECT_EQ(book_.of(2), Activity::kRunsWithoutGil);
  EXPECT_EQ(book_.of(3), Activity::kWaitsForGil) << "the count is that of its own GIL";
}

}  // namespace
}  // namespace gilspy
