#include "estimate.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "student.h"

namespace gilspy::compare {
namespace {

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

Estimate with(const Estimate& within, const RunToRun& run_to_run) {
  const double of_mean = run_to_run.share * within.mean;
  const double known = of_mean * of_mean + run_to_run.amount * run_to_run.amount;
  Estimate sum = within;
  sum.variance += known;
  // Satterthwaite: only the estimated part of the variance is uncertain.
  constexpr double kCertain = 1e6;
  const double certainty = within.variance > 0 ? std::pow(sum.variance / within.variance, 2) : kCertain;
  sum.degrees = within.degrees * std::min(certainty, kCertain);
  return sum;
}

Change change_between(const Estimate& base, const Estimate& head, double missed_with, double bias) {
  Change change;
  change.base = base.mean;
  change.head = head.mean;
  const double variance = base.variance + head.variance;
  const double spread = base.variance * base.variance / base.degrees + head.variance * head.variance / head.degrees;
  const double degrees = spread > 0 ? variance * variance / spread : 1;
  const double half = std::sqrt(variance) * student_quantile(missed_with / 2, degrees) + bias;
  change.low = change.difference() - half;
  change.high = change.difference() + half;
  change.known = true;
  return change;
}

}  // namespace gilspy::compare
