// What a sampler makes of captured reads: one moment of a program with spinners, sleepers and a thread that hashes, on
// each version of CPython.
#include <gmock/gmock.h>

#include "gilspy/layout.h"
#include "replayed.h"
#include "sample_text.h"
#include "tests/golden_file.h"

namespace gilspy::replay {
namespace {

TEST_P(SnapshotTest, IsSampledAsItWasSeen) {
  const auto layout = layout::for_build(target_, location_);
  ASSERT_TRUE(layout.has_value()) << layout.error().message();
  const auto checked = layout::self_check(target_, location_, *layout);
  ASSERT_TRUE(checked.has_value()) << checked.error().message();
  StackTable stacks;
  const auto sampler = sample::make_sampler(target_, location_, *layout, stacks);
  ASSERT_TRUE(sampler.has_value()) << sampler.error().message();
  Sample sample;
  ASSERT_TRUE((*sampler)->tick(std::chrono::seconds(50), sample).has_value());
  EXPECT_FALSE(sample.failed);
  expect_golden(text_of(sample, **sampler, stacks), folder() / (GetParam() + ".txt"), "replay_test");
}

TEST_P(SnapshotTest, IsSmall) { EXPECT_LT(std::filesystem::file_size(folder() / (GetParam() + ".snapshot")), 60'000U); }

INSTANTIATE_TEST_SUITE_P(Snapshots, SnapshotTest, ::testing::ValuesIn(snapshot_names()), test_name);

TEST(Snapshots, ThereIsOneOfEachVersion) {
  EXPECT_THAT(snapshot_names(),
              ::testing::IsSupersetOf({"3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.13t", "3.14", "3.15"}));
}

TEST(Snapshots, NoTextIsWithoutOne) {
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    if (entry.path().extension() != ".txt") continue;
    EXPECT_THAT(snapshot_names(), ::testing::Contains(entry.path().stem().string()));
  }
}

}  // namespace
}  // namespace gilspy::replay
