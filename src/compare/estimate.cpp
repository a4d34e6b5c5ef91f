#include "estimate.h"

#include <algorithm>
#include <cmath>

namespace gilspy::compare {

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
