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

TEST(ThreadRows, WithoutANameThatIsSaid) {
  ProfileBuilder builder(2);
  builder.spend(builder.thread(""), Activity::kHoldsGil, 2);
  EXPECT_THAT(names_of(builder.profile(), 3), ElementsAre("(unnamed)"));
}

}  // namespace
}  // namespace gilspy::thread_rows
