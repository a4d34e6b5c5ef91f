// The target's CPU time between the first and the last look at it.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "gilspy/run.h"
#include "gilspy/target.h"

namespace gilspy::cli {

class CpuMeter {
 public:
  void look(Target& target, Nanos now) {
    const auto cpu = target.cpu_time();
    if (!cpu.has_value()) return;
    last_ = {now, *cpu};
    if (!first_.has_value()) first_ = last_;
    untold_.push_back(*last_);
  }
  std::optional<CpuReading> first() const { return first_; }
  std::optional<CpuReading> last() const { return last_; }
  // Those since this was asked before.
  std::vector<CpuReading> take() { return std::exchange(untold_, {}); }

 private:
  std::optional<CpuReading> first_, last_;
  std::vector<CpuReading> untold_;
};

}  // namespace gilspy::cli
