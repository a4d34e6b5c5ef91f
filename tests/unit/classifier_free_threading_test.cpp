// Threads of a free-threaded build whose GIL is off: their attach state decides, then the kernel.
#include <gtest/gtest.h>

#include "tests/unit/sample_builder.h"

namespace gilspy {
namespace {

using Os = SyscallFacts::State;

ThreadFacts with_os(ThreadFacts facts, Os os) {
  facts.os_read = true;
  facts.os = os;
  return facts;
}

ThreadFacts with_os(ThreadFacts facts, BlockedIn blocked_in) {
  facts.os_read = true;
  facts.os = Os::kInSyscall;
  facts.blocked_in = blocked_in;
  return facts;
}

ThreadFacts blocked_in(BlockedIn call) { return with_os(os_facts(0, Os::kInSyscall), call); }

class WithoutGil : public ::testing::Test {
 protected:
  SampleBuilder builder_;
  Classifier classifier_;
  ActivityBook book_;
  int millisecond_ = 0;

  void feed(const GilFacts& gil, std::vector<ThreadFacts> facts) {
    builder_.at(millisecond_).gil(gil);
    for (std::uint32_t i = 0; i < 3 && millisecond_ == 0; ++i) builder_.start(i);
    Sample sample = builder_.take();
    sample.threads = std::move(facts);
    book_.apply(classifier_.classify(sample));
    ++millisecond_;
  }
};

// What was told of a thread in three samples, the last one judged.
struct Case {
  const char* name;
  std::vector<ThreadFacts> told;
  Activity expected;
};

class WithoutGilCase : public WithoutGil, public ::testing::WithParamInterface<Case> {};

TEST_P(WithoutGilCase, IsJudgedAsExpected) {
  for (const ThreadFacts& facts : GetParam().told) feed(no_gil(), {facts});
  EXPECT_EQ(book_.of(0), GetParam().expected) << words(book_.of(0));
}

ThreadFacts attached() { return attach_facts(0, AttachState::kAttached); }
ThreadFacts detached() { return attach_facts(0, AttachState::kDetached); }
ThreadFacts suspended() { return attach_facts(0, AttachState::kSuspended); }

INSTANTIATE_TEST_SUITE_P(
    Rules, WithoutGilCase,
    ::testing::Values(
        Case{"NothingIsKnown", {{}}, Activity::kUnknown},
        Case{"TheKernelAloneDoesNotTell", {os_facts(0, Os::kRunning)}, Activity::kUnknown},
        Case{"AttachedRuns", {attached()}, Activity::kRunsWithoutGil},
        Case{"AttachedAndOnACpu", {with_os(attached(), Os::kRunning)}, Activity::kRunsWithoutGil},
        Case{"AttachedButBlockedInC", {attached(), os_facts(0, Os::kInSyscall)}, Activity::kBlocked},
        Case{"AttachedButFaultsAPage", {attached(), os_facts(0, Os::kElsewhere)}, Activity::kBlocked},
        Case{"AttachedAndTheKernelDoesNotTell", {attached(), os_facts(0, Os::kUnreadable)}, Activity::kRunsWithoutGil},
        Case{"BlockedAndThenAttached",
             {with_os(detached(), Os::kInSyscall), attached()},
             Activity::kRunsWithoutGil},  // what the kernel said was before
        Case{"DetachedAndBlocked", {with_os(detached(), Os::kInSyscall)}, Activity::kBlocked},
        Case{"DetachedAndRuns", {with_os(detached(), Os::kRunning)}, Activity::kRunsWithoutGil},
        Case{"DetachedWakesUp",
             {with_os(detached(), Os::kInSyscall), os_facts(0, Os::kRunning)},
             Activity::kRunsWithoutGil},
        Case{"DetachedAndTheKernelDoesNotTell", {with_os(detached(), Os::kUnreadable)}, Activity::kUnknown},
        Case{"Suspended", {attached(), suspended()}, Activity::kStopTheWorld},
        Case{"SuspendedAndParked", {attached(), suspended(), blocked_in(BlockedIn::kFutex)}, Activity::kStopTheWorld},
        Case{"SuspendedInItsSleep", {detached(), with_os(suspended(), BlockedIn::kSleep)}, Activity::kBlocked},
        Case{"SuspendedAfterItsSleep", {blocked_in(BlockedIn::kSleep), suspended()}, Activity::kStopTheWorld},
        Case{"SuspendedNoMore", {suspended(), attached()}, Activity::kRunsWithoutGil}),
    [](const auto& test) { return test.param.name; });

TEST_F(WithoutGil, AnyNumberOfThreadsRunsAtATime) {
  feed(no_gil(), {attach_facts(0, AttachState::kAttached), attach_facts(1, AttachState::kAttached),
                  attach_facts(2, AttachState::kAttached)});
  feed(no_gil(), {});
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(book_.of(i), Activity::kRunsWithoutGil) << i;
}

// The words of a GIL that is off are left from another time.
TEST_F(WithoutGil, NobodyHoldsAGilThatIsOff) {
  GilFacts gil = held_by(0);
  gil.enabled = false;
  feed(gil, {attach_facts(0, AttachState::kAttached)});
  EXPECT_EQ(book_.of(0), Activity::kRunsWithoutGil);
}

TEST_F(WithoutGil, AGilThatIsTurnedOnIsHeldAndWaitedFor) {
  feed(no_gil(), {attach_facts(0, AttachState::kAttached), attach_facts(1, AttachState::kAttached),
                  with_os(attach_facts(2, AttachState::kDetached), Os::kInSyscall)});
  feed(with_waiters(held_by(0), 1),
       {os_facts(0, Os::kRunning), os_facts(1, Os::kInSyscall, WaitPlace::kGilCond), os_facts(2, Os::kRunning)});
  EXPECT_EQ(book_.of(0), Activity::kHoldsGil);
  EXPECT_EQ(book_.of(1), Activity::kWaitsForGil);
  EXPECT_EQ(book_.of(2), Activity::kRunsWithoutGil);
  feed(no_gil(), {attach_facts(0, AttachState::kAttached), attach_facts(1, AttachState::kAttached)});
  EXPECT_EQ(book_.of(0), Activity::kRunsWithoutGil);
  EXPECT_EQ(book_.of(1), Activity::kRunsWithoutGil);
}

}  // namespace
}  // namespace gilspy
