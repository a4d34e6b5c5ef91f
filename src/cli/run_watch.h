// Notices what a run tells beside its samples: gathers a RunUpdate.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "cpu_meter.h"
#include "gilspy/distribution.h"
#include "gilspy/run.h"
#include "gilspy/sample.h"
#include "gilspy/sampler.h"
#include "pressure_meter.h"

namespace gilspy::cli {

class RunWatch {
 public:
  explicit RunWatch(bool free_threaded = false) : free_threaded_(free_threaded) {}

  void look_at_cpu(Target& target, Nanos now) { cpu_.look(target, now); }
  // Beyond that: CPUs it is kept from, and what may have turned on a GIL that need not be there. For now and then.
  void look_around(Target& target, Nanos now);
  void count_late(Nanos by) { lateness_.add(by); }
  void count_glance() { ++glances_; }
  void add(const Sample& sample);  // every one

  // What is so by now; of threads and interpreters, what was not told before.
  RunUpdate take(const Sampler& sampler);

 private:
  std::vector<ThreadInfo> better_known(const Sampler& sampler);
  std::vector<InterpreterInfo> new_interpreters(const Sampler& sampler);

  CpuMeter cpu_;
  PressureMeter pressure_;
  std::vector<std::string> extension_modules_;
  bool free_threaded_ = false;
  bool gil_enabled_ = false;  // in the last sample
  Distribution lateness_;     // of ticks that were late
  std::uint64_t glances_ = 0;
  std::unordered_map<std::uint32_t, ThreadInfo> told_;  // threads that live, or did at the last take()
  std::vector<ThreadIndex> ended_;                      // since then
  std::size_t interpreters_told_ = 0;
  std::size_t gils_ = 0;  // that samples have told of
};

}  // namespace gilspy::cli
