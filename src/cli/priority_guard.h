#pragma once

#include <chrono>
#include <utility>

#include "gilspy/ids.h"
#include "gilspy/platform.h"

namespace gilspy::cli {

// Runs above the target's priority so that a busy machine does not make us late, but never at its expense: a sampler
// that works without a pause, or takes a large part of a CPU, goes back to normal.
class PriorityGuard {
 public:
  explicit PriorityGuard(Nanos period) : raised_(period >= kShortestPeriod) {
    if (raised_) platform::raise_priority();
  }
  ~PriorityGuard() { lower(); }
  PriorityGuard(const PriorityGuard&) = delete;
  PriorityGuard& operator=(const PriorityGuard&) = delete;

  void check(Nanos now) {
    if (!raised_ || now - since_ < kCheckEvery) return;
    const Nanos cpu = platform::thread_cpu_time();  // others of our threads have a usual priority
    const bool measured = since_.count() != 0;
    if (measured && double((cpu - cpu_).count()) > kMostOfACpu * double((now - since_).count())) lower();
    since_ = now;
    cpu_ = cpu;
  }

 private:
  static constexpr double kMostOfACpu = 0.25;
  static constexpr Nanos kShortestPeriod = std::chrono::microseconds(250);
  static constexpr Nanos kCheckEvery = std::chrono::milliseconds(250);

  void lower() {
    if (std::exchange(raised_, false)) platform::restore_priority();
  }
  bool raised_;
  Nanos since_{0};
  Nanos cpu_{0};
};

}  // namespace gilspy::cli
