// What is added to an estimate from one recording before two are compared.
#pragma once

#include "gilspy/compare.h"
#include "gilspy/estimate.h"

namespace gilspy::compare {

// What differs from one run of the same program to the next and cannot be seen in one of them, see docs/diff.md:
// standard deviations, a part of the mean and an amount in seconds per second.
struct RunToRun {
  double share = 0;
  double amount = 0;
};
Estimate with(const Estimate& within, const RunToRun& run_to_run);

// By Welch's approximation; the interval is missed with this probability. `bias`: by so much, either way, the
// difference may be wrong whatever the length of the recordings.
Change change_between(const Estimate& base, const Estimate& head, double missed_with, double bias = 0);

}  // namespace gilspy::compare
