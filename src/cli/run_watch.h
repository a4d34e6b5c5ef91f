// Notices what a run tells beside its samples: gathers a RunUpdate.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "cpu_meter.h"
#include "gilspy/run.h"
#include "gilspy/sample.h"
#include "gilspy/sampler.h"

namespace gilspy::cli {

class RunWatch {
 public:
  void look_at_cpu(Target& target, Nanos now) { cpu_.look(target, now); }
  void count_late() { ++late_; }
  void count_glance() { ++glances_; }
  void add(const Sample& sample);  // every one

  // What is so by now; of threads and interpreters, what was not told before.
  RunUpdate take(const Sampler& sampler);

 private:
  std::vector<ThreadInfo> better_known(const Sampler& sampler);
  std::vector<InterpreterInfo> new_interpreters(const Sampler& sampler);

  CpuMeter cpu_;
  std::uint64_t late_ = 0;
  std::uint64_t glances_ = 0;
  std::unordered_map<std::uint32_t, ThreadInfo> told_;  // threads that live, or did at the last take()
  std::vector<ThreadIndex> ended_;                      // since then
  std::size_t interpreters_told_ = 0;
  std::size_t gils_ = 0;  // that samples have told of
};

}  // namespace gilspy::cli
