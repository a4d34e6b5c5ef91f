// The same snapshots with their memory damaged, before attaching and while being sampled: an error or samples, nothing
// else. The damage comes from seeds: it is the same every time.
#include <random>

#include "gilspy/layout.h"
#include "replayed.h"
#include "tests/fuzz/damage.h"
#include "tests/fuzz/sampled.h"

namespace gilspy::replay {
namespace {

constexpr unsigned kSeeds = 250;
constexpr int kTicks = 12;

std::vector<std::byte> random_bytes(std::mt19937& random, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 0xff);
  return bytes;
}

void damage(FakeTarget& target, fuzz::Reads reads, std::mt19937& random) {
  constexpr std::size_t kMostOfOne = 16;
  const auto bytes = random_bytes(random, kMostOfOne);
  fuzz::Input input{std::span<const std::byte>(bytes)};
  fuzz::damage(target, reads, input);
}

class GarbageTest : public SnapshotTest {
 protected:
  void SetUp() override {
    SnapshotTest::SetUp();
    const auto layout = layout::for_build(target_, location_);
    ASSERT_TRUE(layout.has_value()) << layout.error().message();
    layout_ = *layout;
    ASSERT_TRUE(layout::self_check(target_, location_, layout_).has_value());
    attach_reads_ = fuzz::different_reads(target_.reads());
    FakeTarget sampled = target_;
    fuzz::Sampled sampler(sampled, location_, layout_);
    ASSERT_TRUE(sampler.tick(std::chrono::milliseconds(1)));
    tick_reads_ = fuzz::different_reads(sampled.reads());
    target_.clear_reads();
  }

  RuntimeLayout layout_;
  std::vector<FakeTarget::Read> attach_reads_, tick_reads_;
};

TEST_P(GarbageTest, AttachingEndsInALayoutOrAnError) {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    std::mt19937 random(seed);
    FakeTarget target = target_;
    for (unsigned i = 0; i <= seed % 4; ++i) damage(target, attach_reads_, random);
    const auto layout = layout::for_build(target, location_);
    if (layout.has_value()) layout::self_check(target, location_, *layout);
    EXPECT_EQ(fuzz::complaint_about(target.reads()), "") << "seed " << seed;
  }
}

TEST_P(GarbageTest, SamplingGoesOnOrEndsInAnError) {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    std::mt19937 random(seed);
    FakeTarget target = target_;
    fuzz::Sampled sampled(target, location_, layout_);
    auto countdown = random() % 512;
    target.on_read([&](const FakeTarget::Read&) {
      if (--countdown == 0) damage(target, tick_reads_, random);
    });
    for (int tick = 0; tick < kTicks && sampled.tick(std::chrono::milliseconds(1 + random() % 120)); ++tick) {
      for (auto more = random() % 3; more > 0; --more) damage(target, tick_reads_, random);
      countdown = random() % 64;
    }
    EXPECT_EQ(sampled.complaint(), "") << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Snapshots, GarbageTest, ::testing::ValuesIn(snapshot_names()), test_name);

}  // namespace
}  // namespace gilspy::replay
