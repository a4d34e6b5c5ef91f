// A run of gilspy: what a profile says beyond its samples. Samples and these are all that a profile is made from,
// whether they come from a process or from a recording.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/locate.h"
#include "gilspy/profile.h"
#include "gilspy/sample.h"
#include "gilspy/sampler.h"
#include "gilspy/target.h"

namespace gilspy {

// Known when the run begins.
struct RunFacts {
  std::string gilspy_version;
  ProcessIdentity identity;
  PythonVersion python;
  bool free_threaded = false;
  CpuFacts cpus;
  double rate_hz = 0;  // asked; 0: as fast as possible
  bool system_calls_told = true;
  Nanos wall_minus_clock{0};  // what to add to Sample::time to get the time since 1970
  std::string stopping;       // when threads were stopped to read them: "never", "to complete", "always"
  std::string gil_set_by;     // as in TargetFacts
};

struct CpuReading {
  Nanos at{0};   // CLOCK_MONOTONIC
  Nanos cpu{0};  // of the whole process since it started

  bool operator==(const CpuReading&) const = default;
};

// Told now and then while the run lasts, and at its end.
struct RunUpdate {
  std::uint64_t late = 0;                      // so far: ticks more than one period late
  Spread lateness;                             // so far: how late those were
  std::optional<CpuReading> first_cpu;         // of the run
  std::optional<CpuReading> last_cpu;          // so far
  std::vector<CpuReading> cpu;                 // in order, those since the update before
  std::uint64_t glances = 0;                   // so far: looks at the GILs alone between ticks
  SelfCost self;                               // so far
  std::vector<ThreadInfo> threads;             // those that are known better than when they were told last: names
  std::vector<InterpreterInfo> interpreters;   // seen since the update before
  CpuPressure pressure;                        // so far
  std::vector<std::string> extension_modules;  // so far, as in TargetFacts
};

}  // namespace gilspy
