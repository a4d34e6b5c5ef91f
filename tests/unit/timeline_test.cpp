#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>

#include "gilspy/aggregate.h"
#include "sample_builder.h"
#include "src/aggregate/contention.h"
#include "src/aggregate/timeline_builder.h"

namespace gilspy {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""us;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Os = SyscallFacts::State;

constexpr Nanos kOrigin = 100s;
constexpr ThreadIndex kThread{0};

using Kind = std::pair<Activity, StackId>;
std::map<Kind, Nanos> sums(const Lane& lane) {
  std::map<Kind, Nanos> sums;
  for (const Stretch& stretch : lane) sums[{stretch.activity, stretch.stack}] += stretch.time();
  return sums;
}

void expect_in_order(const Lane& lane) {
  for (std::size_t i = 0; i < lane.size(); ++i) {
    EXPECT_GT(lane[i].time(), Nanos{0});
    const Nanos before = i > 0 ? lane[i - 1].to : Nanos{0};
    EXPECT_GE(lane[i].from, before);
  }
}

class Lanes : public ::testing::Test {
 protected:
  explicit Lanes(std::size_t most = 1000) : builder_(kOrigin, most) {}
  void add(Nanos from, Nanos to, Activity activity, std::uint32_t stack = 1, ThreadIndex thread = kThread) {
    builder_.add(thread, {kOrigin + from, kOrigin + to, StackId{stack}, activity});
  }
  TimelineBuilder builder_;
};

TEST_F(Lanes, NeighboursThatAreTheSameAreOne) {
  add(0ms, 1ms, Activity::kHoldsGil);
  add(1ms, 4ms, Activity::kHoldsGil);
  add(4ms, 5ms, Activity::kBlocked);
  EXPECT_THAT(builder_.finish().lanes[0], ElementsAre(Stretch{0ms, 4ms, StackId{1}, Activity::kHoldsGil},
                                                      Stretch{4ms, 5ms, StackId{1}, Activity::kBlocked}));
}

TEST_F(Lanes, WaitsForDifferentLocksStayApart) {
  const auto waits = [&](Nanos from, Nanos to, std::uint16_t lock) {
    builder_.add(kThread,
                 {kOrigin + from, kOrigin + to, StackId{1}, Activity::kWaitsForLock, BlockedIn::kNothing, lock});
  };
  waits(0ms, 1ms, 1);
  waits(1ms, 2ms, 1);
  waits(2ms, 3ms, 2);
  waits(3ms, 4ms, 1);
  const auto stretch = [](Nanos from, Nanos to, std::uint16_t lock) {
    return Stretch{from, to, StackId{1}, Activity::kWaitsForLock, BlockedIn::kNothing, lock};
  };
  const Lane lane = builder_.finish().lanes[0];
  EXPECT_THAT(lane, ElementsAre(stretch(0ms, 2ms, 1), stretch(2ms, 3ms, 2), stretch(3ms, 4ms, 1)));
  EXPECT_THAT(coarsened(lane, 10ms), ElementsAre(stretch(0ms, 3ms, 1), stretch(3ms, 4ms, 2)));
}

TEST(LockNumbers, FollowTheLocks) {
  Profile profile;
  Timeline& timeline = profile.timeline;
  timeline.lanes = {{{0ms, 1ms, StackId{1}, Activity::kWaitsForLock, BlockedIn::kNothing, 2},
                     {1ms, 2ms, StackId{1}, Activity::kBlocked},
                     {2ms, 3ms, StackId{1}, Activity::kWaitsForLock, BlockedIn::kNothing, 9}}};
  renumber_locks(profile, {0, 7, 5});
  EXPECT_EQ(timeline.lanes[0][0].lock, 5);
  EXPECT_EQ(timeline.lanes[0][1].lock, 0);
  EXPECT_EQ(timeline.lanes[0][2].lock, 0);
}

TEST_F(Lanes, WhatFallsIntoAGapIsUnknown) {
  builder_.add_gap(kOrigin + 2ms, kOrigin + 3ms);
  builder_.add_gap(kOrigin + 5ms, kOrigin + 9ms);
  add(1ms, 6ms, Activity::kHoldsGil);
  EXPECT_THAT(
      builder_.finish().lanes[0],
      ElementsAre(Stretch{1ms, 2ms, StackId{1}, Activity::kHoldsGil}, Stretch{2ms, 3ms, kNoStack, Activity::kUnknown},
                  Stretch{3ms, 5ms, StackId{1}, Activity::kHoldsGil}, Stretch{5ms, 6ms, kNoStack, Activity::kUnknown}));
}

TEST_F(Lanes, AHoleStaysAHole) {
  add(0ms, 1ms, Activity::kBlocked);
  add(3ms, 4ms, Activity::kBlocked);
  EXPECT_THAT(builder_.finish().lanes[0], ElementsAre(Stretch{0ms, 1ms, StackId{1}, Activity::kBlocked},
                                                      Stretch{3ms, 4ms, StackId{1}, Activity::kBlocked}));
}

class CoarseLanes : public Lanes {
 protected:
  CoarseLanes() : Lanes(200) {}
};

TEST_F(CoarseLanes, KeepEverySumInBoundedMemory) {
  std::mt19937 random(7);
  std::map<Kind, Nanos> expected;
  Nanos at{0};
  for (int i = 0; i < 20'000; ++i) {
    const Nanos to = at + Nanos(1 + random() % 3'000'000);
    const auto activity = kActivities[random() % 3];
    const std::uint32_t stack = 1 + static_cast<std::uint32_t>(random() % 5);
    if (random() % 10 != 0) {
      add(at, to, activity, stack);
      expected[{activity, StackId{stack}}] += to - at;
    }
    at = to;
  }
  const Timeline timeline = builder_.finish();
  EXPECT_EQ(sums(timeline.lanes[0]), expected);
  EXPECT_LE(timeline.lanes[0].size(), 200U);
  EXPECT_GT(timeline.window, Nanos{0});
  expect_in_order(timeline.lanes[0]);
}

// However much has come since they were coarsened last.
TEST_F(CoarseLanes, AreNoCoarserThanTheyMustBe) {
  for (int i = 0; i < 100'000; ++i) {
    add(i * 1ms, (i + 1) * 1ms, i % 2 == 0 ? Activity::kHoldsGil : Activity::kWaitsForGil);
  }
  const Timeline timeline = builder_.finish();
  EXPECT_LE(timeline.lanes[0].size(), 200U);
  EXPECT_GE(timeline.lanes[0].size(), 50U);
  EXPECT_LE(timeline.window, 4s);  // 25 of them
}

TEST_F(CoarseLanes, StayInTheirWindow) {
  for (int i = 0; i < 1'000; ++i) {
    add(i * 10ms, i * 10ms + 5ms, Activity::kHoldsGil);
    add(i * 10ms + 5ms, i * 10ms + 10ms, i < 500 ? Activity::kWaitsForGil : Activity::kBlocked);
  }
  const Timeline timeline = builder_.finish();
  for (const Stretch& stretch : timeline.lanes[0]) {
    const bool is_early = stretch.activity == Activity::kWaitsForGil && stretch.to <= 5s + timeline.window;
    const bool is_late = stretch.activity == Activity::kBlocked && stretch.from >= 5s - timeline.window;
    EXPECT_TRUE(is_early || is_late || stretch.activity == Activity::kHoldsGil);
  }
}

TEST_F(CoarseLanes, LongStretchesStayWhole) {
  add(0ms, 3s, Activity::kBlocked);
  for (unsigned i = 0; i < 500; ++i) add(3s + i * 1ms, 3s + (i + 1) * 1ms, kActivities[i % 2]);
  add(4s, 10s, Activity::kBlocked);
  const Lane lane = builder_.finish().lanes[0];
  EXPECT_GE(lane.front().time(), 2900ms);
  EXPECT_GE(lane.back().time(), 5900ms);
}

TEST_F(CoarseLanes, ManyThreadsOfWhichNothingCanBePutTogether) {
  for (std::uint32_t i = 0; i < 3'000; ++i) add(i * 1ms, (i + 1) * 1ms, Activity::kBlocked, 1, ThreadIndex{i});
  const Timeline timeline = builder_.finish();
  EXPECT_EQ(timeline.lanes.size(), 3'000U);
  EXPECT_EQ(timeline.lanes[2'999].front().to, 3s);
}

TEST(Coarsened, LeavesWhatIsSparedAsItIs) {
  Lane lane;
  for (unsigned i = 0; i < 300; ++i) {
    const StackId stack{i < 95 ? 1U : i < 155 ? 2U : i < 160 ? 3U : 4U};  // nothing is joined across these borders
    append(lane, {i * 1ms, (i + 1) * 1ms, stack, kActivities[i % 2]});
  }
  const TimeRange spared{95ms, 155ms};
  const Lane coarse = coarsened(lane, 20ms, spared);
  EXPECT_EQ(sums(coarse), sums(lane));
  expect_in_order(coarse);
  const auto in = [](const TimeRange& range) {
    return [range](const Stretch& stretch) { return range.contains(stretch.from) && stretch.to <= range.to; };
  };
  EXPECT_EQ(std::ranges::count_if(coarse, in(spared)), 60);
  EXPECT_EQ(std::ranges::count_if(coarse, in({80ms, 95ms})), 2);    // what is left of that window
  EXPECT_EQ(std::ranges::count_if(coarse, in({155ms, 160ms})), 2);  // and of this one
  EXPECT_EQ(std::ranges::count_if(coarse, in({160ms, 180ms})), 2);
}

TEST(Coarsened, ALongStretchIsCutByNothingButWhatIsSpared) {
  const Lane lane{{3ms, 500ms, StackId{1}, Activity::kBlocked}};
  EXPECT_EQ(coarsened(lane, 20ms, {95ms, 155ms}), lane);
  EXPECT_EQ(coarsened(lane, 20ms), lane);
}

Tenure turn(std::uint32_t holder, Nanos from, Nanos to, std::uint32_t unseen = 0) {
  return {ThreadIndex{holder}, from, to, Nanos{0}, unseen};
}

TEST(CoarsenedTurns, ThoseOfOneThreadBecomeOneInEachWindow) {
  const std::vector<Tenure> turns{turn(1, 0ms, 2ms),  turn(2, 3ms, 4ms, 5), turn(1, 5ms, 8ms, 1),
                                  turn(2, 9ms, 14ms), turn(1, 15ms, 16ms),  turn(3, 40ms, 90ms)};
  EXPECT_THAT(coarsened(turns, 10ms),
              ElementsAre(turn(1, 0ms, 5ms, 2), turn(2, 5ms, 11ms, 6), turn(1, 15ms, 16ms), turn(3, 40ms, 90ms)));
  EXPECT_EQ(coarsened(turns, 10ms, {0ms, 100ms}), turns);
}

TEST(CoarsenedTurns, NoTimeAndNoChangeOfHandsIsLost) {
  std::mt19937 random(11);
  TimelineBuilder builder(kOrigin, 1000, 400);
  std::map<ThreadIndex, Nanos> expected;
  std::uint64_t changes = 0;
  Nanos at{0};
  for (int i = 0; i < 100'000; ++i) {
    const auto holder = static_cast<std::uint32_t>(random() % 6);
    const Nanos to = at + Nanos(random() % 9'000'000);
    const auto unseen = static_cast<std::uint32_t>(random() % 3);
    builder.add(GilIndex{1}, turn(holder, kOrigin + at, kOrigin + to, unseen));
    expected[ThreadIndex{holder}] += to - at;
    changes += 1 + unseen;
    at = to + Nanos(random() % 2'000'000);
  }
  const Timeline timeline = builder.finish();
  EXPECT_LE(timeline.tenures[1].size(), 400U);
  EXPECT_GT(timeline.tenures[1].size(), 50U);
  EXPECT_GT(timeline.turns_window, Nanos{0});
  std::map<ThreadIndex, Nanos> found;
  Nanos before{0};
  for (const Tenure& tenure : timeline.tenures[1]) {
    found[tenure.holder] += tenure.to - tenure.from;
    changes -= 1 + tenure.unseen;
    EXPECT_GE(tenure.from, before);
    before = tenure.to;
  }
  EXPECT_EQ(found, expected);
  EXPECT_EQ(changes, 0U);
}

TEST(CoarsenedTurns, ThreadsThatLiveForATurnKeepTheirPlaces) {
  TimelineBuilder builder(kOrigin, 1000, 400);
  for (std::uint32_t i = 0; i < 3'000; ++i) {
    builder.add(GilIndex{0}, turn(i, kOrigin + i * 1ms, kOrigin + i * 1ms + 1ms));
  }
  const Timeline timeline = builder.finish();
  EXPECT_EQ(timeline.tenures[0].size(), 3'000U);
  EXPECT_EQ(timeline.turns_window, Nanos{0});
}

HolderTracker::Look seen(Nanos after, Nanos by, std::optional<std::uint32_t> holder, std::uint64_t handoffs = 0) {
  HolderTracker::Look look{after, by, std::nullopt, handoffs};
  if (holder.has_value()) look.holder = ThreadIndex{*holder};
  return look;
}

TEST(HolderTracker, ATenureEndsWhenAnotherHasIt) {
  HolderTracker tracker;
  EXPECT_EQ(tracker.look(seen(0ms, 1ms, 3)), std::nullopt);
  EXPECT_EQ(tracker.look(seen(1ms, 2ms, 3)), std::nullopt);
  EXPECT_EQ(tracker.look(seen(2ms, 3ms, 4, 1)), (Tenure{ThreadIndex{3}, 0ms, 2ms, 1ms, 0}));
  EXPECT_EQ(tracker.break_off(9ms), (Tenure{ThreadIndex{4}, 2ms, 9ms, 1ms, 0}));
}

TEST(HolderTracker, NobodyHasIt) {
  HolderTracker tracker;
  EXPECT_EQ(tracker.look(seen(0ms, 1ms, 3)), std::nullopt);
  EXPECT_EQ(tracker.look(seen(1ms, 2ms, std::nullopt)), (Tenure{ThreadIndex{3}, 0ms, 1ms, 1ms, 0}));
  EXPECT_EQ(tracker.look(seen(2ms, 3ms, std::nullopt)), std::nullopt);
  EXPECT_EQ(tracker.current(), std::nullopt);
}

TEST(HolderTracker, WentAwayAndCameBack) {
  HolderTracker tracker;
  EXPECT_EQ(tracker.look(seen(0ms, 1ms, 3)), std::nullopt);
  EXPECT_EQ(tracker.look(seen(1ms, 2ms, 3, 2)), (Tenure{ThreadIndex{3}, 0ms, 1ms, 1ms, 0}));
  EXPECT_EQ(tracker.current()->unseen, 1U);
}

// Two threads take turns of 5 ms; each tick is 1 ms, and looks between them see the change 100 us after it.
class TakingTurns : public ::testing::Test {
 protected:
  void feed(int tick, int offset_us = 300) {
    const std::uint32_t holder = static_cast<std::uint32_t>(tick / 5 % 2);
    GilFacts gil = held_by(holder);
    const bool changed = tick > 0 && tick % 5 == 0;
    gil.handoffs = changed ? 1 : 0;
    builder_.at(tick).gil(gil);
    if (tick == 0) builder_.start(0).start(1);
    Sample sample = builder_.take();
    if (changed && offset_us > 0) {
      const Nanos by = sample.time - std::chrono::microseconds(offset_us);
      sample.handoffs.push_back({GilIndex{0}, by - 100us, by, ThreadIndex{holder}, 1});
      sample.looked = by;
    }
    sample.threads = {os_facts(holder, Os::kRunning), os_facts(1 - holder, Os::kInSyscall, WaitPlace::kGilCond)};
    aggregator_.add(sample, classifier_.classify(sample));
  }
  Profile run(int offset_us) {
    for (int tick = 0; tick <= 1000; ++tick) feed(tick, offset_us);
    Profile profile;
    aggregator_.finish(profile);
    return profile;
  }

 private:
  SampleBuilder builder_;
  Classifier classifier_;
  Aggregator aggregator_;
};

TEST_F(TakingTurns, LanesAddUpToTheActivities) {
  const Profile profile = run(300);
  for (const ThreadProfile& thread : profile.threads) {
    ActivityTimes times{};
    const Lane& lane = profile.timeline.lanes[to_int(thread.info.index)];
    for (const Stretch& stretch : lane) times[index_of(stretch.activity)] += stretch.time();
    EXPECT_EQ(times, thread.times);
    EXPECT_EQ(lane.front().from, 0ms);
    EXPECT_EQ(lane.back().to, 1s);
    EXPECT_NEAR(double(lane.size()), 200, 2);
    expect_in_order(lane);
  }
}

TEST_F(TakingTurns, LooksBetweenTicksDateTheHandoffs) {
  const Profile profile = run(300);
  const std::vector<Tenure>& tenures = profile.timeline.tenures[0];
  ASSERT_EQ(tenures.size(), 201U);
  EXPECT_EQ(tenures[1], (Tenure{ThreadIndex{1}, 4600us, 9600us, 100us, 0}));
  EXPECT_EQ(profile.gils[0].tenure.count, 201U);
  EXPECT_NEAR(double(profile.gils[0].tenure.median.count()), 5e6, 2e5);
}

TEST_F(TakingTurns, WithoutThemTheTicksDo) {
  const Profile profile = run(0);
  EXPECT_EQ(profile.timeline.tenures[0][1], (Tenure{ThreadIndex{1}, 4ms, 9ms, 1ms, 0}));
}

TEST_F(TakingTurns, TellsHowLongItTookToGetTheGil) {
  const Profile profile = run(300);
  for (const Spread& spread : {profile.threads[0].to_get_gil, profile.threads[1].to_get_gil}) {
    EXPECT_NEAR(double(spread.count), 100, 1);
    EXPECT_NEAR(double(spread.median.count()), 5e6, 2e5);
    EXPECT_LE(spread.longest, 6ms);
  }
  EXPECT_EQ(profile.gils[0].to_get_gil.count,
            profile.threads[0].to_get_gil.count + profile.threads[1].to_get_gil.count);
}

TEST(Contention, TenuresTooShortToBeSeenCountAllTheSame) {
  SampleBuilder builder;
  Classifier classifier;
  Aggregator aggregator;
  for (int tick = 0; tick <= 100; ++tick) {
    GilFacts gil = held_by(static_cast<std::uint32_t>(tick % 2));
    gil.handoffs = tick > 0 ? 11 : 0;  // one each 91 us
    builder.at(tick).gil(gil);
    if (tick == 0) builder.start(0).start(1);
    const Sample sample = builder.take();
    aggregator.add(sample, classifier.classify(sample));
  }
  Profile profile;
  aggregator.finish(profile);
  EXPECT_NEAR(double(profile.gils[0].tenure.median.count()), 91e3, 5e3);
  EXPECT_EQ(profile.timeline.tenures[0][50].unseen, 10U);
}

TEST(Contention, NonsenseInTheCountersIsNotCounted) {
  SampleBuilder builder;
  Classifier classifier;
  Aggregator aggregator;
  for (int tick = 0; tick <= 10; ++tick) {
    GilFacts gil = held_by(0);
    gil.handoffs = tick > 0 ? ~std::uint64_t{0} : 0;
    builder.at(tick).gil(gil);
    if (tick == 0) builder.start(0);
    Sample sample = builder.take();
    sample.handoffs = {{GilIndex{7}, sample.time, sample.time, ThreadIndex{99}, 3}};
    aggregator.add(sample, classifier.classify(sample));
  }
  Profile profile;
  aggregator.finish(profile);
  EXPECT_LE(profile.gils[0].tenure.count, 11U);
}

}  // namespace
}  // namespace gilspy
