// What a Classifier and an Aggregator take for granted of the samples that a Sampler takes, asked of those in a file.
#pragma once

#include <cstdint>
#include <vector>

#include "gilspy/run.h"
#include "gilspy/sample.h"

namespace gilspy::recording {

class SampleCheck {
 public:
  // Times of all processes of a recording: their sums must not overflow.
  struct Sums {
    double thread_time = 0;
    double short_times = 0;
  };
  explicit SampleCheck(Sums& sums) : sums_(sums) {}  // which must outlive it

  // To be asked of every sample in order, and of every update. `stacks`: how many there are by then.
  bool accepts(const Sample& sample, std::size_t stacks);
  bool accepts(const RunUpdate& update) const;

 private:
  struct Thread {
    GilIndex gil{};
    bool python = true;
    bool alive = false;
  };

  bool take_time(const Sample& sample);
  bool take_started(const ThreadInfo& info, const Sample& sample);
  bool take_handoff(const Handoff& handoff, const Sample& sample) const;
  bool take_facts(const ThreadFacts& facts, std::size_t stacks);
  bool take_short(Nanos time);
  bool is_known(const GilFacts& gil) const;
  bool is_known(const LockOwner& change) const;
  void set_alive(Thread& thread, bool alive);

  std::vector<Thread> threads_;  // by ThreadIndex
  std::size_t gils_ = 0;
  std::size_t locks_ = 0;
  std::uint64_t alive_ = 0;
  bool any_ = false;
  Nanos last_{0};
  Sums& sums_;
};

}  // namespace gilspy::recording
