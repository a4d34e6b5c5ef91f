// The timeline told in order: nothing is lost, nothing comes too early, and moments are shared out by time.
#include <gmock/gmock.h>

#include <array>
#include <map>
#include <tuple>
#include <vector>

#include "holders.h"
#include "names.h"
#include "tests/formats/timeline_scenarios.h"
#include "walk.h"

namespace gilspy::timeline_walk {
namespace {

using std::chrono_literals::operator""ms;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class Listener : public Visitor {
 public:
  void begin(const State& state) override {
    moment(state.from);
    ++open[state.thread];
    EXPECT_EQ(open[state.thread], 1) << "two at once";
  }
  void end(const State& state) override {
    moment(state.to);
    --open[state.thread];
    times[{state.thread, state.activity}] += state.to - state.from;
  }
  void begin(const Holding& holding) override {
    moment(holding.tenure.from);
    handed_over += holding.handed_over ? 1 : 0;
    handed_on += holding.handed_on ? 1 : 0;
    numbers.push_back(holding.number);
  }
  void end(const Holding& holding) override {
    moment(holding.tenure.to);
    held[holding.tenure.holder] += holding.tenure.to - holding.tenure.from;
  }
  void shot(const Shot& shot) override {
    moment(shot.at);
    ++shots[{shot.thread, shot.activity}];
  }
  void waiters(GilIndex gil, Nanos at, std::uint32_t count) override {
    waited[gil] += (at - counted[gil].first) * counted[gil].second;
    counted[gil] = {at, count};
    counts.emplace_back(at, count);
  }
  void cpus(Nanos at, double count) override { used.emplace_back(at, count); }

  std::map<ThreadIndex, int> open;
  std::map<std::pair<ThreadIndex, Activity>, Nanos> times;
  std::map<std::pair<ThreadIndex, Activity>, int> shots;
  std::map<ThreadIndex, Nanos> held;
  std::map<GilIndex, Nanos> waited;
  std::vector<std::pair<Nanos, std::uint32_t>> counts;
  std::vector<std::pair<Nanos, double>> used;
  std::vector<std::uint64_t> numbers;
  int handed_over = 0, handed_on = 0;

 private:
  void moment(Nanos at) {
    EXPECT_GE(at, last_);
    last_ = at;
  }
  Nanos last_{0};
  std::map<GilIndex, std::pair<Nanos, std::uint32_t>> counted;
};

Listener told(const Profile& profile, const Options& options = {}) {
  Listener listener;
  walk(profile, options, listener);
  return listener;
}

class Scenarios : public ::testing::TestWithParam<Profile (*)()> {};

TEST_P(Scenarios, TimesAreThoseOfTheProfile) {
  const Profile profile = GetParam()();
  const Listener listener = told(profile);
  for (const ThreadProfile& thread : profile.threads) {
    for (const Activity activity : kActivities) {
      const auto found = listener.times.find({thread.info.index, activity});
      EXPECT_EQ(found == listener.times.end() ? Nanos{0} : found->second, thread.times[index_of(activity)])
          << thread.info.name << " " << words(activity);
    }
  }
}

TEST_P(Scenarios, WaitersAddUpToTheWaiting) {
  const Profile profile = GetParam()();
  const Listener listener = told(profile);
  std::map<GilIndex, Nanos> waited;
  for (const ThreadProfile& thread : profile.threads) {
    waited[thread.info.gil] += thread.times[index_of(Activity::kWaitsForGil)];
  }
  for (const auto& [gil, time] : listener.waited) EXPECT_EQ(time, waited[gil]);
  EXPECT_EQ(listener.waited.size(), waited.size());
}

TEST_P(Scenarios, HoldersAreThoseOfTheTenures) {
  const Profile profile = GetParam()();
  const Listener listener = told(profile);
  for (const ThreadProfile& thread : profile.threads) {
    const auto found = listener.held.find(thread.info.index);
    EXPECT_EQ(found == listener.held.end() ? Nanos{0} : found->second, thread.times[index_of(Activity::kHoldsGil)]);
  }
  EXPECT_EQ(listener.handed_on, listener.handed_over);
  EXPECT_GT(listener.handed_on, 0);
  const std::set<std::uint64_t> numbers(listener.numbers.begin(), listener.numbers.end());
  EXPECT_EQ(numbers.size(), listener.numbers.size());
}

TEST_P(Scenarios, ShotsAreTheTimesRounded) {
  const Profile profile = GetParam()();
  const Nanos distance = 7ms;
  const Listener listener = told(profile, {.shots = distance, .shoot_blocked = true});
  for (const auto& [key, time] : listener.times) {
    const auto found = listener.shots.find(key);
    const int shots = found == listener.shots.end() ? 0 : found->second;
    EXPECT_EQ(shots, (time + distance / 2) / distance) << words(key.second);
  }
}

INSTANTIATE_TEST_SUITE_P(Timelines, Scenarios,
                         ::testing::Values([] { return turns_timeline(4, 1.0); }, hostile_timeline));

// a: holds 0-10, waits 10-30; b: waits 0-10, holds 10-20, blocked 20-30; a holds again 30-40
Profile little() {
  Scenario scenario(0.04);
  const ThreadIndex a = scenario.thread("a"), b = scenario.thread("b");
  const StackId one = scenario.stack({{"f", "f.py", 1, 1}}), two = scenario.stack({{"g", "f.py", 2, 2}});
  scenario.add(a, Activity::kHoldsGil, 0ms, 4ms, one);
  scenario.add(a, Activity::kHoldsGil, 4ms, 10ms, two);
  scenario.add(a, Activity::kWaitsForGil, 10ms, 30ms, two);
  scenario.add(a, Activity::kHoldsGil, 30ms, 40ms, two);
  scenario.add(b, Activity::kWaitsForGil, 0ms, 10ms, one);
  scenario.add(b, Activity::kHoldsGil, 10ms, 20ms, one);
  scenario.add(b, Activity::kBlocked, 20ms, 30ms, one);
  return scenario.finish(1.0);
}

TEST(TimelineWalk, StretchesOfOneActivityAreOneState) {
  class States : public Visitor {
   public:
    void begin(const State& state) override { seen.emplace_back(state.from, state.to); }
    std::vector<std::pair<Nanos, Nanos>> seen;
  } states;
  walk(little(), {}, states);
  EXPECT_THAT(states.seen, ElementsAre(Pair(0ms, 10ms), Pair(0ms, 10ms), Pair(10ms, 30ms), Pair(10ms, 20ms),
                                       Pair(20ms, 30ms), Pair(30ms, 40ms)));
}

TEST(TimelineWalk, WaitersAreToldWhenTheyChange) {
  EXPECT_THAT(told(little()).counts, ElementsAre(Pair(0ms, 1), Pair(10ms, 1), Pair(30ms, 0)));
}

TEST(TimelineWalk, HandOffs) {
  const Listener listener = told(little());
  EXPECT_EQ(listener.handed_on, 2);
  EXPECT_THAT(listener.numbers, ElementsAre(1, 2, 3));
}

TEST(TimelineWalk, WhoTakesItAgainIsHandedNothing) {
  Profile profile = little();
  profile.timeline.tenures.front()[1].holder = ThreadIndex{0};
  EXPECT_EQ(told(profile).handed_on, 0);
}

TEST(TimelineWalk, HolesInTheUseOfCpusAreZero) {
  Profile profile = little();
  profile.timeline.cpus = {{0ms, 10ms, 1.5}, {10ms, 20ms, 1.0}, {30ms, 40ms, 2.0}};
  EXPECT_THAT(told(profile).used,
              ElementsAre(Pair(0ms, 1.5), Pair(10ms, 1.0), Pair(20ms, 0.0), Pair(30ms, 2.0), Pair(40ms, 0.0)));
}

TEST(TimelineWalk, BlockedThreadsAreShotIfAskedFor) {
  const Listener without = told(little(), {.shots = 1ms});
  const Listener with = told(little(), {.shots = 1ms, .shoot_blocked = true});
  EXPECT_EQ(without.shots.count({ThreadIndex{1}, Activity::kBlocked}), 0u);
  EXPECT_EQ(with.shots.at({ThreadIndex{1}, Activity::kBlocked}), 10);
}

TEST(TimelineWalk, ShotsAreAsFarApartAsSamplesOrFarther) {
  Profile profile = little();
  profile.quality.rate_hz = 500;
  EXPECT_EQ(distance_of_shots(profile, false, 1000), 2ms);
  EXPECT_EQ(distance_of_shots(profile, false, 6), 10ms);  // 60 ms of thread-time
  EXPECT_EQ(distance_of_shots(profile, true, 7), 10ms);   // 70 ms
  profile.quality.rate_hz = 0;
  profile.quality.ticks = 40;
  EXPECT_EQ(distance_of_shots(profile, false, 1000), 1ms);
}

TEST(TimelineWalk, NothingToTell) {
  const Listener listener = told(Profile{}, {.shots = 1ms});
  EXPECT_THAT(listener.times, IsEmpty());
  EXPECT_THAT(listener.counts, IsEmpty());
  EXPECT_EQ(distance_of_shots(Profile{}, true, 10), 0ms);
  EXPECT_EQ(distance_of_ticks(Profile{}), 0ms);
}

TEST(TimelineNames, OfThreadsProcessesAndInterpreters) {
  ThreadInfo thread;
  EXPECT_EQ(thread_name(thread), "(unnamed)");
  thread.name = "a;b\nc\xff";
  thread.tid = Tid{7};
  EXPECT_EQ(thread_name(thread), "a;b\nc\xef\xbf\xbd");
  EXPECT_EQ(holder_name(thread), "a;b\nc\xef\xbf\xbd (7)");
  TargetFacts target;
  EXPECT_EQ(process_name(target), "python");
  target.command = {"python", "x.py"};
  EXPECT_EQ(process_name(target), "python x.py");
  GilProfile gil;
  gil.interpreters = {3};
  EXPECT_EQ(interpreters_name(gil), "interpreter 3");
  gil.interpreters = {0, 3};
  EXPECT_EQ(interpreters_name(gil), "interpreters 0 and 3");
}

Profile of_two_processes() {
  Profile profile = little();
  profile.threads[1].process = 1;
  profile.threads[1].info.gil = GilIndex{1};
  GilProfile gil = profile.gils.front();
  gil.index = GilIndex{1};
  gil.process = 1;
  profile.gils.push_back(gil);
  profile.processes.resize(2);
  profile.processes[0].target.pid = Pid{10};
  profile.processes[1].target.pid = Pid{11};
  return profile;
}

TEST(TimelineNames, OnlyWhatThereAreSeveralOfIsTold) {
  const Profile one = little(), two = of_two_processes();
  EXPECT_EQ(of_process(one, 0), "");
  EXPECT_EQ(of_process(two, 1), " of process 11");
  EXPECT_EQ(process_count(one), 1u);
  EXPECT_EQ(process_count(two), 2u);
  for (const GilProfile& gil : two.gils) EXPECT_EQ(of_interpreters(two, gil), "");  // each process has one GIL
  Profile visited = little();
  visited.gils.push_back(visited.gils.front());
  visited.gils.back().interpreters = {1};
  EXPECT_EQ(of_interpreters(visited, visited.gils.back()), " of interpreter 1");
}

TEST(Holders, WhoHadItLongestMeanwhile) {
  const Profile profile = little();
  const ThreadIndex a{0}, b{1};
  Holders holders(profile);
  EXPECT_EQ(holders.longest(GilIndex{0}, {0ms, 10ms}, b), a);
  EXPECT_EQ(holders.longest(GilIndex{0}, {8ms, 13ms}, ThreadIndex{7}), b);
  EXPECT_EQ(holders.longest(GilIndex{0}, {10ms, 30ms}, a), b);
  EXPECT_EQ(holders.longest(GilIndex{0}, {20ms, 30ms}, b), Blame::kNobody);  // it was handed over all the time
  EXPECT_EQ(holders.longest(GilIndex{0}, {25ms, 40ms}, a), Blame::kNobody);  // nobody waits for himself
  EXPECT_EQ(holders.longest(GilIndex{3}, {0ms, 10ms}, b), Blame::kNobody);
}

TEST(TimelineNames, CoarsenedTimelinesSaySo) {
  Timeline timeline;
  EXPECT_EQ(coarseness(timeline), "");
  timeline.window = 16ms;
  EXPECT_THAT(coarseness(timeline), ::testing::HasSubstr("windows of 16 ms"));
  EXPECT_EQ(coarseness_of_turns(timeline), "");
  timeline.turns_window = 64ms;
  EXPECT_THAT(coarseness_of_turns(timeline), ::testing::HasSubstr("windows of 64 ms"));
}

}  // namespace
}  // namespace gilspy::timeline_walk
