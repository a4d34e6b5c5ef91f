// Samples for tests, without a process.
#pragma once

#include <map>
#include <vector>

#include "gilspy/activity.h"
#include "gilspy/sample.h"

namespace gilspy {

class SampleBuilder {
 public:
  SampleBuilder& at(int millisecond) {
    sample_ = Sample{};
    sample_.time = std::chrono::seconds(100) + std::chrono::milliseconds(millisecond);
    sample_.period = std::chrono::milliseconds(1);
    return *this;
  }
  SampleBuilder& gil(const GilFacts& facts) {
    sample_.gils.push_back(facts);
    return *this;
  }
  SampleBuilder& start(std::uint32_t index) {
    ThreadInfo info;
    info.index = ThreadIndex{index};
    info.tid = Tid{static_cast<std::int32_t>(1000 + index)};
    info.interpreter_id = 0;
    sample_.started.push_back(info);
    return *this;
  }
  Sample take() { return std::move(sample_); }

 private:
  Sample sample_;
};

inline ThreadFacts os_facts(std::uint32_t thread, SyscallFacts::State os, WaitPlace place = WaitPlace::kNone) {
  ThreadFacts facts;
  facts.thread = ThreadIndex{thread};
  facts.os_read = true;
  facts.os = os;
  facts.place = place;
  return facts;
}

// What every thread does, kept up to date from changes.
class ActivityBook {
 public:
  void apply(const std::vector<ActivityChange>& changes) {
    for (const ActivityChange& change : changes) activities_[to_int(change.thread)] = change.activity;
  }
  Activity of(std::uint32_t thread) const { return activities_.at(thread); }

 private:
  std::map<std::uint32_t, Activity> activities_;
};

}  // namespace gilspy
