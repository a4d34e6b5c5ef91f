// The mathematics of comparisons, against published tables and against data with a known truth.
#include "src/compare/estimate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace gilspy::compare {
namespace {

TEST(Student, AgreesWithTheTables) {
  EXPECT_NEAR(student_quantile(0.025, 1), 12.7062, 1e-3);
  EXPECT_NEAR(student_quantile(0.025, 7), 2.36462, 1e-4);
  EXPECT_NEAR(student_quantile(0.05, 10), 1.81246, 1e-4);
  EXPECT_NEAR(student_quantile(0.0005, 7), 5.40788, 1e-4);
  EXPECT_NEAR(student_quantile(0.025, 1e9), 1.96020, 1e-3);
  EXPECT_NEAR(student_quantile(0.0005, 120), 3.37345, 1e-4);
}

TEST(Student, HasNoHolesFarOut) {
  double before = 0;
  for (double exceeded = 0.4; exceeded > 1e-7; exceeded /= 2) {
    const double t = student_quantile(exceeded, 14);
    EXPECT_GT(t, before);
    before = t;
  }
}

TEST(Estimate, OfBlocksThatAreEqual) {
  const Estimate found = estimate(std::vector<double>(32, 0.25));
  EXPECT_DOUBLE_EQ(found.mean, 0.25);
  EXPECT_DOUBLE_EQ(found.variance, 0);
}

TEST(Estimate, OfIndependentBlocksIsNoLessThanTheirs) {
  const std::vector<double> blocks{1, 0, 1, 0, 1, 0, 1, 0};
  const Estimate found = estimate(blocks);
  EXPECT_DOUBLE_EQ(found.mean, 0.5);
  EXPECT_DOUBLE_EQ(found.variance, 8 * 0.25 / 7 / 8);
  EXPECT_DOUBLE_EQ(found.degrees, 7);
}

// Half of the time one, half of the time the other: 32 blocks know no more than the two that it really is.
TEST(Estimate, OfPhasesIsUnsure) {
  std::vector<double> blocks(32, 0);
  for (std::size_t i = 0; i < 32; i += 8) std::fill_n(blocks.begin() + static_cast<std::ptrdiff_t>(i), 4, 1.0);
  const double as_if_independent = 32 * 0.25 / 31 / 32;
  EXPECT_GT(estimate(blocks).variance, 3.5 * as_if_independent);
}

TEST(Change, ABiasWidensBothSides) {
  const Change change = change_between({0.5, 0, 7}, {0.7, 0, 7}, 0.05, 0.1);
  EXPECT_NEAR(change.low, 0.1, 1e-12);
  EXPECT_NEAR(change.high, 0.3, 1e-12);
}

TEST(Change, RunsDifferEvenIfTheyAreVerySure) {
  const Estimate base = with({0.50, 0, 31}, {.share = 0.05, .amount = 0});
  const Estimate head = with({0.52, 0, 31}, {.share = 0.05, .amount = 0});
  EXPECT_FALSE(change_between(base, head, 0.05).beyond_noise());
  EXPECT_TRUE(change_between(base, with({0.8, 0, 31}, {.share = 0.05, .amount = 0}), 0.05).beyond_noise());
}

// A thread that has the GIL for a while and then not for a while: exponential times of 20 ms and 60 ms on average, seen
// for 4 s in ticks of 1 ms. Ticks taken for independent would be sure of +-1.3 %; the truth is +-3.6 %.
std::vector<double> turns(std::mt19937_64& random, double on, double off) {
  const auto length = [&](double mean) {
    const double uniform = (double(random() >> 11) + 0.5) / double(1ULL << 53);  // the same on every machine
    return -mean * std::log(uniform);
  };
  std::vector<double> blocks(32, 0);
  constexpr double kBlock = 4.0 / 32;
  double at = 0;
  for (bool is_on = (random() & 3U) == 0; at < 4; is_on = !is_on) {
    const double end = std::min(4.0, at + length(is_on ? on : off));
    for (std::size_t i = 0; is_on && i < blocks.size(); ++i) {
      const double part = std::min(end, double(i + 1) * kBlock) - std::max(at, double(i) * kBlock);
      blocks[i] += std::max(part, 0.0) / kBlock;
    }
    at = end;
  }
  return blocks;
}

TEST(Change, IntervalsOfAutocorrelatedDataCoverTheTruth) {
  std::mt19937_64 random(20);
  int covered = 0, independent_covered = 0;
  constexpr int kRuns = 2000;
  const double truth = 0.04 / 0.10 - 0.02 / 0.08;
  for (int run = 0; run < kRuns; ++run) {
    const Estimate base = estimate(turns(random, 0.02, 0.06));
    const Estimate head = estimate(turns(random, 0.04, 0.06));
    const Change change = change_between(base, head, 0.05);
    covered += change.low <= truth && truth <= change.high ? 1 : 0;
    const double binomial = std::sqrt((base.mean * (1 - base.mean) + head.mean * (1 - head.mean)) / 4000) * 1.96;
    independent_covered += std::abs(change.difference() - truth) <= binomial ? 1 : 0;
  }
  EXPECT_GT(covered, kRuns * 0.945);
  EXPECT_LT(covered, kRuns * 0.995);  // else they are wider than they must be
  EXPECT_LT(independent_covered, kRuns * 0.6);
}

TEST(Change, FindsNothingWhereThereIsNothing) {
  std::mt19937_64 random(21);
  int found = 0;
  constexpr int kRuns = 2000;
  for (int run = 0; run < kRuns; ++run) {
    const Estimate base = estimate(turns(random, 0.02, 0.06));
    const Estimate head = estimate(turns(random, 0.02, 0.06));
    found += change_between(base, head, 0.01).beyond_noise() ? 1 : 0;
  }
  EXPECT_LT(found, kRuns * 0.012);
}

}  // namespace
}  // namespace gilspy::compare
