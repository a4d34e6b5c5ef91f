// How late event loops were, by rounds that a test made up.
#include "src/aggregate/loop_watch.h"

#include <gtest/gtest.h>

namespace gilspy {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""us;
using State = LoopFacts::State;

constexpr ThreadIndex kThread{0};
constexpr Nanos kPeriod = 1ms;

// Samples at every millisecond.
class LoopWatchTest : public ::testing::Test {
 protected:
  void runs(Nanos at, Nanos round, std::uint32_t left = 0) { look(at, {State::kRuns, round, left, false, false}); }
  void runs_timer(Nanos at, Nanos round) { look(at, {State::kRuns, round, 0, false, true}); }
  void waits(Nanos at) {
    look(at, {State::kWaits, Nanos{0}, 0, false, false});
    change(at, Activity::kBlocked);
  }
  void look(Nanos at, const LoopFacts& facts) { watch_.look(kThread, facts, activity_, at - kPeriod, at); }
  void change(Nanos at, Activity activity) {
    activity_ = activity;
    watch_.change(kThread, activity, at - kPeriod, at);
  }
  LoopProfile finish(Nanos end) {
    Profile profile;
    watch_.finish(end, profile);
    return profile.loops.empty() ? LoopProfile{} : profile.loops.front();
  }

  LoopWatch watch_;
  Activity activity_ = Activity::kBlocked;
};

constexpr double kNear = 4e6;  // ns: samples are a millisecond apart, a distribution's buckets 3 % wide

double ns(Nanos time) { return double(time.count()); }

// Of 200 ms each round keeps the loop for 100: half of all moments wait, from 0 to 100 ms.
TEST_F(LoopWatchTest, LagIsWhatMomentsSpreadEvenlyWait) {
  waits(1ms);
  for (int i = 0; i < 10; ++i) {
    const Nanos begin = 1ms + i * 200ms;
    runs(begin + 100ms, begin + 100ms);
    waits(begin + 200ms);
  }
  const LoopProfile loop = finish(2001ms);
  EXPECT_NEAR(ns(loop.observed), 2e9, kNear);
  EXPECT_NEAR(ns(loop.busy), 1e9, 10 * kNear);
  EXPECT_NEAR(ns(loop.lag.mean), 25e6, kNear);
  EXPECT_NEAR(ns(loop.lag.median), 0, kNear);
  EXPECT_NEAR(ns(loop.lag.p90), 80e6, kNear);
  EXPECT_NEAR(ns(loop.lag.p99), 98e6, kNear);
  EXPECT_NEAR(ns(loop.lag.longest), 100e6, kNear);
}

// One round right behind the other: the loop's clock says where one ends, and timers come first in the next one.
TEST_F(LoopWatchTest, RoundsAreDatedByTheLoopsClock) {
  waits(1ms);
  runs(11ms, 10'100us);
  runs_timer(41ms, 40'600us);
  waits(51ms);
  const LoopProfile loop = finish(51ms);
  EXPECT_EQ(loop.lag.longest, 30'500us);
  EXPECT_NEAR(ns(loop.busy), 40.4e6, 1.5e6);
}

// What is due when another round begins waits for all that is not a timer in that one.
TEST_F(LoopWatchTest, TimersComeLastInARound) {
  waits(1ms);
  runs(11ms, 11ms);
  runs(31ms, 31ms, 1);
  runs_timer(46ms, 31ms);
  waits(48ms);
  const LoopProfile loop = finish(1011ms);
  EXPECT_NEAR(ns(loop.lag.longest), 35e6, 1e6);
  EXPECT_NEAR(ns(loop.lag.mean), (25 * 20 + 8.5 * 17) / 1010 * 1e6, 0.1e6);
}

// A round too short to be seen had them.
TEST_F(LoopWatchTest, TimersMayHaveBeenInARoundThatNobodySaw) {
  waits(1ms);
  runs(11ms, 11ms);
  look(31ms, {State::kRuns, 31ms, 0, true, false});
  waits(51ms);
  const LoopProfile loop = finish(1011ms);
  EXPECT_NEAR(ns(loop.lag.longest), 19.5e6, 1e5);
  EXPECT_NEAR(ns(loop.lag.mean), (10 * 20 + 10 * 20) / 1010.0 * 1e6, 0.1e6);
}

TEST_F(LoopWatchTest, WhatRoundsThatWereMissedHideIsNotTheLongest) {
  waits(1ms);
  runs(11ms, 11ms);
  watch_.look(kThread, {State::kRuns, 41ms, 0, true, true}, activity_, 12ms, 42ms);
  waits(46ms);
  EXPECT_NEAR(ns(finish(1011ms).lag.longest), 5e6, 1e6);
}

TEST_F(LoopWatchTest, WithoutTimersTheyWouldHaveBeenLast) {
  waits(1ms);
  runs(11ms, 11ms);
  runs(31ms, 31ms);
  waits(51ms);
  EXPECT_NEAR(ns(finish(1011ms).lag.longest), 40e6, 1e6);
}

TEST_F(LoopWatchTest, AnotherClockDatesNothing) {
  waits(1ms);
  runs(11ms, 7'000'000ms);
  runs_timer(41ms, 7'000'001ms);
  waits(51ms);
  EXPECT_NEAR(ns(finish(51ms).lag.longest), 30e6, 1e6);
}

// Events are there, but the GIL is not: what is due waits as well, and for the round behind that.
TEST_F(LoopWatchTest, ALoopThatWaitsForTheGilIsLate) {
  waits(1ms);
  change(21ms, Activity::kWaitsForGil);
  runs(61ms, 60'800us);
  waits(63ms);
  const LoopProfile loop = finish(101ms);
  EXPECT_NEAR(ns(loop.lag.longest), 42e6, 1e6);
  EXPECT_NEAR(ns(loop.busy), 42e6, 1e6);
}

// It wakes twice, and waits 20 and 10 ms for the GIL, which another thread has for half of the time.
TEST_F(LoopWatchTest, WhatBecameDueBesideABusyGilWouldHaveWaitedForIt) {
  waits(1ms);
  watch_.account(500ms, [](ThreadIndex) { return true; });
  watch_.account(500ms, [](ThreadIndex) { return false; });
  change(501ms, Activity::kWaitsForGil);
  runs_timer(521ms, 520'500us);
  waits(522ms);
  change(801ms, Activity::kWaitsForGil);
  runs_timer(811ms, 810'500us);
  waits(812ms);
  const LoopProfile loop = finish(1001ms);
  EXPECT_NEAR(ns(loop.lag.mean), (500 * 15 + 10 * 20 + 5 * 10) / 1000.0 * 1e6, 0.3e6);
  EXPECT_NEAR(ns(loop.lag.p90), 20e6, 1e6);
}

TEST_F(LoopWatchTest, WhatNobodySawIsNoPart) {
  waits(1ms);
  runs(11ms, 11ms);
  watch_.begin_sample({21ms, 521ms});
  look(522ms, {State::kRuns, 521ms, 0, true, true});
  watch_.begin_sample({});
  waits(541ms);
  const LoopProfile loop = finish(541ms);
  EXPECT_EQ(loop.observed, 40ms);
  EXPECT_NEAR(ns(loop.lag.longest), 20e6, 1e6);
}

// The loop's clock says when the first one ended, and its count of callbacks that none ran in between.
TEST_F(LoopWatchTest, ButRoundsThatFollowEachOtherTellWhatItDid) {
  waits(1ms);
  runs(11ms, 11ms);
  watch_.begin_sample({21ms, 521ms});
  runs_timer(522ms, 311ms);
  watch_.begin_sample({});
  waits(541ms);
  const LoopProfile loop = finish(541ms);
  EXPECT_EQ(loop.observed, 540ms);
  EXPECT_NEAR(ns(loop.lag.longest), 300e6, 1e6);
}

TEST_F(LoopWatchTest, CallbacksThatAreReadyAreCounted) {
  runs(1ms, 1ms, 3);
  runs(11ms, 1ms, 2);
  runs(21ms, 1ms, 0);
  const LoopProfile loop = finish(41ms);
  EXPECT_EQ(loop.most_ready, 3U);
  EXPECT_NEAR(loop.ready, (3 * 10 + 2 * 10) / 40.0, 0.05);
  EXPECT_EQ(loop.observed, 40ms);
}

TEST_F(LoopWatchTest, AThreadWithoutALoopHasNoRow) {
  change(1ms, Activity::kHoldsGil);
  look(2ms, {});
  EXPECT_EQ(finish(100ms).observed, 0ms);
}

TEST_F(LoopWatchTest, ALoopThatEndsIsNotLateAnyMore) {
  runs(1ms, 1ms);
  look(11ms, {});
  change(12ms, Activity::kHoldsGil);
  const LoopProfile loop = finish(1000ms);
  EXPECT_NEAR(ns(loop.observed), 10e6, 1e6);
  EXPECT_NEAR(ns(loop.lag.longest), 10e6, 1e6);
}

}  // namespace
}  // namespace gilspy
