// How long things took: quantiles within 3 %, at a memory that does not grow with the number of values.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gilspy/ids.h"

namespace gilspy {

class Distribution {
 public:
  // `times` of them. Negative ones count as none.
  void add(Nanos value, std::uint64_t times = 1) {
    if (times == 0) return;
    const auto nanos = static_cast<std::uint64_t>(std::max<Nanos::rep>(value.count(), 0));
    const std::uint32_t bucket = bucket_of(nanos);
    const auto place = std::lower_bound(counts_.begin(), counts_.end(), bucket,
                                        [](const Counted& counted, std::uint32_t key) { return counted.bucket < key; });
    if (place != counts_.end() && place->bucket == bucket) {
      place->count += times;
    } else {
      counts_.insert(place, {bucket, times});
    }
    count_ += times;
    const bool fits = double(total_.count()) + double(nanos) * double(times) < kMostTotal;
    total_ = fits ? total_ + Nanos(static_cast<Nanos::rep>(nanos * times)) : Nanos::max();
    longest_ = std::max(longest_, value);
  }

  std::uint64_t count() const { return count_; }
  Nanos total() const { return total_; }
  Nanos longest() const { return longest_; }

  // The value below which `share` (0..1) of all lie; 0 when there are none.
  Nanos quantile(double share) const {
    const double rank = share * static_cast<double>(count_);
    double below = 0;
    for (const Counted& counted : counts_) {
      below += static_cast<double>(counted.count);
      if (below >= rank) return std::min(middle_of(counted.bucket), longest_);
    }
    return longest_;
  }

 private:
  // Each power of two is cut into as many buckets: the middle of one is less than 1/32 away from all of its values.
  static constexpr int kBits = 4;
  static constexpr double kMostTotal = 9e18;  // ns
  static constexpr std::uint64_t kPerPower = 1U << kBits;

  struct Counted {
    std::uint32_t bucket = 0;
    std::uint64_t count = 0;
  };

  static std::uint32_t bucket_of(std::uint64_t value) {
    if (value < kPerPower) return static_cast<std::uint32_t>(value);
    const int shift = static_cast<int>(std::bit_width(value)) - 1 - kBits;
    return (static_cast<std::uint32_t>(shift) << kBits) + static_cast<std::uint32_t>(value >> shift);
  }
  static Nanos middle_of(std::uint32_t bucket) {
    if (bucket < kPerPower) return Nanos(static_cast<Nanos::rep>(bucket));
    const std::uint32_t shift = (bucket >> kBits) - 1;
    const std::uint64_t begin = (kPerPower + (bucket & (kPerPower - 1))) << shift;
    return Nanos(static_cast<Nanos::rep>(begin + (std::uint64_t{1} << shift) / 2));
  }

  std::vector<Counted> counts_;  // in order; only buckets that have any: most threads live too briefly to fill many
  std::uint64_t count_ = 0;
  Nanos total_{0};
  Nanos longest_{0};
};

}  // namespace gilspy
