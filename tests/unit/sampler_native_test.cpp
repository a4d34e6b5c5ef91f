// Whose native stack the sampler copies, when, and what it takes for true.
#include "tests/unit/sampler_fixture.h"

namespace gilspy {
namespace {

using Tids = std::vector<Tid>;
using State = SyscallFacts::State;

class SamplerNativeTest : public SamplerTest {
 protected:
  static constexpr std::int64_t kRead = 0;
  static constexpr std::uint64_t kBytes = 0x1f00;  // from the stack pointer on

  std::size_t stops_before_ = 0;

  static Tid tid(std::size_t thread) { return Tid{100 + static_cast<int>(thread)}; }
  static RemoteAddr stack_of(std::size_t thread) { return RemoteAddr(0x7f0000000100 + 0x100000 * thread); }
  static RemoteAddr code_of(std::size_t thread) { return RemoteAddr(0x7e0000000000 + thread); }

  // Threads that are blocked in read(), each on a stack of its own. The first one holds the GIL, as it does it.
  void start_native(int count) {
    start(count);
    for (std::size_t thread = 0; thread < threads_.size(); ++thread) {
      std::vector<std::byte> bytes(kBytes);
      for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 + thread);
      python_.target.memory.put_bytes(stack_of(thread), bytes);
      block(thread);
    }
    tick();
    ASSERT_TRUE(sampler_->show_native().has_value());
    stops_before_ = python_.target.stops().size();
  }
  SyscallFacts blocked(std::size_t thread) const {
    SyscallFacts facts{State::kInSyscall, kRead, 3};
    facts.stack_pointer = stack_of(thread);
    facts.instruction = code_of(thread);
    return facts;
  }
  void block(std::size_t thread) { python_.target.set_syscall(tid(thread), blocked(thread)); }
  void let_run(std::size_t thread) {
    python_.target.set_syscall(tid(thread), {.state = State::kRunning});
    Registers registers;
    for (std::size_t i = 0; i < Registers::kCount; ++i) registers.set(i, 1000 + i);
    registers.set(Registers::kStackPointer, stack_of(thread).value());
    registers.set(Registers::kInstruction, code_of(thread).value());
    python_.target.set_registers(tid(thread), registers);
  }
  void nobody_holds_the_gil() { python_.let_go(threads_[0]); }

  // Those since native stacks are asked for.
  std::vector<Tids> stops() const {
    const auto& all = python_.target.stops();
    return {all.begin() + static_cast<std::ptrdiff_t>(stops_before_), all.end()};
  }
  // Of this tick.
  std::shared_ptr<NativeJob> job(std::uint32_t thread) const {
    std::shared_ptr<NativeJob> found;
    for (const NativePart& part : sample_.natives) {
      const ThreadFacts& facts = sample_.threads.at(part.facts);
      if (facts.thread != ThreadIndex{thread}) continue;
      EXPECT_EQ(found, nullptr) << "one a thread";
      EXPECT_EQ(facts.stack, part.job->copy.python);
      EXPECT_NE(facts.quality, StackQuality::kUnchanged);
      found = part.job;
    }
    return found;
  }
  // Every thread has its turn within a few ticks.
  std::shared_ptr<NativeJob> job_soon(std::uint32_t thread) {
    for (int i = 0; i < 10; ++i) {
      tick();
      if (auto found = job(thread)) return found;
    }
    return nullptr;
  }
  std::vector<std::byte> memory_at(RemoteAddr from, std::size_t size) const {
    std::vector<std::byte> bytes(size);
    EXPECT_TRUE(python_.target.memory.copy(from, bytes));
    return bytes;
  }
};

TEST_F(SamplerNativeTest, NothingIsCopiedUnlessAskedFor) {
  start(2);
  block(1);
  for (int i = 0; i < 5; ++i) {
    tick();
    EXPECT_TRUE(sample_.natives.empty());
    for (const ThreadFacts& facts : sample_.threads) EXPECT_EQ(facts.native, NativeQuality::kNotAsked);
  }
}

TEST_F(SamplerNativeTest, ABlockedThreadIsCopiedWithoutAStop) {
  start_native(2);
  const auto copied = job_soon(1);
  ASSERT_NE(copied, nullptr);
  const NativeCopy& copy = copied->copy;
  EXPECT_EQ(copy.registers.stack_pointer(), stack_of(1));
  EXPECT_EQ(copy.registers.instruction(), code_of(1));
  for (std::size_t i = 0; i < Registers::kCount; ++i) {
    EXPECT_EQ(copy.registers.has(i), i == Registers::kStackPointer || i == Registers::kInstruction) << i;
  }
  EXPECT_EQ(copy.system_call, kRead);
  EXPECT_EQ(copy.stack, memory_at(stack_of(1), kBytes)) << "to the end of what is mapped";
  EXPECT_EQ(stacks_.frame(stacks_.leaf(copy.python)).function, "root");
  ASSERT_EQ(copy.entries.size(), 1U);
  EXPECT_EQ(copy.entries[0].depth, 0U);
  EXPECT_TRUE(stops().empty());
  EXPECT_EQ(sample_.pause, Nanos{0});
}

TEST_F(SamplerNativeTest, ItIsCopiedOnceWhileItStaysThere) {
  start_native(2);
  const auto first = job_soon(1);
  ASSERT_NE(first, nullptr);
  for (int i = 0; i < 10; ++i) {
    tick();
    EXPECT_FALSE(python_.target.was_read(stack_of(1)));
    EXPECT_TRUE(job(1) == nullptr || job(1) == first);
  }
  EXPECT_EQ(job_soon(1), first);
}

TEST_F(SamplerNativeTest, ItIsCopiedAnewWhenAnythingIsDifferent) {
  const std::vector<std::function<void(SyscallFacts&)>> changes{
      [](SyscallFacts& facts) { facts.stack_pointer = facts.stack_pointer + 16; },
      [](SyscallFacts& facts) { facts.instruction = facts.instruction + 16; },
      [](SyscallFacts& facts) { facts.first_argument = 4; },
      [](SyscallFacts& facts) { facts.number = 1; },
      [](SyscallFacts& facts) {
        facts = {State::kElsewhere, -1, 0, false, BlockedIn::kFault, stack_of(1), code_of(1)};
      },
  };
  start_native(2);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    block(1);
    for (int k = 0; k < 10; ++k) tick();
    const auto last = job_soon(1);
    SyscallFacts facts = blocked(1);
    changes[i](facts);
    python_.target.set_syscall(tid(1), facts);
    for (int k = 0; k < 10; ++k) tick();
    const auto next = job_soon(1);
    ASSERT_TRUE(last != nullptr && next != nullptr) << i;
    EXPECT_NE(next, last) << i;
    EXPECT_EQ(next->copy.registers.stack_pointer(), facts.stack_pointer) << i;
    EXPECT_EQ(next->copy.registers.instruction(), facts.instruction) << i;
    EXPECT_EQ(next->copy.system_call, facts.number) << i;
  }
}

TEST_F(SamplerNativeTest, ItIsCopiedAnewWhenItsPythonFramesAreOthers) {
  start_native(2);
  const auto first = job_soon(1);
  python_.set_stack(threads_[1], {{root_, 0}, {python_.add_function("inner", 10), 0}});
  python_.hold_gil(threads_[0], 9);  // many hand-offs: everybody's stack is out of date
  const auto second = job_soon(1);
  ASSERT_TRUE(first != nullptr && second != nullptr);
  EXPECT_NE(first, second);
  EXPECT_EQ(stacks_.frame(stacks_.leaf(second->copy.python)).function, "inner");
}

TEST_F(SamplerNativeTest, ACopyOfAThreadThatMovedMeanwhileDoesNotCount) {
  start_native(2);
  int copies = 0;
  python_.target.on_read([&](const FakeTarget::Read& read) {
    if (read.from != stack_of(1)) return;
    SyscallFacts facts = blocked(1);
    facts.first_argument = static_cast<std::uint64_t>(10 + ++copies);
    python_.target.set_syscall(tid(1), facts);
  });
  for (int i = 0; i < 10; ++i) {
    tick();
    EXPECT_EQ(job(1), nullptr);
    if (facts(1) != nullptr && facts(1)->quality == StackQuality::kWhole) {
      EXPECT_EQ(facts(1)->native, NativeQuality::kLost);
    }
  }
  EXPECT_GT(copies, 1);
  python_.target.on_read({});
  EXPECT_NE(job_soon(1), nullptr);
}

TEST_F(SamplerNativeTest, NorOneOfAThreadThatWentOnToRun) {
  start_native(2);
  python_.target.on_read([&](const FakeTarget::Read& read) {
    if (read.from == stack_of(1)) python_.target.set_syscall(tid(1), {.state = State::kRunning});
  });
  for (int i = 0; i < 5; ++i) {
    tick();
    EXPECT_EQ(job(1), nullptr);
  }
}

TEST_F(SamplerNativeTest, NorOneOfAThreadThatEnded) {
  start_native(2);
  python_.target.on_read([&](const FakeTarget::Read& read) {
    if (read.from == stack_of(1)) python_.target.end_thread(tid(1));
  });
  for (int i = 0; i < 5; ++i) {
    tick();
    EXPECT_EQ(job(1), nullptr);
  }
}

TEST_F(SamplerNativeTest, AKernelThatDoesNotTellWhereTheStackIs) {
  start_native(2);
  python_.target.memory.put_bytes(RemoteAddr{}, std::vector<std::byte>(4096));
  for (const State state : {State::kInSyscall, State::kElsewhere, State::kUnreadable}) {
    python_.target.set_syscall(tid(1), {state, kRead, 5});
    for (int i = 0; i < 5; ++i) {
      tick();
      EXPECT_EQ(job(1), nullptr);
    }
  }
}

TEST_F(SamplerNativeTest, AStackThatCannotBeRead) {
  start_native(2);
  SyscallFacts facts = blocked(1);
  facts.stack_pointer = RemoteAddr(0x42);
  python_.target.set_syscall(tid(1), facts);
  for (int i = 0; i < 5; ++i) {
    tick();
    EXPECT_EQ(job(1), nullptr);
    EXPECT_FALSE(sample_.failed);
  }
}

TEST_F(SamplerNativeTest, ADeepStackIsCut) {
  start_native(2);
  python_.target.memory.put_bytes(stack_of(1), std::vector<std::byte>(2 * kMostStackBytes, std::byte{7}));
  const auto copied = job_soon(1);
  ASSERT_NE(copied, nullptr);
  EXPECT_EQ(copied->copy.stack.size(), kMostStackBytes);
}

// It was woken, and has no CPU yet: its registers cannot be had.
TEST_F(SamplerNativeTest, WhoCannotBeCopiedNowIsTakenToBeWhereItsFramesAre) {
  start_native(2);
  const auto copied = job_soon(1);
  ASSERT_NE(copied, nullptr);
  python_.target.set_syscall(tid(1), {.state = State::kRunning});
  python_.hold_gil(threads_[0], 9);  // many hand-offs: everybody's stack is out of date
  tick();
  ASSERT_NE(facts(1), nullptr);
  ASSERT_EQ(facts(1)->quality, StackQuality::kWhole);
  EXPECT_EQ(job(1), copied);
  python_.set_stack(threads_[1], {{root_, 0}, {python_.add_function("inner", 10), 0}});
  python_.hold_gil(threads_[0], 19);
  tick();
  ASSERT_EQ(facts(1)->quality, StackQuality::kWhole);
  EXPECT_EQ(job(1), nullptr);
  EXPECT_EQ(facts(1)->native, NativeQuality::kLost);
}

TEST_F(SamplerNativeTest, AHolderIsNot) {
  start_native(2);
  ASSERT_NE(job_soon(0), nullptr);
  python_.target.set_syscall(tid(0), {.state = State::kRunning});
  tick();
  EXPECT_EQ(job(0), nullptr);
  ASSERT_NE(facts(0), nullptr);
  EXPECT_EQ(facts(0)->native, NativeQuality::kLost);
}

TEST_F(SamplerNativeTest, AHolderThatRunsIsStoppedAloneAndLetGo) {
  start_native(3);
  let_run(0);
  bool stood = false;
  python_.target.on_read([&](const FakeTarget::Read& read) {
    if (read.from == stack_of(0)) stood = python_.target.anybody_stands();
  });
  tick();
  EXPECT_EQ(stops(), std::vector<Tids>{{tid(0)}});
  EXPECT_TRUE(stood) << "while its stack was copied";
  EXPECT_FALSE(python_.target.anybody_stands());
  EXPECT_GT(sample_.pause, Nanos{0});
  const auto copied = job(0);
  ASSERT_NE(copied, nullptr);
  EXPECT_EQ(copied->copy.system_call, -1);
  EXPECT_EQ(copied->copy.stack, memory_at(stack_of(0), kBytes));
  for (std::size_t i = 0; i < Registers::kCount; ++i) EXPECT_TRUE(copied->copy.registers.has(i)) << i;
  tick();
  EXPECT_EQ(stops(), (std::vector<Tids>{{tid(0)}, {tid(0)}})) << "once a tick";
  EXPECT_NE(job(0), copied) << "it ran";
}

TEST_F(SamplerNativeTest, AHolderThatIsBlockedIsNotInterrupted) {
  start_native(2);
  const auto copied = job_soon(0);
  ASSERT_NE(copied, nullptr);
  EXPECT_EQ(copied->copy.system_call, kRead);
  EXPECT_TRUE(stops().empty());
}

TEST_F(SamplerNativeTest, WhatStandsIsWhatIsTold) {
  start_native(1);
  let_run(0);
  const RemoteAddr inner = python_.add_function("inner", 10);
  python_.target.on_stop([&](std::span<const Tid>) { python_.set_stack(threads_[0], {{root_, 0}, {inner, 0}}); });
  tick();
  const auto copied = job(0);
  ASSERT_NE(copied, nullptr);
  EXPECT_EQ(stacks_.frame(stacks_.leaf(copied->copy.python)).function, "inner");
}

TEST_F(SamplerNativeTest, AHolderThatLostTheGilBeforeItStood) {
  start_native(2);
  let_run(0);
  python_.target.on_stop([&](std::span<const Tid>) { python_.hold_gil(threads_[1], 2); });
  tick();
  EXPECT_EQ(job(0), nullptr);
  ASSERT_NE(facts(0), nullptr);
  EXPECT_EQ(facts(0)->quality, StackQuality::kWhole);
  EXPECT_EQ(facts(0)->native, NativeQuality::kLost);
  EXPECT_FALSE(python_.target.anybody_stands());
}

TEST_F(SamplerNativeTest, WhoseRegistersCannotBeHad) {
  start_native(1);
  python_.target.set_syscall(tid(0), {.state = State::kRunning});
  tick();
  EXPECT_EQ(stops().size(), 1U);
  EXPECT_EQ(job(0), nullptr);
  ASSERT_NE(facts(0), nullptr);
  EXPECT_EQ(facts(0)->native, NativeQuality::kLost);
  EXPECT_FALSE(python_.target.anybody_stands());
}

TEST_F(SamplerNativeTest, ATracerThatComesLaterCostsTheNativePart) {
  start_native(1);
  let_run(0);
  python_.target.refuse_stops(true);
  tick();
  EXPECT_TRUE(sample_.stop_denied);
  EXPECT_FALSE(sample_.failed);
  EXPECT_EQ(job(0), nullptr);
  ASSERT_NE(facts(0), nullptr);
  EXPECT_EQ(facts(0)->quality, StackQuality::kWhole);
  EXPECT_EQ(facts(0)->native, NativeQuality::kLost);
}

TEST_F(SamplerNativeTest, ATracerThatIsThereIsSaidAtOnce) {
  start(1);
  python_.target.refuse_stops(true);
  const auto shown = sampler_->show_native();
  ASSERT_FALSE(shown.has_value());
  EXPECT_EQ(shown.error().code(), ErrorCode::kDenied);
  tick();
  EXPECT_TRUE(sample_.natives.empty());
}

TEST_F(SamplerNativeTest, OfThoseThatRunWithoutTheGilTwoATick) {
  start_native(7);
  nobody_holds_the_gil();
  for (std::size_t thread = 0; thread < 7; ++thread) let_run(thread);
  for (int i = 0; i < 8; ++i) tick();  // until all are known to run
  std::set<Tid> had_their_turn;
  for (int i = 0; i < 8; ++i) {
    const std::size_t before = python_.target.stops().size();
    tick();
    const auto& all = python_.target.stops();
    EXPECT_EQ(all.size() - before, 2U);
    EXPECT_FALSE(python_.target.anybody_stands());
    for (std::size_t k = before; k < all.size(); ++k) {
      ASSERT_EQ(all[k].size(), 1U) << "alone";
      had_their_turn.insert(all[k][0]);
    }
    for (std::size_t k = before; k < all.size(); ++k) {
      EXPECT_NE(job(static_cast<std::uint32_t>(to_int(all[k][0]) - 100)), nullptr);
    }
  }
  EXPECT_EQ(had_their_turn.size(), 7U);
}

TEST_F(SamplerNativeTest, ARunnerThatGotTheGilBeforeItStood) {
  start_native(2);
  nobody_holds_the_gil();
  let_run(1);
  python_.target.on_stop([&](std::span<const Tid>) { python_.hold_gil(threads_[1], 2); });
  for (int i = 0; i < 10 && stops().empty(); ++i) tick();
  EXPECT_EQ(stops(), std::vector<Tids>{{tid(1)}});
  EXPECT_EQ(job(1), nullptr);
  EXPECT_FALSE(python_.target.anybody_stands());
}

TEST_F(SamplerNativeTest, WhoWaitsForTheGilIsCopiedAsItStands) {
  start_native(2);
  SyscallFacts facts = blocked(1);
  facts.number = kFutexSyscall;
  facts.first_argument = (FakePython::kGil + python_.layout.gil.cond + 40).value();
  python_.target.set_syscall(tid(1), facts);
  const auto copied = job_soon(1);
  ASSERT_NE(copied, nullptr);
  EXPECT_EQ(copied->copy.system_call, kFutexSyscall);
  EXPECT_TRUE(stops().empty());
}

// Frames without Python code stand for calls from C (_PyInterpreterFrame with FRAME_OWNED_BY_CSTACK): they lie on the C
// stack of the loop that runs what was called.
TEST_F(SamplerNativeTest, EntriesHaveTheirPlaceOnTheCStack) {
  start_native(1);
  const RemoteAddr inner = python_.add_function("inner", 10), innermost = python_.add_function("innermost", 20);
  const auto frame = [&](std::uint64_t i) {
    return threads_[0].chunk + python_.layout.chunk.data + 8 + FakePython::kFrameStep * i;
  };
  const auto put_call_from_c = [&](RemoteAddr place, RemoteAddr previous) {
    const std::vector<std::byte> bytes(python_.layout.frame.size);
    python_.target.memory.put_bytes(place, bytes);
    python_.target.memory.put(place + python_.layout.frame.previous, previous);
    python_.target.memory.put(place + python_.layout.frame.owner, python_.layout.frame.first_sentinel_owner);
  };
  const RemoteAddr first = stack_of(0) + 0x800, second = stack_of(0) + 0x400;
  // root and inner are run by one loop, innermost by another
  put_call_from_c(first, RemoteAddr{});
  python_.set_stack(threads_[0], {{root_, 0}, {inner, 0}, {innermost, 0}});
  python_.target.memory.put(frame(0) + python_.layout.frame.previous, first);
  put_call_from_c(second, frame(1));
  python_.target.memory.put(frame(2) + python_.layout.frame.previous, second);
  python_.hold_gil(threads_[0], 9);
  std::shared_ptr<NativeJob> copied;
  for (int i = 0; i < 10 && (copied == nullptr || copied->copy.entries.size() < 2); ++i) copied = job_soon(0);
  ASSERT_NE(copied, nullptr);
  ASSERT_EQ(copied->copy.entries.size(), 2U);
  EXPECT_EQ(stacks_.frames_of(copied->copy.python).size(), 3U);
  EXPECT_EQ(copied->copy.entries[0].depth, 0U);
  EXPECT_EQ(copied->copy.entries[0].anchor, first);
  EXPECT_EQ(copied->copy.entries[1].depth, 2U);
  EXPECT_EQ(copied->copy.entries[1].anchor, second);
}

TEST_F(SamplerNativeTest, WhoWasLateToStopIsLetGo) {
  start_native(1);
  const std::size_t before = python_.target.late_releases();
  for (int i = 0; i < 5; ++i) tick();
  EXPECT_EQ(python_.target.late_releases(), before + 5);
}

}  // namespace
}  // namespace gilspy
