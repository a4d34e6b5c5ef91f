#include "gilspy/distribution.h"

#include <gtest/gtest.h>

namespace gilspy {
namespace {

TEST(Distribution, AnEmptyOneIsAllZero) {
  const Distribution empty;
  EXPECT_EQ(empty.count(), 0u);
  EXPECT_EQ(empty.quantile(0.5), Nanos{0});
  EXPECT_EQ(empty.longest(), Nanos{0});
}

TEST(Distribution, QuantilesAreWithinThreePercent) {
  for (const std::int64_t unit : {std::int64_t{1}, std::int64_t{1000}, std::int64_t{3600000000}}) {
    Distribution values;
    for (std::int64_t i = 1; i <= 1000; ++i) values.add(Nanos(i * unit));
    for (const double share : {0.01, 0.5, 0.9, 0.99, 1.0}) {
      const double true_value = share * 1000 * static_cast<double>(unit);
      EXPECT_NEAR(static_cast<double>(values.quantile(share).count()), true_value, 0.03 * true_value + 1)
          << share << " of " << unit;
    }
    EXPECT_EQ(values.longest(), Nanos(1000 * unit));
    EXPECT_EQ(values.total(), Nanos(500'500 * unit));
  }
}

TEST(Distribution, NoQuantileExceedsTheLongest) {
  Distribution one;
  one.add(Nanos{1'000'001});
  EXPECT_LE(one.quantile(0.99), Nanos{1'000'001});
  EXPECT_GE(one.quantile(0.01), Nanos{970'000});
}

TEST(Distribution, ExtremesAreKept) {
  Distribution extremes;
  extremes.add(Nanos{-5});
  extremes.add(Nanos::max());
  EXPECT_EQ(extremes.count(), 2u);
  EXPECT_EQ(extremes.quantile(0.5), Nanos{0});
  EXPECT_EQ(extremes.longest(), Nanos::max());
}

}  // namespace
}  // namespace gilspy
