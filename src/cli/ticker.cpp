#include "ticker.h"

#include <algorithm>

namespace gilspy::cli {

Ticker::Ticker(double rate_hz, Nanos start) : start_(start) {
  if (rate_hz > 0) period_ = std::max(Nanos(static_cast<std::int64_t>(1e9 / rate_hz)), Nanos(1));
}

Nanos Ticker::next(Nanos now) {
  if (period_.count() == 0) return now;
  slot_ = std::max(slot_ + 1, (now - start_) / period_ + 1);
  std::uniform_int_distribution<std::int64_t> jitter(-period_.count() / 4, period_.count() / 4);
  return start_ + slot_ * period_ + Nanos(jitter(random_));
}

}  // namespace gilspy::cli
