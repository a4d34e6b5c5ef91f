#include "src/cli/glance_budget.h"

#include <gtest/gtest.h>

namespace gilspy::cli {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""ns;
using std::chrono_literals::operator""us;

std::int64_t planned_in(GlanceBudget& budget, Nanos cost, int ticks) {
  std::int64_t all = 0;
  for (int tick = 0; tick < ticks; ++tick) {
    const std::int64_t planned = budget.plan(1ms);
    for (std::int64_t i = 0; i < planned; ++i) {
      if (budget.measures_next()) budget.add_cost(cost);
    }
    all += planned;
  }
  return all;
}

TEST(GlanceBudget, TakesHalfAPercentOfACpu) {
  GlanceBudget budget(10'000);
  planned_in(budget, 20us, 20'000);  // by now it knows what one costs
  EXPECT_NEAR(double(planned_in(budget, 20us, 1'000)), 250, 10);
}

TEST(GlanceBudget, TakesNoMoreThanWasAskedFor) {
  GlanceBudget budget(10'000);
  planned_in(budget, 300ns, 20'000);
  EXPECT_NEAR(double(planned_in(budget, 300ns, 1'000)), 10'000, 100);
}

TEST(GlanceBudget, IsOffAtZero) {
  GlanceBudget budget(0);
  EXPECT_EQ(planned_in(budget, 1us, 1'000), 0);
}

}  // namespace
}  // namespace gilspy::cli
