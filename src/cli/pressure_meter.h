// How the kernel keeps the target from CPUs: run queues and throttling, since the first look.
#pragma once

#include <optional>
#include <unordered_map>

#include "gilspy/platform.h"
#include "gilspy/target.h"

namespace gilspy::cli {

class PressureMeter {
 public:
  // Reads a file for each thread, of at most some hundreds of them: for once a second.
  void look(Target& target, Nanos now);
  const CpuPressure& so_far() const { return so_far_; }

 private:
  void look_at_queues(Target& target);
  void look_at_quota(Pid pid);

  CpuPressure so_far_;
  std::optional<Nanos> first_;
  std::unordered_map<std::int32_t, Nanos> queued_;  // by thread, as of the last look
  std::optional<platform::Throttling> throttling_;  // as of the first look
  bool has_quota_ = true;
};

}  // namespace gilspy::cli
