#include "gilspy/estimate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gilspy {
namespace {

constexpr std::size_t kMostBlocks = 4 * kFewestBlocks;
constexpr Nanos::rep kWindowsInBlock = 4;  // of a timeline that became coarse

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
}

double variance_of_mean(std::span<const double> blocks) {
  const double mean = mean_of(blocks);
  double squares = 0;
  for (const double block : blocks) squares += (block - mean) * (block - mean);
  return squares / double(blocks.size() - 1) / double(blocks.size());
}

std::vector<double> in_pairs(std::span<const double> blocks) {
  std::vector<double> pairs;
  for (std::size_t i = 0; i + 1 < blocks.size(); i += 2) pairs.push_back((blocks[i] + blocks[i + 1]) / 2);
  return pairs;
}

}  // namespace

Estimate estimate(std::span<const double> blocks) {
  Estimate best;
  if (blocks.size() < 2) return best;
  best.mean = mean_of(blocks);
  std::vector<double> merged(blocks.begin(), blocks.end());
  for (; merged.size() >= std::min(kFewestBlocks, blocks.size()); merged = in_pairs(merged)) {
    const double variance = variance_of_mean(merged);
    // The fewest degrees of freedom, too: whichever length was chosen, the longest was among the candidates.
    best.degrees = double(merged.size() - 1);
    best.variance = std::max(best.variance, variance);
  }
  return best;
}

double half_width(const Estimate& of, double missed_with) {
  return std::sqrt(of.variance) * student_quantile(missed_with / 2, of.degrees);
}

std::size_t block_count(Nanos length, Nanos window, std::size_t fewest, Nanos shortest) {
  const Nanos least = std::max(shortest, kWindowsInBlock * window);
  for (std::size_t count = kMostBlocks; count >= fewest && count > 1; count /= 2) {
    if (length / static_cast<Nanos::rep>(count) >= least) return count;
  }
  return 0;
}

void BlockCut::add(std::vector<double>& blocks, Nanos from, Nanos to, double weight) const {
  if (blocks.empty()) blocks.resize(count_);
  for (std::size_t block = block_at(from); block < count_ && begin_of(block) < to; ++block) {
    const Nanos part = std::min(to, begin_of(block + 1)) - std::max(from, begin_of(block));
    blocks[block] += weight * double(std::max(part, Nanos{0}).count());
  }
}

// In floating point: the length of a recording times the number of a block may not fit into an integer.
Nanos BlockCut::begin_of(std::size_t block) const {
  if (block >= count_) return Nanos::max();
  return range_.from +
         Nanos(static_cast<Nanos::rep>(double(range_.length().count()) * (double(block) / double(count_))));
}

std::size_t BlockCut::block_at(Nanos time) const {
  const double share = std::clamp(double((time - range_.from).count()) / double(range_.length().count()), 0.0, 1.0);
  const auto block = std::min(static_cast<std::size_t>(share * double(count_)), count_ - 1);
  return block > 0 && begin_of(block) > time ? block - 1 : block;
}

}  // namespace gilspy
