// Free-threaded builds: without a GIL the threads' own words say who may have run.
#include "src/layout/tables/cpython_3_13t.h"
#include "tests/unit/sampler_fixture.h"

namespace gilspy {
namespace {

constexpr std::int32_t kDetached = 0, kAttached = 1, kSuspended = 2;

class FreeThreads : public SamplerTest {
 protected:
  FreeThreads() : SamplerTest(layout::tables::kCpython313t) {}

  // Threads by their place in `threads_`; the first tick has met them.
  void start_attached(int count, const std::vector<std::size_t>& attached) {
    for (int i = 0; i < count; ++i) {
      threads_.push_back(python_.add_thread(static_cast<std::uint64_t>(i + 1), Tid{100 + i}));
      python_.set_stack(threads_.back(), {{root_, 0}});
    }
    for (const std::size_t thread : attached) attach(thread);
    start_sampler();
  }
  void attach(std::size_t thread, std::int32_t state = kAttached) {
    python_.set_attach_state(threads_.at(thread), state);
  }
  std::uint32_t index(std::size_t thread) const { return index_of_tid(threads_.at(thread).tid); }
  AttachState told(std::size_t thread) const {
    const ThreadFacts* const known = facts(index(thread));
    return known == nullptr ? AttachState::kNotRead : known->attach_state;
  }
  bool os_was_read(std::size_t thread) const {
    const ThreadFacts* const known = facts(index(thread));
    return known != nullptr && known->os_read;
  }
  std::size_t threads_read() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < threads_.size(); ++i) count += stack_was_read(i) ? 1U : 0U;
    return count;
  }
};

TEST_F(FreeThreads, WithoutAGilNobodyHoldsIt) {
  start(3);  // the words say that one of them did once
  ASSERT_EQ(sample_.gils.size(), 1U);
  EXPECT_FALSE(sample_.gils[0].enabled);
  EXPECT_FALSE(sample_.gils[0].locked);
}

TEST_F(FreeThreads, AttachStatesAreToldWhenTheyChange) {
  start_attached(3, {0});
  EXPECT_EQ(told(0), AttachState::kAttached);
  EXPECT_EQ(told(1), AttachState::kDetached);
  tick();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(told(i), AttachState::kNotRead) << i;
  attach(1);
  attach(0, kSuspended);
  tick();
  EXPECT_EQ(told(0), AttachState::kSuspended);
  EXPECT_EQ(told(1), AttachState::kAttached);
  EXPECT_EQ(told(2), AttachState::kNotRead);
  attach(0, 4);  // 3.15 tells apart why a thread stands still
  attach(1, 3);
  tick();
  EXPECT_EQ(told(0), AttachState::kNotRead) << "still suspended";
  EXPECT_EQ(told(1), AttachState::kDetached);
}

TEST_F(FreeThreads, StacksOfAttachedThreadsAreReadAtEveryTick) {
  start_attached(6, {1, 4});
  for (int i = 0; i < 3; ++i) {
    tick();
    for (std::size_t t = 0; t < threads_.size(); ++t) EXPECT_EQ(stack_was_read(t), t == 1 || t == 4) << t;
  }
}

TEST_F(FreeThreads, ADetachedThreadIsReadAgainWhenItHasRun) {
  start_attached(3, {0});
  tick();
  EXPECT_FALSE(stack_was_read(1));
  python_.set_stack(threads_[1], {{root_, 0}, {root_, 2}});  // attached and detached between two ticks
  tick();
  EXPECT_TRUE(stack_was_read(1));
  EXPECT_TRUE(os_was_read(1)) << "it may wait for something else now";
  EXPECT_EQ(stacks_.frames_of(facts(index(1))->stack).size(), 2U);
  tick();
  EXPECT_FALSE(stack_was_read(1));
}

TEST_F(FreeThreads, AThreadThatDetachesIsLookedAtOnceMore) {
  start_attached(3, {0, 1});
  tick();
  attach(1, kDetached);
  python_.target.set_syscall(threads_[1].tid, {SyscallFacts::State::kInSyscall, 0, 0});
  tick();
  EXPECT_TRUE(stack_was_read(1));
  ASSERT_TRUE(os_was_read(1));
  EXPECT_EQ(facts(index(1))->os, SyscallFacts::State::kInSyscall);
}

// Native code that blocks and did not detach: found on a budget, though many others compute natively, and then watched
// until it runs on.
TEST_F(FreeThreads, AnAttachedThreadThatIsBlockedIsWatched) {
  start_attached(40, {7});
  python_.target.set_syscall(threads_[7].tid, {SyscallFacts::State::kInSyscall, 35, 0});
  const auto told_within = [this](SyscallFacts::State os, int ticks) {
    for (int i = 0; i < ticks; ++i) {
      tick();
      if (os_was_read(7) && facts(index(7))->os == os) return true;
    }
    return false;
  };
  EXPECT_TRUE(told_within(SyscallFacts::State::kInSyscall, 40));
  python_.target.set_syscall(threads_[7].tid, {SyscallFacts::State::kRunning, -1, 0});
  EXPECT_TRUE(told_within(SyscallFacts::State::kRunning, 4));
}

TEST_F(FreeThreads, TooManyAttachedThreadsTakeTurns) {
  std::vector<std::size_t> all(100);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  start_attached(100, all);
  std::vector<int> reads(all.size(), 0);
  for (int i = 0; i < 8; ++i) {
    tick();
    EXPECT_LE(threads_read(), 32U);
    for (std::size_t t = 0; t < all.size(); ++t) reads[t] += stack_was_read(t) ? 1 : 0;
  }
  EXPECT_GE(*std::ranges::min_element(reads), 2);
  EXPECT_LE(*std::ranges::max_element(reads), 3);
}

TEST_F(FreeThreads, OfVeryManyThreadsNobodyIsForgotten) {
  start_attached(600, {3});
  attach(555);
  bool seen = false;
  for (int i = 0; i < 4 && !seen; ++i) {
    tick();
    EXPECT_TRUE(stack_was_read(3)) << "whoever was attached is looked at every time";
    seen = told(555) == AttachState::kAttached;
  }
  EXPECT_TRUE(seen);
}

TEST_F(FreeThreads, AThreadStateThatIsGoneCostsNobodyElse) {
  start_attached(4, {0, 1, 2, 3});
  attach(0, kDetached);
  attach(3, kDetached);
  python_.target.memory.remove(threads_[1].state, python_.layout.thread.size);
  ASSERT_TRUE(try_tick().has_value());
  EXPECT_EQ(told(0), AttachState::kDetached);
  EXPECT_EQ(told(3), AttachState::kDetached);
}

TEST_F(FreeThreads, AnAttachedThreadsLostStackIsCounted) {
  start_attached(2, {1});
  EXPECT_FALSE(sample_.holder_stack_lost);
  python_.target.memory.remove(threads_[1].chunk, FakePython::kChunkSize);
  tick();
  EXPECT_TRUE(sample_.holder_stack_lost);
}

TEST_F(FreeThreads, WithItsGilOnItIsReadLikeAnyOther) {
  python_.enable_gil(true);
  start(10);
  EXPECT_TRUE(sample_.gils[0].enabled);
  EXPECT_TRUE(sample_.gils[0].locked);
  EXPECT_EQ(sample_.gils[0].switch_interval, 5ms) << "the word lies behind `enabled`";
  python_.hold_gil(threads_[7], 2);
  attach(7);
  tick();
  EXPECT_EQ(sample_.gils[0].handoffs, 1U);
  EXPECT_EQ(to_int(*sample_.gils[0].last_holder), index(7));
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    EXPECT_EQ(stack_was_read(i), i == 0 || i == 7) << i;
    EXPECT_EQ(told(i), AttachState::kNotRead) << i;
  }
}

// Importing an extension module turns the GIL on, and off again where the module can do without.
TEST_F(FreeThreads, TheGilCanComeAndGo) {
  start_attached(3, {0, 1});
  python_.enable_gil(true);
  python_.hold_gil(threads_[1], 1);
  python_.target.set_syscall(threads_[1].tid, {SyscallFacts::State::kInSyscall, 35, 0});
  for (int i = 0; i < 2; ++i) {
    tick();
    EXPECT_TRUE(sample_.gils[0].enabled);
    EXPECT_TRUE(stack_was_read(1));
    ASSERT_TRUE(os_was_read(1)) << "a holder is looked at, though it was attached when there was no GIL";
    EXPECT_EQ(facts(index(1))->os, SyscallFacts::State::kInSyscall);
  }
  EXPECT_FALSE(stack_was_read(0));
  python_.enable_gil(false);
  tick();
  EXPECT_FALSE(sample_.gils[0].enabled);
  EXPECT_FALSE(sample_.gils[0].locked);
  EXPECT_EQ(told(0), AttachState::kAttached) << "nothing was said of it while there was a GIL";
  EXPECT_EQ(told(1), AttachState::kAttached);
  EXPECT_TRUE(stack_was_read(0));
}

}  // namespace
}  // namespace gilspy
