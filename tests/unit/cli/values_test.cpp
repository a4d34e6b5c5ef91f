#include "src/cli/values.h"

#include <gmock/gmock.h>

namespace gilspy::cli {
namespace {

TEST(Values, Pids) {
  EXPECT_EQ(*parse_pid("4242"), Pid{4242});
  EXPECT_EQ(*parse_pid("0x1092"), Pid{4242});
  EXPECT_EQ(*parse_pid("0X1092"), Pid{4242});
  for (const char* wrong : {"", "0", "-1", "0x", "0x-1", "x", "12x", "1.5", "99999999999", "4242 "}) {
    EXPECT_FALSE(parse_pid(wrong).has_value()) << wrong;
  }
}

TEST(Values, Rates) {
  EXPECT_EQ(*parse_rate("1000"), 1000);
  EXPECT_EQ(*parse_rate("250hz"), 250);
  EXPECT_EQ(*parse_rate("1kHz"), 1000);
  EXPECT_EQ(*parse_rate("2K"), 2000);
  EXPECT_EQ(*parse_rate("MAX"), 0);
  for (const char* wrong : {"", "0", "-1", "fast", "1mhz", "nan", "inf", "2000khz"}) {
    EXPECT_FALSE(parse_rate(wrong).has_value()) << wrong;
  }
}

TEST(Values, Durations) {
  EXPECT_EQ(**parse_duration("1.5"), std::chrono::milliseconds(1500));
  EXPECT_FALSE(parse_duration("unlimited")->has_value());
  for (const char* wrong : {"", "0", "-1", "soon", "1s", "nan", "1e10"}) {
    EXPECT_FALSE(parse_duration(wrong).has_value()) << wrong;
  }
}

TEST(Values, Links) {
  EXPECT_EQ(*parse_link("https://example.org/a?b"), "https://example.org/a?b");
  EXPECT_EQ(*parse_link("HTTP://h"), "HTTP://h");
  for (const char* wrong : {"", "example.org", "javascript:alert(1)", "https://", "file:///etc", " https://h"}) {
    EXPECT_FALSE(parse_link(wrong).has_value()) << wrong;
  }
}

TEST(Values, LowerCase) { EXPECT_EQ(lower_case("FlameGraph-9"), "flamegraph-9"); }

TEST(ParseGilRate, TakesFrequenciesAndNever) {
  EXPECT_EQ(parse_gil_rate("10khz").value_or(-1), 10'000);
  EXPECT_EQ(parse_gil_rate("0").value_or(-1), 0);
  EXPECT_EQ(parse_gil_rate("max").value_or(-1), 1e6);
  for (const char* bad : {"", "-1", "0.01", "10 MHz", "2000000"}) {
    EXPECT_FALSE(parse_gil_rate(bad).has_value()) << bad;
  }
}

TEST(Work, IsTwoCounts) {
  EXPECT_FALSE(parse_work("")->has_value());
  const auto work = parse_work("1200:1350.5");
  ASSERT_TRUE(work.has_value() && work->has_value());
  EXPECT_DOUBLE_EQ((*work)->base, 1200);
  EXPECT_DOUBLE_EQ((*work)->head, 1350.5);
  for (const char* wrong : {"1200", "1200:", ":5", "0:5", "5:0", "-1:5", "5:6:7", "a:b", "nan:1", "inf:1", "1 :2"}) {
    EXPECT_FALSE(parse_work(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace gilspy::cli
