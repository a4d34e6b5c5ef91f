// Margins of error against timelines with a known truth: the interval has to contain it in about 95 of 100 recordings.
#include "gilspy/margins.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "gilspy/aggregate.h"
#include "sample_profile.h"

namespace gilspy {
namespace {

double uniform(std::mt19937_64& random) { return (double(random() >> 11) + 0.5) / double(1ULL << 53); }

// Threads that have a GIL in turns, whoever is next; the others wait. Seen once a millisecond.
Profile turns(std::mt19937_64& random, double seconds, std::size_t threads, double mean_turn) {
  ProfileBuilder builder(seconds);
  Profile& profile = builder.profile();
  for (std::size_t i = 0; i < threads; ++i) builder.thread("t" + std::to_string(i));
  profile.timeline.lanes.resize(threads);
  const auto ticks = static_cast<std::int64_t>(seconds * 1000);
  std::size_t holder = random() % threads;
  double until = -mean_turn * std::log(uniform(random));
  for (std::int64_t tick = 0; tick < ticks; ++tick) {
    for (; until <= double(tick) * 1e-3; until -= mean_turn * std::log(uniform(random))) holder = random() % threads;
    for (std::size_t i = 0; i < threads; ++i) {
      const Activity activity = i == holder ? Activity::kHoldsGil : Activity::kWaitsForGil;
      const Nanos from = std::chrono::milliseconds(tick), to = std::chrono::milliseconds(tick + 1);
      builder.spend(ThreadIndex(static_cast<std::uint32_t>(i)), activity, 1e-3);
      append(profile.timeline.lanes[i], {from, to, kNoStack, activity});
    }
  }
  measure_margins(profile);
  return std::move(profile);
}

double share_of(const ThreadProfile& thread, Activity activity) {
  Nanos all{0};
  for (const Nanos time : thread.times) all += time;
  return double(thread.times[index_of(activity)].count()) / double(all.count());
}

struct Case {
  const char* name;
  double seconds;
  double mean_turn;
  double least;
  int runs = 400;
};

class Coverage : public ::testing::TestWithParam<Case> {};

TEST_P(Coverage, OfTheTruth) {
  const Case& of = GetParam();
  constexpr std::size_t kThreads = 4;
  std::mt19937_64 random(95);
  int covered = 0;
  for (int run = 0; run < of.runs; ++run) {
    const Profile profile = turns(random, of.seconds, kThreads, of.mean_turn);
    const ThreadProfile& thread = profile.threads.front();
    ASSERT_TRUE(thread.margins.has_value());
    const double off = std::abs(share_of(thread, Activity::kHoldsGil) - 1.0 / kThreads);
    covered += off <= (*thread.margins)[Share::kHasGil] ? 1 : 0;
  }
  RecordProperty("covered", covered);
  EXPECT_GE(covered, of.runs * of.least) << covered;
  EXPECT_LT(covered, of.runs * 0.998) << "wider than it must be";
}

// In recordings below 0.8 s the truth lies within the margin 92 to 94 times in 100, not 95 (of 6,000 that were tried):
// with eight blocks or four there is one length of them, from which no worse one can be chosen, and in the shortest
// that are permitted neighbours still resemble each other a little.
INSTANTIATE_TEST_SUITE_P(Margins, Coverage,
                         ::testing::Values(Case{"QuickTurns", 2, 0.005, 0.94}, Case{"SlowTurns", 4, 0.05, 0.94},
                                           Case{"TurnsShorterThanATick", 1, 0.0005, 0.94},
                                           Case{"Brief", 0.4, 0.005, 0.92, 2000},
                                           Case{"VeryBrief", 0.2, 0.005, 0.92, 2000}),
                         [](const auto& made) { return std::string(made.param.name); });

TEST(Margins, ShrinkWithTheRootOfTheTime) {
  std::mt19937_64 random(4);
  double brief = 0, long_one = 0;
  for (int run = 0; run < 40; ++run) {
    brief += (*turns(random, 1, 2, 0.005).threads[0].margins)[Share::kWaitsForGil];
    long_one += (*turns(random, 16, 2, 0.005).threads[0].margins)[Share::kWaitsForGil];
  }
  EXPECT_NEAR(brief / long_one, 4, 1);
}

TEST(Margins, NoneInAMoment) {
  std::mt19937_64 random(4);
  const Profile profile = turns(random, 0.19, 2, 0.005);
  EXPECT_FALSE(profile.threads[0].margins.has_value());
  EXPECT_FALSE(profile.margins.has_value());
  EXPECT_FALSE(profile.gils[0].margins.has_value());
}

// What was never seen in 2,000 ticks may still take three of them.
TEST(Margins, NothingIsCertain) {
  std::mt19937_64 random(4);
  const Profile profile = turns(random, 2, 2, 0.005);
  EXPECT_NEAR((*profile.threads[0].margins)[Share::kBlocked], 3.0 / 2000, 1e-6);
  EXPECT_NEAR(profile.gils[0].margins->utilization, 3.0 / 2000, 1e-6);
}

TEST(Margins, AThreadHasThoseOfItsOwnLife) {
  ProfileBuilder builder(10);
  Profile& profile = builder.profile();
  const ThreadIndex brief = builder.thread("brief"), moment = builder.thread("moment");
  const auto at = [](double seconds) { return ProfileBuilder::nanos(seconds); };
  builder.spend(brief, Activity::kBlocked, 1).spend(moment, Activity::kBlocked, 0.05);
  profile.timeline.lanes = {{{at(4), at(5), kNoStack, Activity::kBlocked}},
                            {{at(4), at(4.05), kNoStack, Activity::kBlocked}}};
  measure_margins(profile);
  ASSERT_TRUE(profile.threads[0].margins.has_value());
  EXPECT_LT((*profile.threads[0].margins)[Share::kBlocked], 0.01);
  EXPECT_FALSE(profile.threads[1].margins.has_value());
}

TEST(Margins, SumsAreSurerThanTheirParts) {
  std::mt19937_64 random(7);
  const Profile profile = turns(random, 4, 4, 0.02);
  EXPECT_LT(profile.margins->waiting, 0.01) << "three wait, whoever it is";
  EXPECT_GT((*profile.threads[0].margins)[Share::kWaitsForGil], 0.02);
  EXPECT_NEAR(profile.gils[0].margins->mean_waiters, profile.margins->waiting, 1e-9);
}

}  // namespace
}  // namespace gilspy
