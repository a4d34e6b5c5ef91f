#include "formats/thread_rows/thread_rows.h"

#include <gmock/gmock.h>

#include "sample_profile.h"

namespace gilspy::thread_rows {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::vector<std::string> names_of(const Profile& profile, std::size_t most) {
  std::vector<std::string> names;
  for (const Row& row : rows_of(profile, most)) names.push_back(row.name);
  return names;
}

// Two seconds of so many threads that each did one thing, with this name and a number.
void add(ProfileBuilder& builder, int count, const std::string& name, Activity activity, double seconds = 2) {
  for (int i = 1; i <= count; ++i) builder.spend(builder.thread(name + std::to_string(i)), activity, seconds);
}

TEST(ThreadRows, ThoseThatHeldAndWaitedComeFirst) {
  ProfileBuilder builder(2);
  add(builder, 1, "idle", Activity::kBlocked);
  add(builder, 1, "hasher", Activity::kRunsWithoutGil);
  add(builder, 1, "waiter", Activity::kWaitsForGil);
  EXPECT_THAT(names_of(builder.profile(), 10), ElementsAre("waiter1", "hasher1", "idle1"));
}

// A thread a request: hundreds of rows that each say 100 % of nothing.
TEST(ThreadRows, ShortLivedOnesShareARow) {
  ProfileBuilder builder(2);
  add(builder, 1, "server", Activity::kBlocked);
  add(builder, 1500, "request", Activity::kHoldsGil, 0.001);
  const std::vector<Row> rows = rows_of(builder.profile(), 10);
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].name, "1,500 short-lived");
  EXPECT_EQ(rows[0].tid, std::nullopt);
  EXPECT_EQ(rows[0].seen(), ProfileBuilder::nanos(1.5));
  EXPECT_EQ(rows[0].share({Activity::kHoldsGil}), 1);
}

TEST(ThreadRows, OneAloneKeepsItsName) {
  ProfileBuilder builder(2);
  add(builder, 11, "worker-", Activity::kHoldsGil);
  add(builder, 1, "brief-", Activity::kHoldsGil, 0.01);
  EXPECT_THAT(names_of(builder.profile(), 11), SizeIs(12));
}

TEST(ThreadRows, OfTooManyTheBlockedOnesGoTogether) {
  ProfileBuilder builder(2);
  add(builder, 996, "waiting-", Activity::kBlocked);
  add(builder, 4, "worker-", Activity::kHoldsGil);
  builder.spend(ThreadIndex{0}, Activity::kWaitsForGil, 0.09);  // it started
  EXPECT_THAT(names_of(builder.profile(), 10),
              ElementsAre("worker-1", "worker-2", "worker-3", "worker-4", "996 mostly blocked"));
}

TEST(ThreadRows, TheRestGoesTogether) {
  ProfileBuilder builder(2);
  add(builder, 5, "worker-", Activity::kHoldsGil);
  EXPECT_THAT(names_of(builder.profile(), 3), ElementsAre("worker-1", "worker-2", "worker-3", "and 2 more"));
  EXPECT_THAT(names_of(builder.profile(), 5), SizeIs(5));
}

TEST(ThreadRows, OfSeveralInterpretersTheyAreGroupedByGil) {
  const std::vector<Group> groups = groups_of(interpreters_profile(), 10);
  ASSERT_THAT(groups, SizeIs(2));
  EXPECT_EQ(groups[0].heading, "interpreters 0 and 1 share a GIL: held 95 %, 1.1 threads waiting");
  EXPECT_EQ(groups[1].heading, "interpreter 2, own GIL: held 99 %");
  ASSERT_THAT(groups[0].rows, SizeIs(3));
  EXPECT_EQ(groups[0].rows[0].name, "first");
  EXPECT_EQ(groups[0].rows[0].interpreter, 0);
  EXPECT_EQ(groups[0].rows[1].interpreter, 1);
  ASSERT_THAT(groups[1].rows, SizeIs(2));
  EXPECT_EQ(groups[1].rows[0].name, "third");
  EXPECT_EQ(groups[1].rows[1].interpreter, 2);
  EXPECT_TRUE(has_visitors(groups));
}

TEST(ThreadRows, GilsComeInTheOrderOfInterpreters) {
  Profile profile = interpreters_profile();  // as they are met: the youngest first
  std::swap(profile.gils[0].interpreters, profile.gils[1].interpreters);
  EXPECT_THAT(groups_of(profile, 10).front().heading, ::testing::StartsWith("interpreters 0 and 1"));
}

TEST(ThreadRows, OfOneInterpreterThereIsOneGroup) {
  const Profile profile = serialized_profile();
  const std::vector<Group> groups = groups_of(profile, 3);
  ASSERT_THAT(groups, SizeIs(1));
  EXPECT_EQ(groups[0].heading, "");
  const std::vector<Row> rows = rows_of(profile, 3);
  ASSERT_EQ(groups[0].rows.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(groups[0].rows[i].name, rows[i].name);
  EXPECT_FALSE(has_visitors(groups));
}

// Whoever is elsewhere most of the time is not short-lived.
TEST(ThreadRows, BriefVisitsShareARow) {
  Profile profile = interpreters_profile();
  for (const std::int64_t interpreter : {0, 1}) {
    ThreadProfile visit = profile.threads[2];
    visit.info.interpreter_id = interpreter;
    visit.info.gil = GilIndex{0};
    visit.times = {};
    visit.times[index_of(Activity::kBlocked)] = ProfileBuilder::nanos(0.01);
    profile.threads.push_back(visit);
  }
  const std::vector<Group> groups = groups_of(profile, 10);
  ASSERT_THAT(groups, SizeIs(3));
  EXPECT_EQ(groups[2].heading, "several interpreters");
  ASSERT_THAT(groups[2].rows, SizeIs(1));
  EXPECT_EQ(groups[2].rows[0].name, "2 brief visits");
  EXPECT_EQ(groups[2].rows[0].seen(), ProfileBuilder::nanos(0.02));
}

TEST(ThreadRows, NoTimeIsLostInGroups) {
  Nanos grouped{0}, all{0};
  for (const Group& group : groups_of(interpreters_profile(), 2)) {
    for (const Row& row : group.rows) grouped += row.seen();
  }
  for (const ThreadProfile& thread : interpreters_profile().threads) {
    for (const Nanos time : thread.times) all += time;
  }
  EXPECT_EQ(grouped, all);
}

TEST(ThreadRows, WithoutANameThatIsSaid) {
  ProfileBuilder builder(2);
  builder.spend(builder.thread(""), Activity::kHoldsGil, 2);
  EXPECT_THAT(names_of(builder.profile(), 3), ElementsAre("(unnamed)"));
}

}  // namespace
}  // namespace gilspy::thread_rows
