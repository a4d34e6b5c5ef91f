// Samples go in, and come out complete: while a thread of its own unwinds what they have.
#include "src/native/native_run.h"

#include <gtest/gtest.h>

#include <future>

#include "src/layout/tables/cpython_3_13.h"
#include "tests/unit/native/probe_files.h"

namespace gilspy::native {
namespace {

using Job = std::shared_ptr<NativeJob>;

class NativeRunTest : public ::testing::Test {
 protected:
  static constexpr RemoteAddr kBase{0x10000000};
  static constexpr RemoteAddr kStack{0x7f0000000000};
  inline static const RemoteAddr kStart = kBase + address_in(GILSPY_PROBE, "probe_start");

  FakeTarget target_;
  StackTable stacks_;
  std::promise<void> begun_, opened_;  // the first read waits, where a test wants that
  std::unique_ptr<NativeRun> run_;
  int time_ = 0;

  void start(bool open = true) {
    target_.set_mappings(load(target_, GILSPY_PROBE, "/nowhere/probe.so.1", kBase));
    if (!open) {
      target_.on_read([this, first = true](const FakeTarget::Read&) mutable {
        if (!std::exchange(first, false)) return;
        begun_.set_value();
        opened_.get_future().wait();
      });
    }
    run_ = std::make_unique<NativeRun>(target_, layout::tables::kCpython313, "/python3", NativeFrames::kShort, stacks_);
  }

  StackId python(const std::string& function) {
    return stacks_.child(kNoStack, stacks_.intern({.function = function, .file = "app.py", .line = 1}));
  }
  // Of a thread that is in probe_start, called by the Python function; nothing is known of what lies between.
  Job job(const std::string& function) {
    auto result = std::make_shared<NativeJob>();
    result->copy.registers.set(Registers::kStackPointer, kStack.value());
    result->copy.registers.set(Registers::kInstruction, kStart.value());
    result->copy.stack.resize(4);
    result->copy.python = python(function);
    result->copy.entries = {{0, kStack + 4096}};
    return result;
  }
  Sample sample(const std::vector<Job>& jobs) {
    Sample made;
    made.time = Nanos(++time_);
    for (const Job& each : jobs) {
      made.natives.push_back({made.threads.size(), each});
      ThreadFacts& facts = made.threads.emplace_back();
      facts.quality = StackQuality::kWhole;
      facts.stack = each->copy.python;
    }
    return made;
  }
  std::string text(StackId stack) const {
    std::string result;
    for (const FrameId id : stacks_.frames_of(stack)) result += stacks_.frame(id).function + ";";
    return result;
  }
};

TEST_F(NativeRunTest, SamplesComeOutInTheirOrderAndMerged) {
  start();
  run_->submit(sample({job("a"), job("b")}));
  run_->submit(sample({}));
  run_->submit(sample({job("c")}));
  std::vector<Sample> taken;
  while (auto next = run_->take(true)) taken.push_back(std::move(*next));
  ASSERT_EQ(taken.size(), 3U);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    EXPECT_EQ(taken[i].time, Nanos(static_cast<int>(i) + 1));
    EXPECT_TRUE(taken[i].natives.empty());
    for (const ThreadFacts& facts : taken[i].threads) EXPECT_EQ(facts.native, NativeQuality::kCut);
  }
  EXPECT_EQ(text(taken[0].threads[0].stack), "a;(native frames missing);probe_start;");
  EXPECT_EQ(text(taken[0].threads[1].stack), "b;(native frames missing);probe_start;");
  EXPECT_EQ(text(taken[2].threads[0].stack), "c;(native frames missing);probe_start;");
}

TEST_F(NativeRunTest, NoneIsTakenWhileItsJobsAreOpen) {
  start(false);
  EXPECT_FALSE(run_->take(false).has_value());
  EXPECT_FALSE(run_->take(true).has_value()) << "there is none";
  run_->submit(sample({job("a")}));
  run_->submit(sample({}));
  begun_.get_future().wait();
  EXPECT_FALSE(run_->take(false).has_value());
  EXPECT_FALSE(run_->take(false).has_value()) << "nor the next one, which is complete";
  opened_.set_value();
  const auto first = run_->take(true);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->time, Nanos(1));
  EXPECT_EQ(text(first->threads[0].stack), "a;(native frames missing);probe_start;");
  ASSERT_TRUE(run_->take(false).has_value());
  EXPECT_FALSE(run_->take(true).has_value());
}

TEST_F(NativeRunTest, AJobOfSeveralSamplesIsDoneOnce) {
  start();
  const Job shared = job("a");
  for (int i = 0; i < 3; ++i) run_->submit(sample({shared}));
  const auto first = run_->take(true);
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(shared->submitted && shared->done && shared->merged);
  EXPECT_TRUE(shared->copy.stack.empty()) << "the bytes are not needed any more";
  const std::size_t stacks = stacks_.stack_count();
  shared->copy.python = python("another");  // would show if it were merged again
  for (int i = 0; i < 2; ++i) {
    const auto next = run_->take(true);
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->threads[0].stack, first->threads[0].stack);
    EXPECT_EQ(next->threads[0].native, NativeQuality::kCut);
  }
  EXPECT_EQ(stacks_.stack_count(), stacks + 1);
}

TEST_F(NativeRunTest, AJobThatWasTakenServesLaterSamples) {
  start();
  const Job shared = job("a");
  run_->submit(sample({shared}));
  const auto first = run_->take(true);
  run_->submit(sample({shared}));
  const auto second = run_->take(false);
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(second->threads[0].stack, first->threads[0].stack);
}

TEST_F(NativeRunTest, WhatDoesNotFitLeavesPythonAlone) {
  start();
  const Job wrong = job("a");
  wrong->copy.entries = {{0, kStack - 8}};
  const Job nowhere = job("b");
  nowhere->copy.registers.set(Registers::kInstruction, 42);
  run_->submit(sample({wrong, nowhere}));
  const auto taken = run_->take(true);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(text(taken->threads[0].stack), "a;");
  EXPECT_EQ(text(taken->threads[1].stack), "b;");
  for (const ThreadFacts& facts : taken->threads) EXPECT_EQ(facts.native, NativeQuality::kLost);
}

TEST_F(NativeRunTest, TheSystemCallIsTheInnermostFunction) {
  start();
  const Job blocked = job("a");
  blocked->copy.system_call = kFutexSyscall;
  run_->submit(sample({blocked, job("b")}));
  const auto taken = run_->take(true);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(text(taken->threads[0].stack), "a;(native frames missing);probe_start;futex;");
  EXPECT_EQ(text(taken->threads[1].stack), "b;(native frames missing);probe_start;")
      << "that of one is not that of another";
}

#if defined(__x86_64__)
// At the begin of a function the address to return to lies at the stack pointer.
class OuterPartTest : public NativeRunTest {
 protected:
  // Of a thread that began with probe_start, and came to probe_leaf by way of Python.
  Job called_by_python(const std::string& function, std::vector<std::uint64_t> words) {
    const auto begin_of = [](const char* name) { return (kBase + address_in(GILSPY_PROBE, name)).value(); };
    const std::uint64_t loop = begin_of("probe_build") + 1, first = begin_of("probe_start") + 1,
                        thread = begin_of("probe_thread") + 1;
    Job result = job(function);
    result->copy.registers.set(Registers::kInstruction, begin_of("probe_leaf"));
    for (std::uint64_t& word : words) word = word == 1 ? loop : word == 2 ? first : thread;
    const auto bytes = std::as_bytes(std::span(words));
    result->copy.stack.assign(bytes.begin(), bytes.end());
    result->copy.entries = {{0, kStack + 8}};  // probe_build's
    return result;
  }
  std::string taken(const Job& done, std::uint32_t thread) {
    Sample made = sample({done});
    made.threads[0].thread = ThreadIndex{thread};
    run_->submit(std::move(made));
    return text(run_->take(true)->threads[0].stack);
  }
  static constexpr std::uint64_t kLoop = 1, kFirst = 2, kEnd = 3;
};

TEST_F(OuterPartTest, IsLearnedFromAWholeStackAndPutBeforeOthers) {
  start();
  const Job whole = called_by_python("a", {kLoop, kFirst, kEnd});
  EXPECT_EQ(taken(job("b"), 1), "b;(native frames missing);probe_start;") << "nothing is known yet";
  EXPECT_EQ(taken(whole, 1), "probe_thread;probe_start;a;probe_leaf;");
  EXPECT_EQ(whole->quality, NativeQuality::kWhole);
  EXPECT_EQ(taken(called_by_python("b", {}), 1), "probe_thread;probe_start;b;(native frames missing);probe_leaf;");
  const Job lost = called_by_python("c", {kLoop});
  lost->copy.entries = {{0, kStack - 8}};
  EXPECT_EQ(taken(lost, 1), "probe_thread;probe_start;c;");
  EXPECT_EQ(taken(called_by_python("b", {}), 2), "b;(native frames missing);probe_leaf;") << "another thread";
}

TEST_F(OuterPartTest, IsNotPutBeforeWhatOneHasOfIt) {
  start();
  taken(called_by_python("a", {kLoop, kFirst, kEnd}), 1);
  EXPECT_EQ(taken(called_by_python("b", {kLoop, kFirst}), 1), "probe_thread;probe_start;b;probe_leaf;");
}

TEST_F(OuterPartTest, IsForgottenWithItsThread) {
  start();
  taken(called_by_python("a", {kLoop, kFirst, kEnd}), 1);
  Sample end = sample({});
  end.threads.emplace_back().thread = ThreadIndex{1};
  end.threads.back().ended = true;
  run_->submit(std::move(end));
  run_->take(true);
  EXPECT_EQ(taken(called_by_python("b", {}), 1), "b;(native frames missing);probe_leaf;");
}
#endif

TEST_F(NativeRunTest, EndsThoughJobsAreOpen) {
  start(false);
  std::vector<Job> jobs;
  for (int i = 0; i < 20; ++i) {
    jobs.push_back(job("a"));
    run_->submit(sample({jobs.back()}));
  }
  begun_.get_future().wait();
  std::thread opener([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    opened_.set_value();
  });
  run_.reset();
  opener.join();
  EXPECT_TRUE(jobs.front()->done) << "it had begun";
  EXPECT_FALSE(jobs.back()->done);
}

TEST_F(NativeRunTest, EndsThoughNobodyTookAnything) {
  start();
  for (int i = 0; i < 50; ++i) run_->submit(sample({job("a")}));
  run_.reset();
}

TEST_F(NativeRunTest, SaysWhenManyWait) {
  start();
  for (int i = 0; i < 255; ++i) run_->submit(sample({}));
  EXPECT_FALSE(run_->is_full());
  run_->submit(sample({}));
  EXPECT_TRUE(run_->is_full());
  EXPECT_TRUE(run_->take(false).has_value());
  EXPECT_FALSE(run_->is_full());
}

// As a sampler does it.
TEST_F(NativeRunTest, ManySamples) {
  start();
  int taken = 0;
  const auto check = [&](const Sample& done) {
    EXPECT_EQ(done.time, Nanos(++taken));
    for (const ThreadFacts& facts : done.threads)
      EXPECT_EQ(text(facts.stack), "a;(native frames missing);probe_start;");
  };
  Job shared = job("a");
  for (int i = 0; i < 2000; ++i) {
    if (i % 3 == 0) shared = job("a");
    run_->submit(sample({shared, job("a")}));
    while (const auto done = run_->take(run_->is_full())) check(*done);
  }
  while (const auto done = run_->take(true)) check(*done);
  EXPECT_EQ(taken, 2000);
}

}  // namespace
}  // namespace gilspy::native
