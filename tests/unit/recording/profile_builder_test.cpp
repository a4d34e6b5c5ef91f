#include "profile_builder.h"

#include <gmock/gmock.h>

namespace gilspy::cli {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Ticks begin at 10 s.
class ProfileBuilderTest : public ::testing::Test {
 protected:
  ProfileBuilderTest() {
    Sample sample;
    sample.period = 1ms;
    for (sample.time = 10s; sample.time <= 14s; sample.time += 1s) builder_.add(sample);
  }

  Profile with(std::vector<CpuReading> readings) {
    RunUpdate update;
    if (!readings.empty()) {
      update.first_cpu = readings.front();
      update.last_cpu = readings.back();
    }
    update.cpu = std::move(readings);
    builder_.update(update);
    return builder_.finish(StackTable(), "");
  }

  ProfileBuilder builder_;
};

TEST_F(ProfileBuilderTest, TheUseOfCpusIsDatedFromTheFirstTick) {
  const Profile profile = with({{10s, 5s}, {11s, 7s}, {13s, 8s}});
  EXPECT_THAT(profile.timeline.cpus, ElementsAre(CpuUse{0s, 1s, 2.0}, CpuUse{1s, 3s, 0.5}));
  EXPECT_EQ(profile.cpu_time, 4s);  // three seconds in three, and it lasted four
}

TEST_F(ProfileBuilderTest, WhatWasReadBeforeTheFirstTickIsLeftOut) {
  EXPECT_THAT(with({{9s, 0s}, {11s, 2s}, {12s, 3s}}).timeline.cpus, ElementsAre(CpuUse{1s, 2s, 1.0}));
}

TEST_F(ProfileBuilderTest, ReadingsThatGoBackSayNothing) {
  EXPECT_THAT(with({{11s, 5s}, {11s, 6s}, {12s, 4s}}).timeline.cpus, IsEmpty());
}

TEST_F(ProfileBuilderTest, ReadingsOfAllUpdatesAreJoined) {
  RunUpdate update;
  update.cpu = {{10s, 0s}};
  update.glances = 3;
  builder_.update(update);
  update.cpu = {{12s, 1s}};
  update.glances = 7;
  builder_.update(update);
  const Profile profile = builder_.finish(StackTable(), "");
  EXPECT_THAT(profile.timeline.cpus, ElementsAre(CpuUse{0s, 2s, 0.5}));
  EXPECT_EQ(profile.quality.glances, 7U);  // each tells those so far
}

TEST_F(ProfileBuilderTest, WithoutADateNobodyKnowsWhenItBegan) { EXPECT_EQ(with({}).began, Nanos{0}); }

TEST_F(ProfileBuilderTest, ItBeganAtTheFirstTick) {
  RunFacts facts;
  facts.wall_minus_clock = 1'000'000s;
  builder_.begin(facts);
  EXPECT_EQ(with({}).began, 1'000'010s);
}

// Many hours have hundreds of thousands.
TEST_F(ProfileBuilderTest, ManyReadingsAreThinned) {
  std::vector<CpuReading> readings;
  for (int i = 0; i <= 50'000; ++i) readings.push_back({10s + i * 50ms, i * 25ms});
  const std::vector<CpuUse> cpus = with(readings).timeline.cpus;
  EXPECT_LE(cpus.size(), 20'000U);
  EXPECT_GT(cpus.size(), 10'000U);
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    EXPECT_DOUBLE_EQ(cpus[i].cpus, 0.5);
    EXPECT_EQ(cpus[i].from, i == 0 ? Nanos{0} : cpus[i - 1].to);
  }
}

// The kernel hands the program's name down to threads that were given none.
TEST(ProfileBuilder, AThreadWithTheNameOfTheProgramHasNone) {
  ProfileBuilder builder;
  RunFacts facts;
  facts.identity = {Pid{100}, {"python3", "/srv/a-script-with-a-long-name.py"}, "/usr/bin/python3.11", "/srv"};
  builder.begin(facts);
  Sample sample;
  sample.gils.emplace_back();
  for (const char* name : {"python3", "python3", "python3.11", "a-script-with-a", "python", "Thread-1", "python3"}) {
    ThreadInfo thread;
    thread.index = ThreadIndex(sample.started.size());
    thread.tid = Tid(100 + static_cast<int>(sample.started.size()));  // the first is the main thread
    thread.name = name;
    sample.started.push_back(thread);
  }
  sample.started.back().python = false;
  builder.add(sample);
  std::vector<std::string> names;
  for (const ThreadProfile& thread : builder.finish(StackTable(), "").threads) names.push_back(thread.info.name);
  EXPECT_THAT(names, ElementsAre("python3", "", "", "", "python", "Thread-1", "python3"));
}

TEST(ProfileBuilder, WithoutATickNothingHasADate) {
  ProfileBuilder builder;
  RunUpdate update;
  update.cpu = {{1s, 0s}, {2s, 1s}};
  builder.update(update);
  EXPECT_THAT(builder.finish(StackTable(), "").timeline.cpus, IsEmpty());
}

}  // namespace
}  // namespace gilspy::cli
