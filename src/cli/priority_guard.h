#pragma once

#include <chrono>
#include <utility>

#include "gilspy/ids.h"
#include "gilspy/platform.h"

namespace gilspy::cli {

// Lets a thread run above the target's priority so that a busy machine does not make us late, but never at its expense:
// a sampler that works without a pause, or takes a large part of a CPU, goes back to normal.
//
// To be made before rights are given up: to raise it takes one (CAP_SYS_NICE), to lower it none.
class PriorityGuard {
 public:
  explicit PriorityGuard(double rate_hz) : raised_(rate_hz > 0 && rate_hz <= kHighestRateHz) {
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
  static constexpr double kHighestRateHz = 4000;
  static constexpr Nanos kCheckEvery = std::chrono::milliseconds(250);

  void lower() {
    if (std::exchange(raised_, false)) platform::restore_priority();
  }
  bool raised_;
  Nanos since_{0};
  Nanos cpu_{0};
};

}  // namespace gilspy::cli
