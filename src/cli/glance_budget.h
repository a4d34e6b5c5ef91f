// How often to look at the GILs alone between two ticks: as often as asked, but for a small share of one CPU.
#pragma once

#include <algorithm>
#include <cstdint>

#include "gilspy/ids.h"

namespace gilspy::cli {

class GlanceBudget {
 public:
  explicit GlanceBudget(double rate_hz) : rate_hz_(rate_hz) {}

  // Looks that are due in the `time` until the next tick; called once a tick.
  std::int64_t plan(Nanos time) {
    const double window = double(time.count());
    saved_ = std::min(saved_ + kShare * window, std::max(kMostTicksSaved * kShare * window, 2 * cost_));
    const double wanted = rate_hz_ * window / 1e9;
    const auto planned = static_cast<std::int64_t>(std::clamp(saved_ / cost_, 0.0, wanted));
    saved_ -= double(planned) * cost_;
    return planned;
  }

  // Some looks are measured, waking up for them included.
  bool measures_next() { return next_measured_++ % kMeasureEvery == 0; }
  void add_cost(Nanos cpu) {
    const double measured = std::max(double(cpu.count()), 1.0);
    cost_ += (measured - cost_) / kSmoothing;
  }

 private:
  static constexpr double kShare = 0.005;  // of one CPU
  static constexpr double kMostTicksSaved = 4;
  static constexpr unsigned kMeasureEvery = 16;
  static constexpr double kSmoothing = 8;

  double rate_hz_;
  double cost_ = 30e3;  // nanoseconds; a guess, rather too high, until it is measured
  double saved_ = 0;    // nanoseconds of CPU time
  unsigned next_measured_ = 0;
};

}  // namespace gilspy::cli
