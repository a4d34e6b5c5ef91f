// A sampler on a fake target, whose samples are checked: what they name must exist, and a tick must end and stay small.
#pragma once

#include <memory>
#include <string_view>

#include "gilspy/sampler.h"
#include "platform/replay/fake_target.h"

namespace gilspy::fuzz {

// The reads of one step. None of a healthy process with a few threads takes a thousandth of it.
inline std::string_view complaint_about(std::span<const FakeTarget::Read> reads) {
  constexpr std::size_t kMostReads = 300'000;
  constexpr std::size_t kMostBytes = std::size_t{1} << 28;
  std::size_t bytes = 0;
  for (const FakeTarget::Read& read : reads) bytes += read.size;
  if (reads.size() > kMostReads) return "it reads on and on";
  return bytes > kMostBytes ? "it reads too much" : "";
}

class Sampled {
 public:
  // All of them must outlive it.
  Sampled(FakeTarget& target, const RuntimeLocation& location, const RuntimeLayout& layout) : target_(target) {
    auto made = sample::make_sampler(target_, location, layout, stacks_);
    if (made.has_value()) sampler_ = std::move(*made);
  }

  // False: the sampler says that it is over, or there is something to complain about.
  bool tick(Nanos later) {
    if (!sampler_) return false;
    target_.clear_reads();
    sampler_->glance(now_ + later / 2);
    now_ += later;
    const bool goes_on = sampler_->tick(now_, sample_).has_value();
    complaint_ = complaint_about(target_.reads());
    if (goes_on && known_ > 0) look_at_variables(static_cast<ThreadIndex>(turn_++ % known_));
    if (goes_on && !sample_.failed) check();
    return goes_on && complaint_.empty();
  }

  std::string_view complaint() const { return complaint_; }

 private:
  void require(bool condition, std::string_view otherwise) {
    if (!condition) complaint_ = otherwise;
  }

  // As repr() writes them, however they fall apart: short, and no more frames than the stack has.
  void look_at_variables(ThreadIndex thread) {
    target_.clear_reads();
    const StackVariables found = sampler_->variables(thread, VariableDetail::kFull);
    if (complaint_.empty()) complaint_ = complaint_about(target_.reads());
    require(found.frames.size() == stacks_.frames_of(found.stack).size(), "frames without a stack");
    for (const FrameVariables& frame : found.frames) {
      for (const ShownVariable& variable : frame.variables) {
        require(variable.value.size() < 20'000, "a value without an end");
      }
    }
  }

  void check() {
    for (const ThreadInfo& info : sample_.started) {
      require(to_int(info.index) <= known_, "a thread's number is not the next one");
      if (to_int(info.index) == known_) ++known_;
    }
    for (const GilFacts& gil : sample_.gils) {
      require(!gil.last_holder || to_int(*gil.last_holder) < known_, "a holder that nobody met");
    }
    for (const Handoff& handoff : sample_.handoffs) {
      require(!handoff.to || to_int(*handoff.to) < known_, "a hand-off to somebody whom nobody met");
      require(to_int(handoff.gil) < sample_.gils.size(), "a hand-off of a GIL that is not there");
      require(handoff.after <= handoff.by && handoff.by <= sample_.time, "a hand-off out of order");
    }
    for (const ThreadFacts& facts : sample_.threads) {
      require(to_int(facts.thread) < known_, "facts of a thread that nobody met");
      require(to_int(facts.stack) < stacks_.stack_count(), "a stack that is not in the table");
      if (to_int(facts.thread) >= known_) continue;
      const ThreadInfo& info = sampler_->thread(facts.thread);
      require(!info.python || to_int(info.gil) < sample_.gils.size(), "a GIL that is not there");
    }
  }

  FakeTarget& target_;
  StackTable stacks_;
  std::unique_ptr<Sampler> sampler_;
  Sample sample_;
  std::uint32_t known_ = 0;
  std::uint32_t turn_ = 0;
  std::string_view complaint_;
  Nanos now_ = std::chrono::seconds(50);
};

}  // namespace gilspy::fuzz
