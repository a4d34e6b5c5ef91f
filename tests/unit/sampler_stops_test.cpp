// Whom the sampler stops for a read, when, and for how long.
#include "tests/unit/sampler_fixture.h"

namespace gilspy {
namespace {

using Tids = std::vector<Tid>;

class SamplerStopsTest : public SamplerTest {
 protected:
  void start_blocking(int count, Stopping stopping = Stopping::kAlways) {
    stopping_ = stopping;
    start(count);
    stops_at_start_ = python_.target.stops().size();
  }
  // Those since the first tick.
  std::vector<Tids> stops() const {
    const auto& all = python_.target.stops();
    return {all.begin() + static_cast<std::ptrdiff_t>(stops_at_start_), all.end()};
  }
  std::size_t times_read(std::size_t thread) const {
    const auto& reads = python_.target.reads();
    const auto of_thread = [&](const FakeTarget::Read& read) { return read.from == threads_[thread].chunk; };
    return static_cast<std::size_t>(std::ranges::count_if(reads, of_thread));
  }
  // Thread 0 calls and returns all the time: between any two reads of its thread state another function is on top.
  void keep_thread_0_busy() {
    const RemoteAddr a = python_.add_function("a", 10);
    const RemoteAddr b = python_.add_function("b", 20);
    python_.target.on_read([=, this, calls = 0](const FakeTarget::Read& read) mutable {
      if (read.from != threads_[0].state || python_.target.anybody_stands()) return;
      python_.set_stack(threads_[0], {{root_, 0}, {++calls % 2 == 0 ? a : b, 0}});
    });
  }

 private:
  std::size_t stops_at_start_ = 0;
};

TEST_F(SamplerStopsTest, NobodyIsStoppedUnlessAskedFor) {
  start(3);
  tick();
  EXPECT_TRUE(python_.target.stops().empty());
  EXPECT_EQ(sample_.pause, Nanos{0});
}

TEST_F(SamplerStopsTest, TheHolderAloneIsStoppedAndReadOnce) {
  start_blocking(5);
  tick();
  EXPECT_EQ(stops(), std::vector<Tids>{{Tid{100}}});
  EXPECT_EQ(times_read(0), 1U);
  EXPECT_GT(sample_.pause, Nanos{0});
  EXPECT_FALSE(python_.target.anybody_stands());
}

TEST_F(SamplerStopsTest, WhoNeedsTheGilStandsStillToo) {
  start_blocking(5);
  python_.hold_gil(threads_[0], 9);  // many hand-offs: everybody's stack is out of date
  tick();
  for (std::size_t thread = 0; thread < 5; ++thread) EXPECT_EQ(times_read(thread), 1U) << thread;
}

TEST_F(SamplerStopsTest, ABlockedHolderIsNotInterrupted) {
  start_blocking(2);
  python_.target.set_syscall(Tid{100}, {SyscallFacts::State::kInSyscall, 35, 0});
  tick();
  EXPECT_TRUE(stops().empty());
  EXPECT_EQ(sample_.threads.front().quality, StackQuality::kWhole);
}

// The kernel calls it blocked until its CPU hears that it may go on.
TEST_F(SamplerStopsTest, WhoWasLetGoRunsUntilTheKernelKnows) {
  using Os = SyscallFacts::State;
  start_blocking(2);
  const auto os_of_the_holder = [this](Os state) {
    python_.target.on_stop([this, state](std::span<const Tid>) {
      python_.target.set_syscall(Tid{100}, {state, -1, 0});
    });
    tick();
    const auto facts = std::ranges::find(sample_.threads, ThreadIndex{0}, &ThreadFacts::thread);
    return facts != sample_.threads.end() && facts->os_read ? facts->os : Os::kUnreadable;
  };
  EXPECT_EQ(os_of_the_holder(Os::kElsewhere), Os::kRunning);
  EXPECT_EQ(os_of_the_holder(Os::kElsewhere), Os::kRunning);
  python_.target.set_syscall(Tid{100}, {Os::kRunning, -1, 0});
  EXPECT_EQ(os_of_the_holder(Os::kInSyscall), Os::kInSyscall);
  python_.target.set_syscall(Tid{100}, {Os::kElsewhere, -1, 0});
  EXPECT_EQ(os_of_the_holder(Os::kElsewhere), Os::kElsewhere) << "a page fault";
}

TEST_F(SamplerStopsTest, NobodyIsStoppedWhenNobodyHoldsTheGil) {
  start_blocking(2);
  python_.target.memory.put(FakePython::kGil + python_.layout.gil.locked, std::int32_t{0});
  tick();
  EXPECT_TRUE(stops().empty());
}

TEST_F(SamplerStopsTest, WhoGotTheGilBeforeItsHolderStoodIsStoppedInstead) {
  start_blocking(3);
  python_.target.set_syscall(Tid{101}, {SyscallFacts::State::kRunning, -1, 0});
  python_.target.on_stop([this, first = true](std::span<const Tid>) mutable {
    if (std::exchange(first, false)) python_.hold_gil(threads_[1], 2);
  });
  tick();
  EXPECT_EQ(stops(), (std::vector<Tids>{{Tid{100}}, {Tid{101}}}));
  EXPECT_EQ(sampler_->thread(*sample_.gils[0].last_holder).tid, Tid{101});
  EXPECT_FALSE(python_.target.anybody_stands());
}

// The words say who holds it a moment after it was taken.
TEST_F(SamplerStopsTest, WhoHadTakenTheGilBeforeTheWordsSaidSoIsReadAgain) {
  start_blocking(3);
  python_.hold_gil(threads_[0], 9);  // many hand-offs: everybody's stack is out of date
  const RemoteAddr a = python_.add_function("a", 10);
  const RemoteAddr b = python_.add_function("b", 20);
  python_.set_stack(threads_[1], {{root_, 0}, {a, 0}});
  python_.target.on_read([=, this, done = false](const FakeTarget::Read& read) mutable {
    if (read.from != threads_[1].chunk || std::exchange(done, true)) return;
    python_.target.set_syscall(Tid{101}, {SyscallFacts::State::kRunning, -1, 0});
    python_.hold_gil(threads_[1], 10);
    python_.set_stack(threads_[1], {{root_, 0}, {b, 0}});
  });
  tick();
  EXPECT_EQ(stops(), (std::vector<Tids>{{Tid{100}}, {Tid{101}}}));
  const auto facts = std::ranges::find(sample_.threads, ThreadIndex{1}, &ThreadFacts::thread);
  ASSERT_NE(facts, sample_.threads.end());
  EXPECT_EQ(facts->quality, StackQuality::kWhole);
  EXPECT_EQ(stacks_.frame(stacks_.leaf(facts->stack)).function, "b");
}

TEST_F(SamplerStopsTest, WhoTakesTheGilWhileStacksAreCompletedIsReadAgainToo) {
  start_blocking(3);
  python_.hold_gil(threads_[0], 9);
  const RemoteAddr a = python_.add_function("a", 10);
  const RemoteAddr b = python_.add_function("b", 20);
  python_.set_stack(threads_[2], {{root_, 0}, {a, 0}});
  const auto takes_the_gil = [this](std::size_t thread) {
    python_.target.set_syscall(Tid{100 + static_cast<int>(thread)}, {SyscallFacts::State::kRunning, -1, 0});
    python_.hold_gil(threads_[thread], 9 + thread);
  };
  python_.target.on_read([=, this, reads = 0](const FakeTarget::Read& read) mutable {
    if (read.from != threads_[2].chunk || ++reads > 2) return;
    takes_the_gil(static_cast<std::size_t>(reads));
    if (reads == 2) python_.set_stack(threads_[2], {{root_, 0}, {b, 0}});
  });
  tick();
  EXPECT_EQ(stops(), (std::vector<Tids>{{Tid{100}}, {Tid{101}}, {Tid{102}}}));
  const auto facts = std::ranges::find(sample_.threads, ThreadIndex{2}, &ThreadFacts::thread);
  ASSERT_NE(facts, sample_.threads.end());
  EXPECT_EQ(stacks_.frame(stacks_.leaf(facts->stack)).function, "b");
}

TEST_F(SamplerStopsTest, ABlockedHolderOfAnotherGilIsNoReasonToTryAgain) {
  constexpr RemoteAddr kOther{0x40000};
  python_.add_interpreter(1, kOther, RemoteAddr{0x50000});
  start_blocking(2);
  threads_.push_back(python_.add_thread(1, Tid{300}, RemoteAddr{}, kOther));
  python_.set_stack(threads_.back(), {{root_, 0}});
  python_.target.set_syscall(Tid{300}, {SyscallFacts::State::kInSyscall, 35, 0});
  python_.hold_gil(threads_.back(), 1);
  for (int i = 0; i < 3; ++i) {
    const std::size_t before = stops().size();
    tick();
    EXPECT_EQ(stops().size(), before + 1);
    EXPECT_EQ(times_read(0), 1U);
  }
}

TEST_F(SamplerStopsTest, AStackThatNeverStandsStillIsWholeThen) {
  start_blocking(2);
  keep_thread_0_busy();
  for (int i = 0; i < 20; ++i) {
    tick();
    ASSERT_NE(facts(0), nullptr);
    EXPECT_EQ(facts(0)->quality, StackQuality::kWhole);
  }
}

TEST_F(SamplerStopsTest, WithoutStoppingTheSameIsTruncated) {
  start(2);
  keep_thread_0_busy();
  tick();
  ASSERT_NE(facts(0), nullptr);
  EXPECT_EQ(facts(0)->quality, StackQuality::kTruncated);
}

TEST_F(SamplerStopsTest, ExactStopsOnlyToCompleteAStack) {
  start_blocking(2, Stopping::kToComplete);
  tick();
  EXPECT_TRUE(stops().empty());
  keep_thread_0_busy();
  tick();
  EXPECT_EQ(stops(), std::vector<Tids>{{Tid{100}}});
  ASSERT_NE(facts(0), nullptr);
  EXPECT_EQ(facts(0)->quality, StackQuality::kWhole);
  EXPECT_FALSE(python_.target.anybody_stands());
}

TEST_F(SamplerStopsTest, ATracerThatComesLaterIsSaidAndCostsOnlyExactness) {
  start_blocking(2);
  python_.target.refuse_stops(true);
  tick();
  EXPECT_TRUE(sample_.stop_denied);
  EXPECT_FALSE(sample_.failed);
  ASSERT_NE(facts(0), nullptr);
  EXPECT_EQ(facts(0)->quality, StackQuality::kWhole);
}

TEST_F(SamplerStopsTest, NobodyIsStoppedToFindOutWhetherThatIsPossible) {
  python_.add_thread(1, Tid{100});
  const auto made = sample::make_sampler(python_.target, python_.location, python_.layout, stacks_, Stopping::kAlways);
  ASSERT_TRUE(made.has_value()) << made.error().message();
  EXPECT_TRUE(python_.target.stops().empty());
}

TEST_F(SamplerStopsTest, ATracerThatIsThereIsSaidAtOnce) {
  python_.add_thread(1, Tid{100});
  python_.target.refuse_stops(true);
  const auto made = sample::make_sampler(python_.target, python_.location, python_.layout, stacks_, Stopping::kAlways);
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code(), ErrorCode::kDenied);
  EXPECT_NE(made.error().message().find("gdb"), std::string::npos);
}

TEST_F(SamplerStopsTest, WhoWasLateToStopIsLetGoThoughNobodyIsStoppedAnyMore) {
  start_blocking(2);
  python_.target.set_syscall(Tid{100}, {SyscallFacts::State::kInSyscall, 35, 0});
  const std::size_t before = python_.target.late_releases();
  for (int i = 0; i < 5; ++i) tick();
  EXPECT_TRUE(stops().empty());
  EXPECT_EQ(python_.target.late_releases(), before + 5);
}

TEST_F(SamplerStopsTest, WhoWasLateToStopIsLetGoThoughNoStackNeedsCompletion) {
  start_blocking(2, Stopping::kToComplete);
  const std::size_t before = python_.target.late_releases();
  for (int i = 0; i < 5; ++i) tick();
  EXPECT_TRUE(stops().empty());
  EXPECT_EQ(python_.target.late_releases(), before + 5);
}

TEST_F(SamplerStopsTest, AReadThatFailsLeavesNobodyStanding) {
  start_blocking(2);
  python_.target.on_stop([this](std::span<const Tid>) { python_.target.fail_reads(ErrorCode::kGone); });
  EXPECT_FALSE(try_tick().has_value());
  EXPECT_FALSE(python_.target.anybody_stands());
}

}  // namespace
}  // namespace gilspy
