#include "run_watch.h"

#include <gmock/gmock.h>

#include "platform/replay/fake_target.h"

namespace gilspy::cli {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NamedThreads final : public Sampler {
 public:
  Result<void> tick(Nanos, Sample&) override { return {}; }
  void glance(Nanos) override {}
  bool takes_turns() const override { return false; }
  std::vector<InterpreterInfo> interpreters() const override { return found; }
  void show_tasks(AsyncTasks) override {}
  Result<void> show_native() override { return {}; }
  std::vector<TaskState> tasks() override { return {}; }
  StackVariables variables(ThreadIndex, VariableDetail) override { return {}; }
  const ThreadInfo& thread(ThreadIndex index) const override { return threads.at(to_int(index)); }

  std::vector<ThreadInfo> threads;
  std::vector<InterpreterInfo> found;
};

ThreadInfo thread_of(std::uint32_t index, const std::string& name) {
  ThreadInfo info;
  info.index = ThreadIndex{index};
  info.name = name;
  return info;
}

Sample starting(std::vector<ThreadInfo> threads) {
  Sample sample;
  sample.gils.emplace_back();
  sample.started = std::move(threads);
  return sample;
}

Sample ending(std::uint32_t thread) {
  Sample sample = starting({});
  sample.threads.emplace_back();
  sample.threads.back().thread = ThreadIndex{thread};
  sample.threads.back().ended = true;
  return sample;
}

std::vector<std::string> names_of(const RunUpdate& update) {
  std::vector<std::string> names;
  for (const ThreadInfo& info : update.threads) names.push_back(info.name);
  return names;
}

TEST(RunWatch, CountsAllGlancesAndTellsEachReadingOfTheCpuOnce) {
  NamedThreads sampler;
  FakeTarget target;
  RunWatch watch;
  const auto look = [&](Nanos at, Nanos cpu) {
    target.set_cpu_time(cpu);
    watch.look_at_cpu(target, at);
  };
  watch.count_glance();
  look(1s, 10ms);
  look(2s, 30ms);
  const RunUpdate first = watch.take(sampler);
  EXPECT_EQ(first.glances, 1U);
  EXPECT_THAT(first.cpu, ElementsAre(CpuReading{1s, 10ms}, CpuReading{2s, 30ms}));
  watch.count_glance();
  look(3s, 40ms);
  const RunUpdate second = watch.take(sampler);
  EXPECT_EQ(second.glances, 2U);
  EXPECT_THAT(second.cpu, ElementsAre(CpuReading{3s, 40ms}));
  EXPECT_EQ(second.first_cpu, (CpuReading{1s, 10ms}));
  EXPECT_EQ(second.last_cpu, (CpuReading{3s, 40ms}));
}

TEST(RunWatch, TellsANameOnceWhenItBecomesKnown) {
  NamedThreads sampler;
  sampler.threads = {thread_of(0, "python"), thread_of(1, "python")};
  RunWatch watch;
  watch.add(starting(sampler.threads));
  EXPECT_THAT(names_of(watch.take(sampler)), IsEmpty());
  sampler.threads[1].name = "worker";
  EXPECT_THAT(names_of(watch.take(sampler)), ElementsAre("worker"));
  EXPECT_THAT(names_of(watch.take(sampler)), IsEmpty());
}

TEST(RunWatch, TellsTheNameOfAThreadThatHasJustEnded) {
  NamedThreads sampler;
  sampler.threads = {thread_of(0, "python")};
  RunWatch watch;
  watch.add(starting(sampler.threads));
  sampler.threads[0].name = "short-lived";
  watch.add(ending(0));
  EXPECT_THAT(names_of(watch.take(sampler)), ElementsAre("short-lived"));
  sampler.threads[0].name = "nobody asks any more";
  EXPECT_THAT(names_of(watch.take(sampler)), IsEmpty());
}

TEST(RunWatch, AThreadThatComesBackIsWatchedOn) {
  NamedThreads sampler;
  sampler.threads = {thread_of(0, "python")};
  RunWatch watch;
  watch.add(starting(sampler.threads));
  watch.add(ending(0));
  watch.add(starting(sampler.threads));
  EXPECT_THAT(names_of(watch.take(sampler)), IsEmpty());
  sampler.threads[0].name = "back";
  EXPECT_THAT(names_of(watch.take(sampler)), ElementsAre("back"));
}

TEST(RunWatch, LateTicksAreCountedWithHowLateTheyWere) {
  NamedThreads sampler;
  RunWatch watch;
  EXPECT_EQ(watch.take(sampler).lateness, Spread{});
  for (int i = 1; i <= 3; ++i) watch.count_late(std::chrono::milliseconds(i * i));
  const RunUpdate update = watch.take(sampler);
  EXPECT_EQ(update.late, 3u);
  EXPECT_EQ(update.lateness.count, 3u);
  EXPECT_EQ(update.lateness.longest, std::chrono::milliseconds(9));
  EXPECT_NEAR(double(update.lateness.median.count()), 4e6, 4e6 / 16);
}

TEST(RunWatch, AFailedTickToldNothing) {
  NamedThreads sampler;
  sampler.threads = {thread_of(0, "renamed")};
  Sample failed = starting({thread_of(0, "python")});
  failed.failed = true;
  RunWatch watch;
  watch.add(failed);
  EXPECT_THAT(names_of(watch.take(sampler)), IsEmpty());
}

// An interpreter can be found at a tick that then fails: no sample has told of its GIL.
TEST(RunWatch, AnInterpreterIsToldWhenItsGilIs) {
  NamedThreads sampler;
  sampler.found = {{0, GilIndex{0}}, {1, GilIndex{1}}};
  RunWatch watch;
  watch.add(starting({}));
  EXPECT_EQ(watch.take(sampler).interpreters.size(), 1u);
  Sample sample = starting({});
  sample.gils.emplace_back();
  watch.add(sample);
  const RunUpdate update = watch.take(sampler);
  ASSERT_EQ(update.interpreters.size(), 1u);
  EXPECT_EQ(update.interpreters.front().id, 1);
}

}  // namespace
}  // namespace gilspy::cli
