// What a run reads, its recording gives back: the same samples, and the same profile from them.
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "files.h"
#include "formats/recording/recording_reader.h"
#include "formats/recording/recording_sink.h"
#include "same.h"
#include "sample_maker.h"
#include "src/cli/profile_builder.h"

namespace gilspy::recording {
namespace {

struct MadeUpRun {
  std::vector<Sample> samples;
  Profile profile;  // as the run itself sees it
  std::string file;
};

MadeUpRun make_run(unsigned seed, int ticks, const std::string& end_note = "") {
  SampleMaker maker(seed);
  MadeUpRun run;
  MemoryFile file;
  OneProcess sink(file, maker.stacks);
  cli::ProfileBuilder builder;
  sink.begin(made_up_facts());
  builder.begin(made_up_facts());
  for (int tick = 0; tick < ticks; ++tick) {
    run.samples.push_back(maker.next());
    sink.add(run.samples.back());
    builder.add(run.samples.back());
    if (tick % 50 != 49) continue;
    RunUpdate update = made_up_update(static_cast<std::uint64_t>(tick));
    update.threads = maker.rename();
    update.interpreters.push_back({tick, GilIndex{0}});
    builder.update(update);
    sink.end_block(update);
  }
  const RunUpdate last = made_up_update(static_cast<std::uint64_t>(ticks));
  builder.update(last);
  EXPECT_TRUE(sink.end(last, end_note).has_value());
  EXPECT_TRUE(file.closed);
  run.profile = builder.finish(std::move(maker.stacks), end_note);
  run.file = std::move(file.text);
  return run;
}

class RoundTrip : public ::testing::TestWithParam<unsigned> {};

TEST_P(RoundTrip, GivesTheSamplesBack) {
  const MadeUpRun run = make_run(GetParam(), 400);
  MemorySource source(run.file);
  const auto reader = RecordingReader::open(source);
  ASSERT_TRUE(reader.has_value()) << reader.error().message();
  std::size_t count = 0;
  for (auto item = (*reader)->next(); item != RecordingReader::Item::kEnd; item = (*reader)->next()) {
    if (item != RecordingReader::Item::kSample) continue;
    ASSERT_LT(count, run.samples.size());
    expect_same((*reader)->sample(), run.samples[count++]);
    if (HasFailure()) return;
  }
  EXPECT_EQ(count, run.samples.size());
  EXPECT_TRUE((*reader)->ending().complete) << (*reader)->ending().note;
}

// What is in neither profile is the same in both.
void expect_something_everywhere(const Profile& profile) {
  const auto some = [](const auto& lists) {
    return !std::ranges::all_of(lists, [](const auto& l) { return l.empty(); });
  };
  EXPECT_TRUE(some(profile.timeline.lanes));
  EXPECT_TRUE(some(profile.timeline.tenures));
  EXPECT_FALSE(profile.timeline.cpus.empty());
  EXPECT_GT(profile.quality.glances, 0U);
  EXPECT_GT(profile.cpu_time, Nanos{0});
}

TEST_P(RoundTrip, GivesTheSameProfile) {
  const MadeUpRun run = make_run(GetParam(), 333, "the process ended");
  expect_something_everywhere(run.profile);
  const auto replayed = replay_text(run.file);
  ASSERT_TRUE(replayed.has_value()) << replayed.error().message();
  EXPECT_TRUE(replayed->complete);
  expect_same(replayed->profile, run.profile);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RoundTrip, ::testing::Range(0U, 20U));

TEST(Recording, CarriesWhatIsKnownOfTheRun) {
  const MadeUpRun run = make_run(1, 10);
  MemorySource source(run.file);
  const auto reader = RecordingReader::open(source);
  ASSERT_TRUE(reader.has_value());
  const RunFacts expected = made_up_facts();
  const RunFacts& facts = (*reader)->facts();
  EXPECT_EQ(facts.gilspy_version, expected.gilspy_version);
  EXPECT_EQ(facts.identity.command, expected.identity.command);
  EXPECT_EQ(facts.wall_minus_clock, expected.wall_minus_clock);
  EXPECT_EQ(facts.stopping, expected.stopping);
  EXPECT_EQ(facts.gil_set_by, expected.gil_set_by);
}

// A thread's name of the update before does not outlive the thread: the index may come back with another.
TEST(Recording, AThreadThatComesBackIsNamedAnew) {
  SampleMaker maker(0);
  cli::ProfileBuilder builder;
  Sample first = maker.next();
  builder.add(first);
  RunUpdate update;
  update.threads = {first.started.front()};
  update.threads.front().name = "renamed";
  builder.update(update);
  Sample second = first;
  second.started.front().name = "back";
  builder.add(second);
  EXPECT_EQ(builder.finish(StackTable(), "").threads.front().info.name, "back");
}

// Thousands of new stacks at one tick fill blocks of their own.
TEST(Recording, ManyStacksAtOnceAreSplit) {
  SampleMaker maker(3);
  Sample sample = maker.next();
  for (int i = 0; i < 200'000; ++i) {
    const FrameId frame = maker.stacks.intern({"function_" + std::to_string(i), "file.py", i, 1});
    maker.stacks.child(kNoStack, frame);
  }
  MemoryFile file;
  OneProcess sink(file, maker.stacks);
  sink.begin(made_up_facts());
  sink.add(sample);
  EXPECT_FALSE(sink.block_is_full());
  ASSERT_TRUE(sink.end({}, "").has_value());
  const auto replayed = replay_text(file.text);
  ASSERT_TRUE(replayed.has_value()) << replayed.error().message();
  EXPECT_TRUE(replayed->complete);
  expect_same(replayed->profile.table, maker.stacks);
}

TEST(Recording, ABlockFillsUpWhereTicksComeFast) {
  SampleMaker maker(4);
  MemoryFile file;
  OneProcess sink(file, maker.stacks);
  sink.begin(made_up_facts());
  int ticks = 0;
  for (; !sink.block_is_full() && ticks < 1'000'000; ++ticks) sink.add(maker.next());
  EXPECT_GT(ticks, 1000);
  EXPECT_LT(ticks, 1'000'000);
  sink.end_block({});
  EXPECT_FALSE(sink.block_is_full());
  ASSERT_TRUE(sink.end({}, "").has_value());
  EXPECT_TRUE(replay_text(file.text)->complete);
}

TEST(Recording, NothingIsWrittenBeforeTheFirstBlock) {
  StackTable stacks;
  MemoryFile file;
  {
    OneProcess sink(file, stacks);
    sink.begin(made_up_facts());
  }
  EXPECT_EQ(file.text, "");
}

std::atomic<int> signals_taken{0};

// One that comes while the sampling thread has to finish something waits until that thread takes it.
TEST(Recording, SignalsDoNotGoToTheThreadThatWrites) {
  ::signal(SIGUSR1, [](int) { ++signals_taken; });
  StackTable stacks;
  MemoryFile file;
  const OneProcess sink(file, stacks);
  sigset_t one, before;
  ::sigemptyset(&one);
  ::sigaddset(&one, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &one, &before);
  EXPECT_EQ(::sigismember(&before, SIGTSTP), 0);
  ::kill(::getpid(), SIGUSR1);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(signals_taken, 0);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  for (int i = 0; i < 1000 && signals_taken == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(signals_taken, 1);
  ::signal(SIGUSR1, SIG_DFL);
}

TEST(Recording, OnAFullDiskKeepsTheBlocksBefore) {
  SampleMaker maker(5);
  MemoryFile file(20'000);
  OneProcess sink(file, maker.stacks);
  sink.begin(made_up_facts());
  for (int block = 0; block < 1000 && !sink.failed(); ++block) {
    for (int tick = 0; tick < 50; ++tick) sink.add(maker.next());
    sink.end_block(made_up_update(1));
  }
  EXPECT_TRUE(sink.failed());
  const auto ended = sink.end({}, "");
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().code(), ErrorCode::kCannotWrite);
  EXPECT_GT(sink.written_until(), Nanos{0});
  const auto replayed = replay_text(file.text);
  ASSERT_TRUE(replayed.has_value()) << replayed.error().message();
  EXPECT_FALSE(replayed->complete);
  EXPECT_EQ(replayed->profile.duration, sink.written_until());
}

}  // namespace
}  // namespace gilspy::recording
