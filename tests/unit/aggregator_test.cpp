#include <gmock/gmock.h>

#include <numeric>

#include "gilspy/aggregate.h"
#include "tests/unit/sample_builder.h"

namespace gilspy {
namespace {

using std::chrono_literals::operator""ms;
using Os = SyscallFacts::State;

constexpr StackId kStackA{1};
constexpr StackId kStackB{2};

// Feeds samples through the classifier into the aggregator, as a recording does.
class Pipeline {
 public:
  void feed(const Sample& sample) { aggregator_.add(sample, classifier_.classify(sample)); }
  Profile finish() {
    Profile profile;
    aggregator_.finish(profile);
    return profile;
  }

 private:
  Classifier classifier_;
  Aggregator aggregator_;
};

GilFacts gil_of(std::optional<std::uint32_t> holder, std::uint64_t handoffs = 0) {
  GilFacts gil;
  gil.locked = holder.has_value();
  if (holder.has_value()) gil.last_holder = ThreadIndex{*holder};
  gil.handoffs = handoffs;
  gil.switch_interval = 5ms;
  return gil;
}

ThreadFacts with_stack(ThreadFacts facts, StackId stack) {
  facts.quality = StackQuality::kWhole;
  facts.stack = stack;
  return facts;
}

Nanos total(const ThreadProfile& thread) { return std::accumulate(thread.times.begin(), thread.times.end(), Nanos{0}); }

Nanos time_of(const ThreadProfile& thread, Activity activity) { return thread.times[index_of(activity)]; }

// Thread 0 computes throughout, thread 1 waits for it.
void feed_start(Pipeline& pipeline, SampleBuilder& builder) {
  Sample sample = builder.at(0).gil(gil_of(0)).start(0).start(1).take();
  sample.threads = {with_stack(os_facts(0, Os::kRunning), kStackA),
                    with_stack(os_facts(1, Os::kInSyscall, WaitPlace::kGilCond), kStackB)};
  pipeline.feed(sample);
}

TEST(Aggregator, ThreadTimeIsConserved) {
  SampleBuilder builder;
  Pipeline pipeline;
  feed_start(pipeline, builder);
  for (int ms = 1; ms <= 10; ++ms) pipeline.feed(builder.at(ms).gil(gil_of(0)).take());
  const Profile profile = pipeline.finish();
  EXPECT_EQ(profile.duration, 10ms);
  ASSERT_EQ(profile.threads.size(), 2U);
  EXPECT_EQ(time_of(profile.threads[0], Activity::kHoldsGil), 10ms);
  EXPECT_EQ(time_of(profile.threads[1], Activity::kWaitsForGil), 10ms);
  Nanos by_stack{0};
  for (const StackTime& row : profile.stacks) by_stack += row.time;
  EXPECT_EQ(by_stack, total(profile.threads[0]) + total(profile.threads[1]));
}

TEST(Aggregator, GapBeyondThreePeriodsIsUnknown) {
  SampleBuilder builder;
  Pipeline pipeline;
  feed_start(pipeline, builder);
  pipeline.feed(builder.at(10).gil(gil_of(0)).take());
  const Profile profile = pipeline.finish();
  EXPECT_EQ(time_of(profile.threads[0], Activity::kHoldsGil), 3ms);
  EXPECT_EQ(time_of(profile.threads[0], Activity::kUnknown), 7ms);
}

TEST(Aggregator, GapsAreWhatTicksCameTooLate) {
  SampleBuilder builder;
  Pipeline pipeline;
  feed_start(pipeline, builder);
  for (const int ms : {1, 4, 11, 12, 20}) pipeline.feed(builder.at(ms).gil(gil_of(0)).take());
  const Profile profile = pipeline.finish();
  EXPECT_EQ(profile.quality.gaps, 4ms + 5ms);
  EXPECT_EQ(profile.quality.stopped, 0ms);
  EXPECT_EQ(profile.sampled(), 11ms);
  EXPECT_EQ(time_of(profile.threads[0], Activity::kUnknown), profile.quality.gaps);
}

TEST(Aggregator, WithoutARateGapsAreThoseOfOneKilohertz) {
  SampleBuilder builder;
  Pipeline pipeline;
  feed_start(pipeline, builder);
  Sample as_fast_as_possible = builder.at(10).gil(gil_of(0)).take();
  as_fast_as_possible.period = 0ms;
  pipeline.feed(as_fast_as_possible);
  EXPECT_EQ(pipeline.finish().quality.gaps, 7ms);
}

TEST(Aggregator, WhatTheProcessSpentStoppedIsNoGap) {
  SampleBuilder builder;
  Pipeline pipeline;
  feed_start(pipeline, builder);
  Sample stopped = builder.at(10).gil(gil_of(0)).take();
  stopped.stopped = true;
  pipeline.feed(stopped);
  const Quality quality = pipeline.finish().quality;
  EXPECT_EQ(quality.gaps, 0ms);
  EXPECT_EQ(quality.stopped, 10ms);
}

TEST(Aggregator, SumOfBlameIsSumOfWaiting) {
  SampleBuilder builder;
  Pipeline pipeline;
  feed_start(pipeline, builder);
  pipeline.feed(builder.at(1).gil(gil_of(0)).take());
  pipeline.feed(builder.at(2).gil(gil_of(std::nullopt)).take());  // being handed over
  Sample swapped = builder.at(3).gil(gil_of(1, 1)).take();
  swapped.threads = {os_facts(0, Os::kInSyscall, WaitPlace::kGilCond), os_facts(1, Os::kRunning)};
  pipeline.feed(swapped);
  const Profile profile = pipeline.finish();
  Nanos blamed{0};
  Nanos nobody{0};
  for (const Blame& row : profile.blame) {
    blamed += row.time;
    if (row.holder == Blame::kNobody) nobody += row.time;
  }
  Nanos waited{0};
  for (const ThreadProfile& thread : profile.threads) waited += time_of(thread, Activity::kWaitsForGil);
  EXPECT_EQ(blamed, waited);
  EXPECT_EQ(nobody, 1ms);
  EXPECT_GT(waited, 0ms);
}

TEST(Aggregator, TimeOfAThreadIsThatOfTheSamplesThatSawIt) {
  SampleBuilder builder;
  Pipeline pipeline;
  feed_start(pipeline, builder);
  pipeline.feed(builder.at(1).gil(gil_of(0)).take());
  Sample born = builder.at(2).gil(gil_of(0)).start(2).take();
  born.threads = {os_facts(2, Os::kInSyscall)};
  pipeline.feed(born);
  pipeline.feed(builder.at(3).gil(gil_of(0)).take());
  pipeline.feed(builder.at(4).gil(gil_of(0)).take());
  Sample died = builder.at(5).gil(gil_of(0)).take();
  died.threads = {os_facts(2, Os::kInSyscall)};
  died.threads[0].ended = true;
  pipeline.feed(died);
  pipeline.feed(builder.at(6).gil(gil_of(0)).take());
  const Profile profile = pipeline.finish();
  EXPECT_EQ(total(profile.threads[2]), 3ms) << "seen at 2, 3 and 4";
}

TEST(Aggregator, StackChangesSplitTheTime) {
  SampleBuilder builder;
  Pipeline pipeline;
  feed_start(pipeline, builder);
  pipeline.feed(builder.at(1).gil(gil_of(0)).take());
  Sample moved = builder.at(2).gil(gil_of(0)).take();
  ThreadFacts facts;
  facts.thread = ThreadIndex{0};
  moved.threads = {with_stack(facts, kStackB)};
  pipeline.feed(moved);
  const Profile profile = pipeline.finish();
  Nanos in_a{0};
  Nanos in_b{0};
  for (const StackTime& row : profile.stacks) {
    if (row.thread != ThreadIndex{0}) continue;
    (row.stack == kStackA ? in_a : in_b) += row.time;
  }
  EXPECT_EQ(in_a, 1ms);
  EXPECT_EQ(in_b, 1ms);
}

TEST(Aggregator, LongContendedTenureIsAHog) {
  SampleBuilder builder;
  Pipeline pipeline;
  feed_start(pipeline, builder);
  for (int ms = 1; ms <= 100; ++ms) pipeline.feed(builder.at(ms).gil(gil_of(0)).take());
  const Profile profile = pipeline.finish();
  ASSERT_EQ(profile.gils.size(), 1U);
  EXPECT_EQ(profile.gils[0].hogged, 100ms);
  EXPECT_DOUBLE_EQ(profile.gils[0].mean_waiters, 1.0);
  EXPECT_DOUBLE_EQ(profile.gils[0].utilization(), 1.0);
}

TEST(Aggregator, TenuresOfASwitchIntervalAreNoHog) {
  SampleBuilder builder;
  Pipeline pipeline;
  feed_start(pipeline, builder);
  for (int ms = 1; ms <= 100; ++ms) {
    const std::uint32_t holder = ms / 5 % 2 == 0 ? 0 : 1;
    Sample sample = builder.at(ms).gil(gil_of(holder, ms % 5 == 0 ? 1 : 0)).take();
    sample.threads = {os_facts(holder, Os::kRunning), os_facts(1 - holder, Os::kInSyscall, WaitPlace::kGilCond)};
    pipeline.feed(sample);
  }
  const Profile profile = pipeline.finish();
  EXPECT_EQ(profile.gils[0].hogged, 0ms);
  EXPECT_EQ(profile.gils[0].handoffs, 20U);
}

TEST(Aggregator, NativeThreadsHaveCpuTimeAndNoActivities) {
  SampleBuilder builder;
  Pipeline pipeline;
  feed_start(pipeline, builder);
  Sample sample = builder.at(1).gil(gil_of(0)).start(2).take();
  sample.started[0].python = false;
  ThreadFacts facts;
  facts.thread = ThreadIndex{2};
  facts.on_cpu = 500ms;
  sample.threads = {facts};
  pipeline.feed(sample);
  sample = builder.at(2).gil(gil_of(0)).take();
  facts.on_cpu = 501ms;
  sample.threads = {facts};
  pipeline.feed(sample);
  const Profile profile = pipeline.finish();
  EXPECT_EQ(profile.threads[2].cpu, 1ms);
  EXPECT_EQ(total(profile.threads[2]), 0ms);
}

TEST(Aggregator, ContextsThatLastAreTold) {
  SampleBuilder builder;
  Pipeline pipeline;
  feed_start(pipeline, builder);
  const auto read = [&](int ms, std::optional<std::uint32_t> switches, StackQuality quality = StackQuality::kWhole) {
    Sample sample = builder.at(ms).gil(gil_of(0)).take();
    sample.threads = {with_stack(os_facts(0, Os::kRunning), kStackA)};
    sample.threads[0].quality = quality;
    sample.threads[0].context_switches = switches;
    pipeline.feed(sample);
  };
  for (int ms = 1; ms <= 60; ++ms) read(ms, ms == 1 ? std::nullopt : std::optional(0U));
  read(61, 2U);
  for (int ms = 62; ms <= 100; ++ms) read(ms, 0U);
  read(101, 1U);  // too short to be told, that was
  for (int ms = 102; ms <= 200; ++ms) read(ms, 0U, ms % 3 == 0 ? StackQuality::kLost : StackQuality::kTruncated);
  for (int ms = 201; ms <= 300; ++ms) read(ms, std::nullopt);  // who knows
  const Profile profile = pipeline.finish();
  ASSERT_FALSE(profile.timeline.contexts.empty());
  EXPECT_THAT(profile.timeline.contexts[0], ::testing::ElementsAre(TimeRange{0ms, 60ms}, TimeRange{100ms, 200ms}));
}

TEST(Aggregator, CountsWhatWasLost) {
  SampleBuilder builder;
  Pipeline pipeline;
  feed_start(pipeline, builder);
  Sample sample = builder.at(1).gil(gil_of(0, 2)).take();
  sample.stack_retries = 3;
  sample.holder_stack_lost = true;
  sample.threads = {with_stack(os_facts(0, Os::kRunning), kStackA)};
  sample.threads[0].quality = StackQuality::kTruncated;
  pipeline.feed(sample);
  Sample failed;
  failed.failed = true;
  pipeline.feed(failed);
  const Quality quality = pipeline.finish().quality;
  EXPECT_EQ(quality.ticks, 2U);
  EXPECT_EQ(quality.blurred, 1U);
  EXPECT_EQ(quality.retried, 3U);
  EXPECT_EQ(quality.truncated, 1U);
  EXPECT_EQ(quality.discarded, 1U);
  EXPECT_EQ(quality.errors, 1U);
}

}  // namespace
}  // namespace gilspy
