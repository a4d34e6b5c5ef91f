#include "formats/stack_view/stack_view.h"

#include <gmock/gmock.h>

#include <numeric>

#include "formats/stack_view/frame_text.h"
#include "sample_profile.h"

namespace gilspy::stack_view {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> stacks(const Profile& profile, const RenderOptions& options) {
  std::vector<std::string> stacks;
  for (const Line& line : fold(profile, options)) stacks.push_back(line.stack);
  return stacks;
}

std::uint64_t sum(const std::vector<Line>& lines) {
  return std::accumulate(lines.begin(), lines.end(), std::uint64_t{0},
                         [](std::uint64_t total, const Line& line) { return total + line.microseconds; });
}

// Microseconds of some activities, rounded once.
std::uint64_t expected(const Profile& profile, const std::vector<Activity>& activities) {
  std::int64_t nanoseconds = 0;
  for (const ThreadProfile& thread : profile.threads) {
    for (const Activity activity : activities) nanoseconds += thread.times[index_of(activity)].count();
  }
  return static_cast<std::uint64_t>((nanoseconds + 500) / 1000);
}

TEST(StackView, EveryViewConservesItsThreadTime) {
  for (const Profile& profile : {serialized_profile(), mixed_profile()}) {
    for (const bool by_thread : {false, true}) {
      RenderOptions options;
      options.by_thread = by_thread;
      options.include_blocked = true;
      EXPECT_EQ(sum(fold(profile, options)), expected(profile, {kActivities.begin(), kActivities.end()}));
      options.view = View::kHeld;
      EXPECT_EQ(sum(fold(profile, options)), expected(profile, {Activity::kHoldsGil, Activity::kHoldsGilOffCpu}));
      options.view = View::kWait;
      EXPECT_EQ(sum(fold(profile, options)), expected(profile, {Activity::kWaitsForGil}));
      options.view = View::kBlame;
      EXPECT_EQ(sum(fold(profile, options)), expected(profile, {Activity::kWaitsForGil}));
    }
  }
}

TEST(StackView, RoundingLosesNothingOverManySmallRows) {
  ProfileBuilder builder(1);
  const ThreadIndex thread = builder.thread("t");
  for (int i = 0; i < 999; ++i) {
    builder.spend(thread, Activity::kHoldsGil, 333e-9, builder.stack({{"f" + std::to_string(i), "a.py", 1, 1}}));
  }
  EXPECT_EQ(sum(fold(builder.profile(), {})), 333u);  // 332,667 ns
}

TEST(StackView, BlockedTimeIsShownOnRequestOnly) {
  const Profile profile = mixed_profile();
  EXPECT_THAT(stacks(profile, {}), Each(Not(StartsWith("blocked"))));
  RenderOptions options;
  options.include_blocked = true;
  EXPECT_THAT(stacks(profile, options), Contains("blocked;Thread.run (threading.py:994);sleep (serve.py:80)"));
}

TEST(StackView, UnknownTimeIsNeverHidden) {
  EXPECT_THAT(stacks(mixed_profile(), {}), Contains("unknown;(no Python frame)"));
}

TEST(StackView, HeldHasNoActivityFrame) {
  RenderOptions options;
  options.view = View::kHeld;
  EXPECT_THAT(stacks(serialized_profile(), options),
              ElementsAre("Thread.run (threading.py:982);count (primes.py:16)",
                          "Thread.run (threading.py:982);count (primes.py:16);is_prime (primes.py:7)",
                          "Thread.run (threading.py:982);count (primes.py:16);is_prime (primes.py:8)"));
}

TEST(StackView, BlameShowsTheHolderAndWhoWaitedForIt) {
  RenderOptions options;
  options.view = View::kBlame;
  EXPECT_THAT(stacks(mixed_profile(), options),
              ElementsAre("(hand-off);waiting: spin (serve.py:40)", "(no Python frame);waiting: (no Python frame)",
                          "Thread.run (threading.py:994);sleep_in_c (serve.py:20);waiting: digest (box/hash.py:5)",
                          "Thread.run (threading.py:994);sleep_in_c (serve.py:20);waiting: spin (serve.py:40)",
                          "Thread.run (threading.py:994);spin (serve.py:40);waiting: sleep_in_c (serve.py:20)"));
}

TEST(StackView, TheThreadComesBeforeTheActivity) {
  RenderOptions options;
  options.by_thread = true;
  EXPECT_THAT(
      stacks(mixed_profile(), options),
      Contains(
          "hog (21033, interpreter 0);holds the GIL off CPU;Thread.run (threading.py:994);sleep_in_c (serve.py:20)"));
  options.view = View::kBlame;
  EXPECT_THAT(stacks(mixed_profile(), options), Contains(StartsWith("hog (21033, interpreter 0);Thread.run")));
  EXPECT_THAT(stacks(mixed_profile(), options), Contains(StartsWith("(hand-off);waiting")));
}

TEST(StackView, LinesAndFilesAsAsked) {
  ProfileBuilder builder(1);
  const Frame frame{"is_prime", "/home/ann/lab/primes.py", 7, 4},
      other_line{"is_prime", "/home/ann/lab/primes.py", 8, 4};
  const ThreadIndex thread = builder.thread("t");
  builder.spend(thread, Activity::kHoldsGil, 0.1, builder.stack({frame}));
  builder.spend(thread, Activity::kHoldsGil, 0.2, builder.stack({other_line}));
  RenderOptions options;
  options.view = View::kHeld;
  EXPECT_THAT(stacks(builder.profile(), options), ElementsAre("is_prime (primes.py:7)", "is_prime (primes.py:8)"));
  options.by_function = true;
  EXPECT_THAT(stacks(builder.profile(), options), ElementsAre("is_prime (primes.py:4)"));
  options.line_numbers = false;
  EXPECT_THAT(stacks(builder.profile(), options), ElementsAre("is_prime (primes.py)"));
  options.full_filenames = true;
  EXPECT_THAT(stacks(builder.profile(), options), ElementsAre("is_prime (/home/ann/lab/primes.py)"));
  EXPECT_EQ(fold(builder.profile(), options).front().microseconds, 300'000u);
}

TEST(StackView, TasksThatWaitStandBesideThreads) {
  ProfileBuilder builder(1);
  const ThreadIndex thread = builder.thread("t");
  builder.spend(thread, Activity::kBlocked, 1, builder.stack({{"run", "/srv/app.py", 9, 1}}));
  Profile profile = builder.profile();
  profile.tasks.push_back(
      {thread, builder.stack({{"task fetch", "", 0, 0}, {"fetch", "/srv/app.py", 5, 4}}), ProfileBuilder::nanos(2.5)});
  profile.table = builder.profile().table;
  EXPECT_THAT(stacks(profile, {}), ElementsAre("tasks that wait;task fetch;fetch (/srv/app.py:5)"));
  EXPECT_EQ(fold(profile, {}).front().microseconds, 2'500'000u);
  RenderOptions options;
  options.view = View::kHeld;
  EXPECT_THAT(fold(profile, options), IsEmpty());
}

TEST(StackView, NothingSeenIsNoLine) {
  EXPECT_THAT(fold(Profile{}, {}), IsEmpty());
  ProfileBuilder builder(1);
  builder.spend(builder.thread("t"), Activity::kHoldsGil, 0);
  EXPECT_THAT(fold(builder.profile(), {}), IsEmpty());
}

struct NameCase {
  const char* name;
  const char* text;
};

class SafeFrame : public ::testing::TestWithParam<NameCase> {};

TEST_P(SafeFrame, MeansTheSameToEveryReader) { EXPECT_EQ(safe_frame(GetParam().name), GetParam().text); }

INSTANTIATE_TEST_SUITE_P(Names, SafeFrame,
                         ::testing::Values(NameCase{"plain", "plain"}, NameCase{"a;b", "a,b"},
                                           NameCase{"a\nb\tc", "a b c"}, NameCase{"", "(no name)"},
                                           NameCase{" \n ", "(no name)"}, NameCase{"Thread 2", "Thread_2"},
                                           NameCase{"f 1.5", "f_1.5"}, NameCase{"12", "12"},
                                           NameCase{"Thread-2", "Thread-2"}, NameCase{"a 2\r\n", "a_2"},
                                           NameCase{"# x", "#_x"}, NameCase{"#x", "#x"}, NameCase{"\xff", "\ufffd"},
                                           NameCase{"ä 🐍", "ä 🐍"}));

TEST(StackView, ThreadsWithoutANameAreStillThreads) {
  ThreadProfile thread;
  thread.info.tid = Tid{7};
  EXPECT_EQ(thread_text({}, thread), "(unnamed) (7)");
  thread.info.name = "a;b";
  EXPECT_EQ(thread_text({}, thread), "a,b (7)");
  const Profile several = interpreters_profile();
  EXPECT_EQ(thread_text(several, several.threads[1]), "second (21034, interpreter 1)");
}

}  // namespace
}  // namespace gilspy::stack_view
