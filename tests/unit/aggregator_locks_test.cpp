// Locks: who waited for which, how long, and who had it meanwhile.
#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

#include "gilspy/aggregate.h"
#include "gilspy/lock_blame.h"
#include "tests/unit/sample_builder.h"

namespace gilspy {
namespace {

using std::chrono_literals::operator""ms;
using ::testing::ElementsAre;
using Os = SyscallFacts::State;

constexpr StackId kOwnerStack{1};
constexpr StackId kWaiterStack{2};
constexpr LockIndex kFirst{0};
constexpr LockIndex kSecond{1};

class Locks : public ::testing::Test {
 protected:
  // Thread 0 runs without the GIL, 1 and 2 are blocked.
  void begin(LockKind kind = LockKind::kLock) {
    Sample sample = builder_.at(0).gil(held_by(std::nullopt)).start(0).start(1).start(2).take();
    for (const LockIndex lock : {kFirst, kSecond}) {
      LockInfo info;
      info.index = lock;
      info.kind = kind;
      info.name = lock == kFirst ? "first" : "second";
      sample.locks.push_back(info);
    }
    sample.threads = {with_stack(os_facts(0, Os::kRunning), kOwnerStack), blocked_for(1, kSecond),
                      blocked_for(2, kSecond)};
    sample.owners = {{kSecond, ThreadIndex{0}, true}};
    feed(sample);
  }
  static ThreadFacts with_stack(ThreadFacts facts, StackId stack) {
    facts.quality = StackQuality::kWhole;
    facts.stack = stack;
    return facts;
  }
  static ThreadFacts blocked_for(std::uint32_t thread, std::optional<LockIndex> lock) {
    ThreadFacts facts = with_stack(os_facts(thread, Os::kInSyscall), kWaiterStack);
    facts.blocked_in = BlockedIn::kFutex;
    if (lock.has_value()) facts.lock = LockWait{*lock};
    return facts;
  }
  Sample at(int ms) { return builder_.at(ms).gil(held_by(std::nullopt)).take(); }
  void feed(const Sample& sample) { aggregator_.add(sample, classifier_.classify(sample)); }
  Profile finish() {
    Profile profile;
    aggregator_.finish(profile);
    return profile;
  }

  // By thread 0, as far as is known.
  Profile had_for_2_of_10_ms(bool inferred) {
    begin();
    for (int ms = 1; ms <= 10; ++ms) {
      Sample sample = at(ms);
      if (ms == 1 || ms == 7) sample.owners = {{kSecond, std::nullopt, false}};
      if (ms == 5) sample.owners = {{kSecond, ThreadIndex{0}, inferred}};
      feed(sample);
    }
    return finish();
  }

  SampleBuilder builder_;
  Classifier classifier_;
  Aggregator aggregator_;
};

Nanos time_of(const ThreadProfile& thread, Activity activity) { return thread.times[index_of(activity)]; }

TEST_F(Locks, WaitersTimeIsTheLocksAndItsOwners) {
  begin();
  for (int ms = 1; ms <= 10; ++ms) feed(at(ms));
  const Profile profile = finish();
  EXPECT_EQ(time_of(profile.threads[1], Activity::kWaitsForLock), 10ms);
  ASSERT_EQ(profile.locks.size(), 1U);  // nobody waited for the other
  const LockProfile& lock = profile.locks[0];
  EXPECT_EQ(lock.info.name, "second");
  EXPECT_EQ(lock.waited, 20ms);
  EXPECT_DOUBLE_EQ(lock.mean_waiters(), 2);
  EXPECT_EQ(lock.owner, ThreadIndex{0});
  EXPECT_TRUE(lock.owner_inferred);
  EXPECT_EQ(lock.owner_did[index_of(Activity::kRunsWithoutGil)], 20ms);
  EXPECT_THAT(lock.blame, ElementsAre(LockBlame{ThreadIndex{0}, kOwnerStack, kWaiterStack, 20ms}));
}

TEST_F(Locks, BlameSumsToWaitingWhoeverHasIt) {
  begin();
  for (int ms = 1; ms <= 9; ++ms) {
    Sample sample = at(ms);
    if (ms == 3) sample.owners = {{kSecond, std::nullopt, false}};
    if (ms == 6) sample.owners = {{kSecond, ThreadIndex{1}, false}};
    if (ms == 6) sample.threads = {with_stack(os_facts(1, Os::kRunning), kOwnerStack)};
    feed(sample);
  }
  const Profile profile = finish();
  const LockProfile& lock = profile.locks[0];
  const Nanos blamed = std::accumulate(lock.blame.begin(), lock.blame.end(), Nanos{0},
                                       [](Nanos sum, const LockBlame& row) { return sum + row.time; });
  EXPECT_EQ(blamed, lock.waited);
  EXPECT_EQ(lock.waited, time_of(profile.threads[1], Activity::kWaitsForLock) +
                             time_of(profile.threads[2], Activity::kWaitsForLock));
  EXPECT_EQ(lock.blame.size(), 3U);
}

// An innocent who is met with it now and then; the one who mostly has it never is.
TEST_F(Locks, AnOwnerInferredForLittleOfTheTimeIsNone) {
  const Profile profile = had_for_2_of_10_ms(true);
  EXPECT_EQ(profile.locks[0].owner, std::nullopt);
  EXPECT_EQ(profile.locks[0].blame.size(), 2U);
}

TEST_F(Locks, WhatCPythonHasWrittenDownIsTrueOfTheRestAsWell) {
  const Profile profile = had_for_2_of_10_ms(false);
  EXPECT_EQ(profile.locks[0].owner, ThreadIndex{0});
}

TEST_F(Locks, WhoRunsWaitsNoMore) {
  begin();
  Sample sample = at(4);
  sample.period = 4ms;
  sample.threads = {with_stack(os_facts(1, Os::kRunning), kOwnerStack)};
  feed(sample);
  for (int ms = 5; ms <= 8; ++ms) feed(at(ms));
  const Profile profile = finish();
  EXPECT_EQ(profile.locks[0].waited, time_of(profile.threads[1], Activity::kWaitsForLock) +
                                         time_of(profile.threads[2], Activity::kWaitsForLock));
  EXPECT_LT(time_of(profile.threads[1], Activity::kWaitsForLock), time_of(profile.threads[2], Activity::kWaitsForLock));
}

TEST_F(Locks, WaitingForAnEventIsNobodysFault) {
  begin(LockKind::kEvent);
  for (int ms = 1; ms <= 10; ++ms) feed(at(ms));
  const Profile profile = finish();
  EXPECT_EQ(time_of(profile.threads[1], Activity::kBlocked), 10ms);
  EXPECT_EQ(time_of(profile.threads[1], Activity::kWaitsForLock), 0ms);
  EXPECT_EQ(profile.threads[1].blocked[static_cast<std::size_t>(BlockedIn::kFutex)], 10ms);
  ASSERT_EQ(profile.locks.size(), 1U);
  EXPECT_EQ(profile.locks[0].waited, 20ms);
  EXPECT_TRUE(profile.locks[0].blame.empty());
}

TEST_F(Locks, StretchesNameTheLockByItsPlace) {
  begin();
  for (int ms = 1; ms <= 10; ++ms) {
    Sample sample = at(ms);
    if (ms == 8) sample.threads = {blocked_for(1, kFirst)};
    feed(sample);
  }
  const Profile profile = finish();
  ASSERT_EQ(profile.locks.size(), 2U);
  EXPECT_EQ(profile.locks[0].info.name, "second");  // the one that was waited for longest
  std::vector<std::string> names;
  for (const Stretch& stretch : profile.timeline.lanes[1]) names.push_back(profile.lock(stretch.lock)->info.name);
  EXPECT_THAT(names, ElementsAre("second", "first"));
  EXPECT_EQ(profile.timeline.lanes[0].front().lock, 0);
}

// Thread 2 waits for the first lock, which thread 1 has, who waits for the second, which thread 0 has.
TEST_F(Locks, AnOwnerThatWaitsItselfIsAChain) {
  begin();
  for (int ms = 1; ms <= 10; ++ms) {
    Sample sample = at(ms);
    if (ms == 1) {
      sample.threads = {blocked_for(2, kFirst)};
      sample.owners = {{kFirst, ThreadIndex{1}, true}};
    }
    feed(sample);
  }
  const Profile profile = finish();
  const auto first = std::ranges::find(profile.locks, "first", [](const LockProfile& lock) { return lock.info.name; });
  ASSERT_NE(first, profile.locks.end());
  EXPECT_EQ(first->owner_did[index_of(Activity::kWaitsForLock)], first->waited);
  ASSERT_NE(profile.lock(first->owner_waits_for), nullptr);
  EXPECT_EQ(profile.lock(first->owner_waits_for)->info.name, "second");
  EXPECT_EQ(first->owner_waited, first->waited);
}

// As above, but thread 2 has the second lock.
TEST_F(Locks, WhoWaitsForEachOtherIsDeadlocked) {
  begin();
  for (int ms = 100; ms <= 1000; ms += 50) {
    Sample sample = at(ms);
    if (ms == 100) {
      sample.threads = {blocked_for(2, kFirst)};
      sample.owners = {{kFirst, ThreadIndex{1}, true}, {kSecond, ThreadIndex{2}, true}};
    }
    feed(sample);
  }
  const Profile profile = finish();
  ASSERT_EQ(profile.deadlocks.size(), 1U);
  const Deadlock& circle = profile.deadlocks[0];
  EXPECT_TRUE(circle.lasts);
  EXPECT_EQ(circle.time, (TimeRange{0ms, 1000ms}));
  ASSERT_EQ(circle.members.size(), 2U);
  EXPECT_EQ(circle.members[0].thread, ThreadIndex{1});
  EXPECT_EQ(circle.members[1].thread, ThreadIndex{2});
  EXPECT_EQ(profile.lock(circle.members[0].lock)->info.name, "second");
  EXPECT_EQ(profile.lock(circle.members[1].lock)->info.name, "first");
  EXPECT_EQ(circle.members[0].stack, kWaiterStack);
}

class CirclesThatEnd : public Locks {
 protected:
  std::vector<Deadlock> left_at(int end) {
    begin();
    for (int ms = 50; ms <= 1000; ms += 50) {
      Sample sample = at(ms);
      if (ms == 50) {
        sample.threads = {blocked_for(2, kFirst)};
        sample.owners = {{kFirst, ThreadIndex{1}, true}, {kSecond, ThreadIndex{2}, true}};
      }
      if (ms == end) sample.threads = {os_facts(2, Os::kRunning)};
      feed(sample);
    }
    return finish().deadlocks;
  }
};

TEST_F(CirclesThatEnd, AreToldByTheirTime) {
  const std::vector<Deadlock> circles = left_at(500);
  ASSERT_EQ(circles.size(), 1U);
  EXPECT_FALSE(circles[0].lasts);
  EXPECT_LE(circles[0].time.to, 500ms);
  EXPECT_GE(circles[0].time.to, 350ms);
}

TEST_F(CirclesThatEnd, AreNoneWhenTheyAreShort) { EXPECT_TRUE(left_at(150).empty()); }

TEST_F(Locks, WhoHasThreadsStandStillWaitsForNobody) {
  begin(LockKind::kStopTheWorld);
  for (int ms = 50; ms <= 1000; ms += 50) {
    Sample sample = at(ms);
    if (ms == 50) sample.owners = {{kSecond, ThreadIndex{1}, false}};
    feed(sample);
  }
  EXPECT_TRUE(finish().deadlocks.empty());
}

TEST_F(Locks, BlockedTimeIsSplitByWhatTheKernelSays) {
  begin();
  Sample sample = at(1);
  ThreadFacts sleeps = blocked_for(1, std::nullopt);
  sleeps.blocked_in = BlockedIn::kSleep;
  sample.threads = {sleeps};
  feed(sample);
  for (int ms = 2; ms <= 10; ++ms) feed(at(ms));
  const Profile profile = finish();
  const ThreadProfile& thread = profile.threads[1];
  const Nanos all = std::accumulate(thread.blocked.begin(), thread.blocked.end(), Nanos{0});
  EXPECT_EQ(all, time_of(thread, Activity::kBlocked));
  EXPECT_EQ(thread.blocked[static_cast<std::size_t>(BlockedIn::kSleep)], all);
  EXPECT_GE(all, 9ms);
}

}  // namespace
}  // namespace gilspy
