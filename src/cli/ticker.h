// When to take the next sample.
#pragma once

#include <cstdint>
#include <random>

#include "gilspy/ids.h"

namespace gilspy::cli {

// Deadlines on an absolute grid, each moved by up to a quarter of a period: the target's own rhythm (a switch interval
// of 5 ms) cannot fall into step with ours. Deadlines that were missed are skipped, never made up for in a burst.
class Ticker {
 public:
  Ticker(double rate_hz, Nanos start);

  Nanos period() const { return period_; }  // 0: no waiting at all
  // The next deadline after `now`.
  Nanos next(Nanos now);

 private:
  Nanos start_;
  Nanos period_{0};
  std::int64_t slot_ = 0;
  std::minstd_rand random_{20'250'211};
};

}  // namespace gilspy::cli
