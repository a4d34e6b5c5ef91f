// Unwinds and names the native stacks of samples on a thread of its own, and merges them with Python's frames on the
// one that calls: samples go in, and come out in the same order when they are complete.
//
//   sampler -> submit() -> [worker: unwind, name] -> take() -> classify, record
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/layout.h"
#include "gilspy/native.h"
#include "gilspy/sample.h"
#include "gilspy/stacks.h"
#include "gilspy/target.h"

namespace gilspy::native {

class NativeRun {
 public:
  // `interpreter`: the path of the mapping with CPython's functions. Target, layout and stacks must outlive it.
  NativeRun(Target& target, const RuntimeLayout& layout, std::string interpreter, NativeFrames which,
            StackTable& stacks);
  ~NativeRun();
  NativeRun(const NativeRun&) = delete;
  NativeRun& operator=(const NativeRun&) = delete;

  void submit(Sample sample);
  // The next one that is complete; with `wait` none only if there are no more.
  std::optional<Sample> take(bool wait);
  // So many wait that the next one should, too.
  bool is_full() const { return samples_.size() >= kMostSamples; }

 private:
  static constexpr std::size_t kMostSamples = 256;
  class Worker;

  void finish(Sample& sample);
  void learn_outer_part(ThreadIndex thread, StackId merged);
  StackId with_outer_part(ThreadIndex thread, StackId stack);
  bool is_done(const Sample& sample) const;

  NativeFrames which_;
  StackTable& stacks_;
  std::deque<Sample> samples_;
  // What each thread was in before it came to Python: that stays as it is for as long as the thread lives.
  std::unordered_map<std::uint32_t, std::vector<FrameId>> outer_parts_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace gilspy::native
