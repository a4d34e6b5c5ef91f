// A sampler on a CPython in miniature, one tick a millisecond.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "gilspy/sampler.h"
#include "tests/unit/fake_python.h"

namespace gilspy {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""us;

class SamplerTest : public ::testing::Test {
 protected:
  SamplerTest() = default;
  explicit SamplerTest(const RuntimeLayout& layout) : python_(layout) {}

  FakePython python_;
  RemoteAddr root_ = python_.add_function("root", 1);
  std::vector<FakePython::Thread> threads_;
  StackTable stacks_;
  std::unique_ptr<Sampler> sampler_;
  Sample sample_;
  std::vector<ThreadInfo> known_;  // everybody who started
  Nanos now_ = std::chrono::seconds(50);
  Stopping stopping_ = Stopping::kNever;

  void start(int count) {
    for (int i = 0; i < count; ++i) {
      threads_.push_back(python_.add_thread(static_cast<std::uint64_t>(i + 1), Tid{100 + i}));
      python_.set_stack(threads_.back(), {{root_, 0}});
      if (i > 0) python_.target.set_syscall(threads_.back().tid, {SyscallFacts::State::kInSyscall, 1, 0});
    }
    python_.hold_gil(threads_[0], 1);
    start_sampler();
  }
  void start_sampler() {
    auto made = sample::make_sampler(python_.target, python_.location, python_.layout, stacks_, stopping_);
    ASSERT_TRUE(made.has_value()) << made.error().message();
    sampler_ = std::move(*made);
    tick();
  }

  Result<void> try_tick() {
    now_ += 1ms;
    sample_.period = 1ms;
    python_.target.clear_reads();
    auto ticked = sampler_->tick(now_, sample_);
    if (ticked.has_value() && !sample_.failed) {
      known_.insert(known_.end(), sample_.started.begin(), sample_.started.end());
    }
    return ticked;
  }
  void tick() {
    const auto ticked = try_tick();
    ASSERT_TRUE(ticked.has_value()) << ticked.error().message();
  }

  bool stack_was_read(std::size_t thread) const { return python_.target.was_read(threads_[thread].chunk); }
  const ThreadFacts* facts(std::uint32_t thread) const {
    const auto found = std::ranges::find(sample_.threads, ThreadIndex{thread}, &ThreadFacts::thread);
    return found == sample_.threads.end() ? nullptr : &*found;
  }
  std::uint32_t index_of_tid(Tid tid) const {
    const auto found = std::ranges::find(known_, tid, &ThreadInfo::tid);
    EXPECT_NE(found, known_.end()) << to_int(tid);
    return found == known_.end() ? 0 : to_int(found->index);
  }
};

}  // namespace gilspy
