// How sure is a mean over time? Neighbouring moments of a program resemble each other, so that counting ticks as if
// they were independent would make a recording look many times as long as it is. Means of blocks of time are nearly so.
#pragma once

#include <cstddef>
#include <span>

#include "gilspy/compare.h"

namespace gilspy::compare {

struct Estimate {
  double mean = 0;
  double variance = 0;  // of the mean
  double degrees = 1;   // of freedom, of the variance
};

// As many blocks as estimate() can tell anything from; it takes a multiple of them.
inline constexpr std::size_t kFewestBlocks = 8;

// Of the means of blocks of equal length, in the order of time. They are put together to longer and longer blocks,
// down to kFewestBlocks, and the variance that is the greatest counts: what lasts longer than a block makes short
// blocks too sure of themselves.
Estimate estimate(std::span<const double> blocks);

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
