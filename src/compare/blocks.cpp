#include "blocks.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "blame_walk.h"
#include "estimate.h"

namespace gilspy::compare {
namespace {

using std::chrono_literals::operator""ms;

constexpr std::size_t kMostBlocks = 4 * kFewestBlocks;
// Threads that take turns of a switch interval should have a few of them in each block.
constexpr Nanos kShortestBlock = 25ms;
constexpr Nanos::rep kWindowsInBlock = 4;  // of a timeline that became coarse

std::size_t block_count(const Profile& profile) {
  const Nanos shortest = std::max(kShortestBlock, kWindowsInBlock * profile.timeline.window);
  for (std::size_t count = kMostBlocks; count >= kFewestBlocks; count /= 2) {
    if (profile.duration / static_cast<Nanos::rep>(count) >= shortest) return count;
  }
  return 0;
}

// Puts times where they belong.
class Cutter {
 public:
  Cutter(Nanos duration, std::size_t count) : duration_(duration), count_(count) {}

  // `weight` times the time from `from` to `to`.
  void add(Blocks& blocks, Nanos from, Nanos to, double weight = 1) const {
    if (blocks.empty()) blocks.resize(count_);
    for (std::size_t block = block_at(from); block < count_ && begin_of(block) < to; ++block) {
      const Nanos part = std::min(to, begin_of(block + 1)) - std::max(from, begin_of(block));
      blocks[block] += weight * double(std::max(part, Nanos{0}).count());
    }
  }

 private:
  // In floating point: the length of a recording times the number of a block may not fit into an integer.
  Nanos begin_of(std::size_t block) const {
    if (block >= count_) return Nanos::max();
    return Nanos(static_cast<Nanos::rep>(double(duration_.count()) * (double(block) / double(count_))));
  }
  std::size_t block_at(Nanos time) const {
    const double share = std::clamp(double(time.count()) / double(duration_.count()), 0.0, 1.0);
    const auto block = std::min(static_cast<std::size_t>(share * double(count_)), count_ - 1);
    return block > 0 && begin_of(block) > time ? block - 1 : block;
  }

  Nanos duration_;
  std::size_t count_;
};

FunctionId leaf_of(const Profile& profile, const std::vector<FunctionId>& functions, StackId stack) {
  return stack == kNoStack ? kNoFunction : functions[to_int(profile.table.leaf(stack))];
}

}  // namespace

BlockSums block_sums(const Profile& profile, const std::vector<FunctionId>& functions) {
  BlockSums sums;
  sums.count = block_count(profile);
  if (sums.count == 0) return sums;
  sums.held.resize(sums.count);
  sums.waited.resize(sums.count);
  const Cutter cutter(profile.duration, sums.count);
  for (const Lane& lane : profile.timeline.lanes) {
    for (const Stretch& stretch : lane) {
      const bool waits = stretch.activity == Activity::kWaitsForGil;
      if (!waits && !holds(stretch.activity)) continue;
      const FunctionId leaf = leaf_of(profile, functions, stretch.stack);
      cutter.add(waits ? sums.waited : sums.held, stretch.from, stretch.to);
      cutter.add(sums.of(waits ? Measure::kWait : Measure::kHeld)[leaf], stretch.from, stretch.to);
    }
  }
  walk_blame(profile, [&](Nanos from, Nanos to, StackId holder, double waiters) {
    cutter.add(sums.of(Measure::kBlame)[leaf_of(profile, functions, holder)], from, to, waiters);
  });
  for (const CpuUse& use : profile.timeline.cpus) cutter.add(sums.cpu, use.from, use.to, use.cpus);
  // The first and the last moments of a recording lie between no two readings.
  const double read = std::accumulate(sums.cpu.begin(), sums.cpu.end(), 0.0);
  for (double& time : sums.cpu) time *= read > 0 ? double(profile.cpu_time.count()) / read : 0.0;
  return sums;
}

}  // namespace gilspy::compare
