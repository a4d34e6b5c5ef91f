// How sure is a mean over time? Neighbouring moments of a program resemble each other, so that counting ticks as if
// they were independent would make a recording look many times as long as it is. Means of blocks of time are nearly so.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/timeline.h"

namespace gilspy {

struct Estimate {
  double mean = 0;
  double variance = 0;  // of the mean
  double degrees = 1;   // of freedom, of the variance
};

// As many blocks as estimate() puts together to.
inline constexpr std::size_t kFewestBlocks = 8;

// Of the means of blocks of equal length, in the order of time. They are put together to longer and longer blocks,
// down to kFewestBlocks, and the variance that is the greatest counts: what lasts longer than a block makes short
// blocks too sure of themselves.
Estimate estimate(std::span<const double> blocks);

// Half of the width of the interval that contains the true mean but with this probability.
double half_width(const Estimate& of, double missed_with);

// Of Student's t distribution: the value that is exceeded with this probability (below one half). Degrees of freedom:
// from 1, maybe a fraction.
double student_quantile(double exceeded_with, double degrees);

// Threads that take turns of a switch interval should have a few of them in each block.
inline constexpr Nanos kShortestBlock = std::chrono::milliseconds(25);
// What few blocks say of one recording by itself: in shorter ones turns of 5 ms made margins too narrow.
inline constexpr Nanos kShortestMarginBlock = std::chrono::milliseconds(50);

// Into how many blocks so long a time can be cut: at most 4 * kFewestBlocks, a power of two; 0: it is too short.
// `window`: of a timeline that became coarse.
std::size_t block_count(Nanos length, Nanos window, std::size_t fewest = kFewestBlocks,
                        Nanos shortest = kShortestBlock);

// Puts times, which lie in the range, into blocks of equal length.
class BlockCut {
 public:
  BlockCut(const TimeRange& range, std::size_t count) : range_(range), count_(count) {}

  // `weight` times the time from `from` to `to`, in nanoseconds. Blocks that are empty get their size first.
  void add(std::vector<double>& blocks, Nanos from, Nanos to, double weight = 1) const;

 private:
  Nanos begin_of(std::size_t block) const;
  std::size_t block_at(Nanos time) const;

  TimeRange range_;
  std::size_t count_;
};

}  // namespace gilspy
