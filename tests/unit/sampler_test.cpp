// What a tick reads, and what it makes of it. "A sample costs what changed" is asserted on the reads themselves.
#include <limits>
#include <random>

#include "gilspy/memory.h"
#include "tests/unit/sampler_fixture.h"

namespace gilspy {
namespace {

TEST_F(SamplerTest, TheFirstTickKnowsEverybody) {
  start(5);
  EXPECT_EQ(sample_.started.size(), 5U);
  ASSERT_EQ(sample_.gils.size(), 1U);
  EXPECT_TRUE(sample_.gils[0].locked);
  EXPECT_EQ(sampler_->thread(*sample_.gils[0].last_holder).tid, Tid{100});
}

// The names that people gave cannot be read here.
TEST_F(SamplerTest, TheFirstThreadHasItsUsualNameAndOthersTheKernels) {
  start(1);
  python_.add_thread(2, Tid{to_int(python_.target.identity().pid)});
  tick();
  ASSERT_EQ(known_.size(), 2U);
  EXPECT_EQ(known_[0].name, "python3");
  EXPECT_EQ(known_[1].name, "MainThread");
}

TEST_F(SamplerTest, WithoutAHandOffOnlyTheHoldersStackIsRead) {
  start(40);
  tick();
  EXPECT_TRUE(stack_was_read(0));
  for (std::size_t i = 1; i < threads_.size(); ++i) EXPECT_FALSE(stack_was_read(i)) << i;
}

TEST_F(SamplerTest, ChangesOfTheContextAreCountedSinceTheStackWasLastRead) {
  start(2);
  const auto switches = [this](std::size_t thread) {
    const auto facts = std::ranges::find(sample_.threads, ThreadIndex(thread), &ThreadFacts::thread);
    return facts == sample_.threads.end() ? std::nullopt : facts->context_switches;
  };
  const auto set_version = [this](std::size_t thread, std::uint64_t version) {
    python_.target.memory.put(threads_[thread].state + python_.layout.thread.context_version, version);
  };
  EXPECT_EQ(switches(0), std::nullopt);
  tick();
  EXPECT_EQ(switches(0), 0U);
  set_version(0, 2);
  set_version(1, 7);
  tick();
  EXPECT_EQ(switches(0), 2U);
  EXPECT_EQ(switches(1), std::nullopt);  // its stack is as it was: not read
  python_.hold_gil(threads_[1], 2);
  tick();
  EXPECT_EQ(switches(0), 0U);
  EXPECT_EQ(switches(1), 7U);
  set_version(1, 3);  // garbage: it never shrinks
  tick();
  EXPECT_EQ(switches(1), std::numeric_limits<std::uint32_t>::max());
}

TEST_F(SamplerTest, AThousandThreadsCostWhatFourDo) {
  start(4);
  python_.park_in_gil(Tid{101});
  python_.set_waiters(1);
  for (int i = 0; i < 3; ++i) tick();
  const std::size_t few_reads = python_.target.reads().size();
  const std::size_t few_syscalls = python_.target.syscalls_read().size();
  for (int i = 4; i < 1000; ++i) {
    threads_.push_back(python_.add_thread(static_cast<std::uint64_t>(i + 1), Tid{100 + i}));
    python_.target.set_syscall(threads_.back().tid, {SyscallFacts::State::kInSyscall, 1, 0});
  }
  for (int i = 0; i < 3; ++i) tick();
  EXPECT_EQ(python_.target.reads().size(), few_reads);
  EXPECT_LE(python_.target.syscalls_read().size(), few_syscalls + 2);
}

TEST_F(SamplerTest, OneHandOffReadsTheOldAndTheNewHolder) {
  start(40);
  python_.hold_gil(threads_[7], 2);
  tick();
  EXPECT_EQ(sample_.gils[0].handoffs, 1U);
  EXPECT_TRUE(stack_was_read(0));
  EXPECT_TRUE(stack_was_read(7));
  EXPECT_EQ(std::ranges::count_if(std::vector<std::size_t>{1, 2, 3, 4, 5, 6, 8, 9},
                                  [this](std::size_t i) { return stack_was_read(i); }),
            0);
}

TEST_F(SamplerTest, AfterManyHandOffsEveryStackIsReadAgainOnABudget) {
  start(40);
  python_.hold_gil(threads_[7], 9);
  std::vector<bool> seen(threads_.size(), false);
  std::size_t most = 0;
  for (int i = 0; i < 4; ++i) {
    tick();
    std::size_t now = 0;
    for (std::size_t t = 0; t < threads_.size(); ++t) {
      if (!stack_was_read(t)) continue;
      seen[t] = true;
      ++now;
    }
    most = std::max(most, now);
  }
  EXPECT_EQ(std::ranges::count(seen, true), 40);
  EXPECT_LT(most, 40U);
}

TEST_F(SamplerTest, APlaceInTheGilsFutexIsRecognised) {
  start(3);
  python_.park_in_gil(Tid{101});
  for (int i = 0; i < 4; ++i) {
    tick();
    const ThreadFacts* const parked = facts(index_of_tid(Tid{101}));
    if (parked == nullptr || !parked->os_read) continue;
    EXPECT_EQ(parked->place, WaitPlace::kGilCond);
  }
  python_.set_waiters(1);
  tick();
  EXPECT_EQ(sample_.gils[0].cond_waiters, 1U);
  python_.target.memory.put(FakePython::kGil + python_.layout.gil.cond + 36, std::uint32_t{0xffffffff});
  tick();
  EXPECT_FALSE(sample_.gils[0].cond_waiters.has_value()) << "more waiters than threads are noise";
}

TEST_F(SamplerTest, AListOfThousandsIsNotWalkedAtEveryTickThatChangesIt) {
  start(1500);
  int walks = 0;
  for (int i = 0; i < 30; ++i) {
    threads_.push_back(python_.add_thread(static_cast<std::uint64_t>(1501 + i), Tid{5000 + i}));
    tick();
    walks += python_.target.was_read(threads_[700].state) ? 1 : 0;
  }
  EXPECT_LE(walks, 4);
  for (int i = 0; i < 60; ++i) tick();
  EXPECT_NE(std::ranges::find(known_, Tid{5029}, &ThreadInfo::tid), known_.end());
}

// musl: a waiter's futex lies on its own stack, in a list that the condition variable begins.
TEST_F(SamplerTest, AWaiterOfMuslIsRecognisedByTheList) {
  start(3);
  const RemoteAddr first = python_.allocate(0x100), second = python_.allocate(0x100);
  const RemoteAddr head = FakePython::kGil + python_.layout.gil.cond + 8;
  python_.target.memory.put(head, second);
  for (const auto& [waiter, next] : {std::pair{second, first}, std::pair{first, RemoteAddr{}}}) {
    python_.target.memory.put(waiter, RemoteAddr{});
    python_.target.memory.put(waiter + 8, next);
    python_.target.memory.put(waiter + 16, std::array<std::int32_t, 2>{0, 2});
  }
  const auto place = [&](Tid tid) {
    python_.target.set_syscall(
        tid, {SyscallFacts::State::kInSyscall, kFutexSyscall, (tid == Tid{101} ? first : second).value() + 20});
    WaitPlace found = WaitPlace::kNone;
    for (int i = 0; i < 5; ++i) {
      tick();
      if (const ThreadFacts* now = facts(index_of_tid(tid)); now != nullptr && now->os_read) found = now->place;
    }
    return found;
  };
  EXPECT_EQ(place(Tid{101}), WaitPlace::kGilCond);
  EXPECT_EQ(place(Tid{102}), WaitPlace::kGilCond);
  python_.target.memory.put(second + 8, second);  // garbage: a circle
  EXPECT_EQ(place(Tid{101}), WaitPlace::kNone);
  python_.target.memory.put(second + 16, std::array<std::int32_t, 2>{1, 0});  // woken
  EXPECT_EQ(place(Tid{102}), WaitPlace::kNone);
}

TEST_F(SamplerTest, NewThreadsAreMetAtOnceAndEndedOnesLeave) {
  start(2);
  threads_.push_back(python_.add_thread(3, Tid{150}));
  tick();
  ASSERT_EQ(sample_.started.size(), 1U);
  EXPECT_EQ(sample_.started[0].tid, Tid{150});
  python_.remove_thread(threads_[2]);
  tick();
  ASSERT_NE(facts(2), nullptr);
  EXPECT_TRUE(facts(2)->ended);
  EXPECT_TRUE(python_.target.forgotten().contains(Tid{150}));
}

// C code's threads have a thread state for the length of a call: a tick more would be several calls' time.
TEST_F(SamplerTest, AThreadStateThatIsGoneEndsAtOnceThoughItsThreadLives) {
  start(3);
  python_.remove_state(threads_[2]);
  tick();
  ASSERT_NE(facts(2), nullptr);
  EXPECT_TRUE(facts(2)->ended);
}

TEST_F(SamplerTest, AListThatIsCutOffWhileItIsWalkedEndsNobody) {
  start(3);
  const RemoteAddr next = threads_[2].state + python_.layout.thread.next;
  const RemoteAddr head = FakePython::kInterpreter + python_.layout.interpreter.threads_head;
  python_.add_thread(9, Tid{150});  // so that the list is walked
  bool cut = true;
  python_.target.on_read([&](const FakeTarget::Read& read) {
    cut = cut && (read.from != head || read.size != 8);
    if (read.from == threads_[2].state) python_.target.memory.put(next, cut ? RemoteAddr{} : threads_[1].state);
  });
  tick();
  EXPECT_EQ(sample_.started.size(), 1U);
  EXPECT_TRUE(std::ranges::none_of(sample_.threads, &ThreadFacts::ended));
  EXPECT_FALSE(cut) << "the list was not walked again";
}

// A thread-per-request server: the address comes back with another thread in it.
TEST_F(SamplerTest, AnAddressThatIsUsedAgainIsAnotherThread) {
  start(2);
  const FakePython::Thread first = python_.add_thread(3, Tid{150});
  tick();
  const ThreadIndex before = sample_.started.at(0).index;
  python_.remove_thread(first);
  python_.add_thread(4, Tid{151}, first.state);
  tick();
  ASSERT_EQ(sample_.started.size(), 1U);
  EXPECT_NE(sample_.started[0].index, before);
  EXPECT_EQ(sample_.started[0].tid, Tid{151});
  EXPECT_TRUE(facts(to_int(before)) != nullptr && facts(to_int(before))->ended);
}

TEST_F(SamplerTest, AThreadThatIsNotBoundYetIsNoThread) {
  start(2);
  const FakePython::Thread unborn = python_.add_thread(3, Tid{150});
  python_.target.memory.put(unborn.state + python_.layout.thread.native_thread_id, std::uint64_t{0});
  tick();
  EXPECT_TRUE(sample_.started.empty());
}

// 3.11: a thread state is filled in by the thread that creates it, and corrected by its own thread when that runs.
TEST_F(SamplerTest, AStateWithItsCreatorsTidIsNoThreadYet) {
  start(2);
  const FakePython::Thread young = python_.add_thread(3, Tid{150});
  const RemoteAddr tid = young.state + python_.layout.thread.native_thread_id;
  python_.target.memory.put(tid, std::uint64_t{100});
  tick();
  EXPECT_TRUE(sample_.started.empty());
  python_.target.memory.put(tid, std::uint64_t{150});
  tick();
  ASSERT_EQ(sample_.started.size(), 1U);
  EXPECT_EQ(sample_.started[0].tid, Tid{150});
}

TEST_F(SamplerTest, AHandOffWhileWeLookedIsSaid) {
  start(3);
  python_.target.on_read([this, gil_reads = 0](const FakeTarget::Read& read) mutable {
    if (read.from == FakePython::kGil && ++gil_reads == 2) python_.hold_gil(threads_[2], 2);
  });
  tick();
  EXPECT_FALSE(sample_.gils[0].steady);
  EXPECT_EQ(sampler_->thread(*sample_.gils[0].last_holder).tid, Tid{100}) << "the sample is of its beginning";
}

// schedstat counts from the thread's birth: the first reading is no delay, the difference to the next one is.
TEST_F(SamplerTest, OnlyTheHoldersOwnTimeOnTheRunQueueCounts) {
  const auto delay_after = [this](Nanos run_queue) {
    python_.target.set_sched(Tid{100}, {.on_cpu = 5ms, .run_queue = run_queue});
    tick();
    return facts(index_of_tid(Tid{100}))->run_queue_delay;
  };
  python_.target.set_sched(Tid{100}, {.on_cpu = 5ms, .run_queue = 900ms});
  start(2);
  EXPECT_EQ(facts(index_of_tid(Tid{100}))->run_queue_delay, 0ms);
  EXPECT_EQ(delay_after(902ms), 2ms);
  python_.hold_gil(threads_[1], 2);
  tick();
  python_.hold_gil(threads_[0], 3);
  EXPECT_EQ(delay_after(950ms), 0ms) << "it was not the holder then";
}

TEST_F(SamplerTest, HolderWhoseStackCannotBeReadIsCounted) {
  start(2);
  python_.target.memory.remove(threads_[0].chunk, FakePython::kChunkSize);
  tick();
  EXPECT_TRUE(sample_.holder_stack_lost);
}

// What is read is never trusted: words of the runtime are overwritten with anything, one after another, and put back.
TEST_F(SamplerTest, GarbageCostsSamplesNotTheProgram) {
  start(6);
  std::minstd_rand random(7);
  const std::vector<std::pair<RemoteAddr, std::uint64_t>> victims{{FakePython::kInterpreter, 8000},
                                                                  {FakePython::kGil, 208},
                                                                  {threads_[0].state, 300},
                                                                  {threads_[0].chunk, 400},
                                                                  {root_, 208},
                                                                  {threads_[3].state, 300},
                                                                  {FakePython::kRuntime + 632, 8},
                                                                  {FakePython::kCodeType, 256}};
  const std::vector<std::uint64_t> values{0,
                                          1,
                                          7,
                                          0xffffffffffffffff,
                                          0x100000,
                                          threads_[1].state.value(),
                                          root_.value(),
                                          0x7fff'ffff'ffff'fff8,
                                          threads_[0].chunk.value() + 24};
  for (int round = 0; round < 4000; ++round) {
    const auto& [start, size] = victims[random() % victims.size()];
    const RemoteAddr place = start + random() % (size / 8) * 8;
    const auto before = read_value<std::uint64_t>(python_.target, place);
    python_.target.memory.put(place, values[random() % values.size()]);
    ASSERT_TRUE(try_tick().has_value());
    ASSERT_TRUE(try_tick().has_value());
    if (before.has_value()) {
      python_.target.memory.put(place, *before);
    } else {
      python_.target.memory.remove(place, 8);
    }
  }
  for (int i = 0; i < 200; ++i) tick();
  ASSERT_TRUE(sample_.gils.at(0).last_holder.has_value());
  EXPECT_EQ(sampler_->thread(*sample_.gils[0].last_holder).tid, Tid{100}) << "and afterwards all is well again";
}

TEST_F(SamplerTest, TheEndOfTheProcessEndsTheRecording) {
  start(2);
  python_.target.fail_reads(ErrorCode::kGone);
  python_.target.set_liveness(Liveness::kEnded);
  const auto ticked = try_tick();
  ASSERT_FALSE(ticked.has_value());
  EXPECT_EQ(ticked.error().code(), ErrorCode::kGone);
}

TEST_F(SamplerTest, ExecIsNamed) {
  start(2);
  python_.target.memory.remove(FakePython::kGil, python_.layout.gil.size);
  python_.target.set_liveness(Liveness::kReplaced);
  const auto ticked = try_tick();
  ASSERT_FALSE(ticked.has_value());
  EXPECT_NE(ticked.error().message().find("replaced"), std::string::npos) << ticked.error().message();
}

TEST_F(SamplerTest, ATickAtWhichNothingHappenedIsOneCall) {
  start(5);
  tick();
  tick();
  EXPECT_EQ(python_.target.batches(), 1U);
  EXPECT_TRUE(stack_was_read(0));
  EXPECT_TRUE(sample_.gils[0].steady);
}

TEST_F(SamplerTest, TheKernelIsNotAskedAgainWithinAQuarterOfAMillisecond) {
  start(2);
  tick();
  now_ -= 1ms - 100us;
  tick();
  EXPECT_TRUE(facts(0) == nullptr || !facts(0)->os_read);
  tick();
  ASSERT_NE(facts(0), nullptr);
  EXPECT_TRUE(facts(0)->os_read);
}

TEST_F(SamplerTest, ATickThatFailsOnALivingProcessIsAnErrorOfThatTickOnly) {
  start(2);
  python_.target.memory.remove(FakePython::kGil, python_.layout.gil.size);
  tick();
  EXPECT_TRUE(sample_.failed);
}

TEST_F(SamplerTest, WhoStartedOrEndedInATickThatFailedIsToldByTheNext) {
  start(3);
  const ThreadIndex leaving{index_of_tid(Tid{102})};
  python_.add_thread(9, Tid{150});
  python_.remove_thread(threads_[2]);
  // Whoever holds the GIL and is blocked: that it still has it is asked last. Every tick fails there.
  python_.target.set_syscall(threads_[0].tid, {SyscallFacts::State::kInSyscall, 1, 0});
  for (int i = 0; i < 200; ++i) {
    python_.target.on_read([this, reads = 0](const FakeTarget::Read& read) mutable {
      if (read.from == FakePython::kGil && ++reads == 3) python_.target.memory.remove(FakePython::kGil, 16);
    });
    ASSERT_TRUE(try_tick().has_value());
    ASSERT_TRUE(sample_.failed);
    python_.target.on_read({});
    python_.target.memory.put(FakePython::kGil, std::uint64_t{5000});
    python_.hold_gil(threads_[0], 1);
  }
  tick();
  ASSERT_EQ(sample_.started.size(), 1U);
  EXPECT_EQ(sample_.started[0].tid, Tid{150});
  ASSERT_NE(facts(to_int(leaving)), nullptr);
  EXPECT_TRUE(facts(to_int(leaving))->ended);
}

TEST_F(SamplerTest, ThreadsWithoutAThreadStateAreNative) {
  start(2);
  python_.target.add_thread(Tid{900}, "jemalloc_bg");
  for (int i = 0; i < 1200; ++i) {
    tick();
    for (const ThreadInfo& info : sample_.started) {
      EXPECT_FALSE(info.python);
      EXPECT_EQ(info.tid, Tid{900});
      EXPECT_EQ(sampler_->thread(info.index).name, "jemalloc_bg");
      return;
    }
  }
  FAIL() << "never seen";
}

TEST_F(SamplerTest, AGlanceDatesAHandOffAndReadsNothingElse) {
  start(40);
  const Nanos ticked = now_;
  python_.target.clear_reads();
  sampler_->glance(ticked + 300us);
  EXPECT_EQ(python_.target.reads().size(), 2U);  // the GIL, and the head of the list of threads
  python_.hold_gil(threads_[7], 2);
  sampler_->glance(ticked + 600us);
  tick();
  EXPECT_EQ(sample_.looked, ticked + 600us);
  ASSERT_EQ(sample_.handoffs.size(), 1U);
  EXPECT_EQ(sample_.handoffs[0], (Handoff{GilIndex{0}, ticked + 300us, ticked + 600us, ThreadIndex{7}, 1}));
  EXPECT_EQ(sample_.gils[0].handoffs, 1U);  // since the tick before, whoever saw it first
  tick();
  EXPECT_TRUE(sample_.handoffs.empty());
  EXPECT_EQ(sample_.looked, std::nullopt);
}

TEST_F(SamplerTest, AGlanceSeesThatNobodyHasIt) {
  start(3);
  python_.let_go(threads_[0]);
  sampler_->glance(now_ + 300us);
  python_.hold_gil(threads_[0], 1);
  sampler_->glance(now_ + 600us);
  const Nanos ticked = now_;
  tick();
  ASSERT_EQ(sample_.handoffs.size(), 2U);
  EXPECT_EQ(sample_.handoffs[0], (Handoff{GilIndex{0}, ticked, ticked + 300us, std::nullopt, 0}));
  EXPECT_EQ(sample_.handoffs[1], (Handoff{GilIndex{0}, ticked + 300us, ticked + 600us, ThreadIndex{0}, 0}));
}

TEST_F(SamplerTest, AGlanceIsOfNoUseWhereNobodyTakesTurns) {
  start(3);
  tick();
  EXPECT_FALSE(sampler_->takes_turns());
  python_.hold_gil(threads_[1], 2);
  tick();
  EXPECT_TRUE(sampler_->takes_turns());
  tick();
  EXPECT_FALSE(sampler_->takes_turns());
}

}  // namespace
}  // namespace gilspy
