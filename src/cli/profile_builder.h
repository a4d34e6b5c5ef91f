// From samples to a profile: of a run that goes on, and of a recording of one.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "gilspy/activity.h"
#include "gilspy/aggregate.h"
#include "gilspy/profile.h"
#include "gilspy/run.h"
#include "gilspy/sample.h"

namespace gilspy::cli {

class ProfileBuilder {
 public:
  void begin(RunFacts facts) { facts_ = std::move(facts); }
  void add(const Sample& sample);
  void update(const RunUpdate& update);
  // `end_note`: why it ended before it was asked to; else empty.
  Profile finish(StackTable table, std::string end_note);

 private:
  Nanos cpu_time(Nanos duration) const;
  std::vector<CpuUse> cpu_steps() const;
  void describe_target(Profile& profile) const;

  RunFacts facts_;
  RunUpdate latest_;
  std::vector<CpuReading> cpu_;
  Nanos period_{0};
  std::optional<Nanos> first_tick_;
  Classifier classifier_;
  Aggregator aggregator_;
  std::unordered_map<std::uint32_t, ThreadInfo> better_known_;
  std::vector<InterpreterInfo> interpreters_;
};

}  // namespace gilspy::cli
