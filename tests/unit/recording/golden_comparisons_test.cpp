// What every format makes of two pairs of recordings of real programs, and a comparison's own sums against the
// profile's.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "files.h"
#include "formats/terminal/comparison_text.h"
#include "gilspy/comparison_format.h"
#include "src/compare/blame_walk.h"
#include "tests/golden_file.h"
#include "tests/unit/rendered.h"

namespace gilspy::recording {
namespace {

Profile profile_of(const std::string& name) {
  std::ifstream file(std::filesystem::path(GILSPY_RECORDINGS_FOLDER) / (name + ".gilspy"), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  auto replayed = replay_text(text);
  EXPECT_TRUE(replayed.has_value()) << name;
  return replayed.has_value() ? std::move(replayed->profile) : Profile{};
}

struct Pair {
  const char* name;
  const char* base;
  const char* head;
  std::optional<double> base_work = {}, head_work = {};
};
// A program that was rewritten; one that was moved to a build without a GIL, per unit of work.
const Pair kPairs[] = {{"mixed-to-primes", "mixed-3.11", "primes-3.13"},
                       {"primes-to-free-threaded", "primes-3.13", "primes-3.13t", 100, 190}};

class GoldenComparison : public ::testing::TestWithParam<Pair> {
 protected:
  void SetUp() override {
    base_ = profile_of(GetParam().base);
    head_ = profile_of(GetParam().head);
    const Verdict base_verdict = verdict::judge(base_), head_verdict = verdict::judge(head_);
    comparison_ =
        compare::compare({base_, base_verdict, GetParam().base_work}, {head_, head_verdict, GetParam().head_work});
  }
  void expect(const std::string& made, std::string_view extension) const {
    const auto folder = std::filesystem::path(GILSPY_RECORDINGS_FOLDER).parent_path() / "comparisons";
    expect_golden(without_assets(made), folder / (GetParam().name + std::string(extension)), "recording_test");
  }

  Profile base_, head_;
  Comparison comparison_;
};

TEST_P(GoldenComparison, RendersWhatSomebodyLookedAt) {
  for (const ComparisonFormat& format : formats::of_comparisons()) {
    ComparisonOptions options;
    options.view = View::kBlame;
    expect(format.render({base_, head_, comparison_}, options), format.extension);
  }
  ComparisonOptions negated;
  negated.negate = true;
  expect(formats::of_comparisons().front().render({base_, head_, comparison_}, negated), ".negated.svg");
  terminal::TerminalOptions terminal;
  terminal.output_path = "x.svg";
  expect(terminal::comparison_text(comparison_, terminal), ".txt");
}

INSTANTIATE_TEST_SUITE_P(Pairs, GoldenComparison, ::testing::ValuesIn(kPairs),
                         [](const auto& test) { return std::string(test.param.base_work ? "PerWork" : "PerSecond"); });

TEST(Comparison, MarkdownFitsIntoACommentHoweverMuchChanged) {
  Comparison comparison;
  for (const Measure measure : kMeasures) {
    for (int i = 0; i < 50; ++i) {
      comparison.changed.push_back({fmt::format("f{}", i), measure, {1, 2, 0.5, 1.5, true}, 1, 2, true, true});
    }
  }
  comparison.remarks.assign(30, "something is different");
  const Profile profile;
  const std::string text = formats::find_comparison("markdown")->render({profile, profile, comparison}, {});
  EXPECT_LE(std::ranges::count(text, '\n'), 60);
  EXPECT_NE(text.find("and 42 more"), std::string::npos);
}

// The timeline knows when; the profile's rows were added up while samples came in.
TEST(Comparison, BlameIsThatOfTheProfile) {
  for (const char* name : {"mixed-3.11", "primes-3.13", "requests-3.13"}) {
    const Profile profile = profile_of(name);
    double walked = 0, booked = 0;
    compare::walk_blame(profile, [&](Nanos from, Nanos to, StackId, double waiters) {
      walked += waiters * double((to - from).count());
    });
    for (const Blame& row : profile.blame) booked += row.holder != Blame::kNobody ? double(row.time.count()) : 0.0;
    EXPECT_NEAR(walked, booked, 0.02 * booked) << name;
  }
}

}  // namespace
}  // namespace gilspy::recording
