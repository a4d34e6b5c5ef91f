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
  SampleBuilder& start(std::uint32_t index, GilIndex gil = GilIndex{0}) {
    ThreadInfo info;
    info.gil = gil;
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

inline ThreadFacts attach_facts(std::uint32_t thread, AttachState state) {
  ThreadFacts facts;
  facts.thread = ThreadIndex{thread};
  facts.attach_state = state;
  return facts;
}

inline ThreadFacts dormant_facts(std::uint32_t thread, bool dormant) {
  ThreadFacts facts;
  facts.thread = ThreadIndex{thread};
  facts.dormant = dormant;
  return facts;
}

inline GilFacts held_by(std::optional<std::uint32_t> thread) {
  GilFacts gil;
  gil.locked = thread.has_value();
  if (thread.has_value()) gil.last_holder = ThreadIndex{*thread};
  gil.switch_interval = std::chrono::milliseconds(5);
  return gil;
}

inline GilFacts with_waiters(GilFacts gil, std::uint32_t count) {
  gil.cond_waiters = count;
  return gil;
}

// A free-threaded build that runs without its GIL.
inline GilFacts no_gil() {
  GilFacts gil;
  gil.enabled = false;
  return gil;
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
