#include "fit.h"

#include <gtest/gtest.h>

#include <vector>

namespace gilspy::timeline_walk {
namespace {

using std::chrono::milliseconds;

std::uint64_t count(const Lane& lane) { return lane.size(); }

// Turns of a fifth of a millisecond, with one of two stacks.
Profile restless(int turns) {
  Profile profile;
  Lane& lane = profile.timeline.lanes.emplace_back();
  const Nanos turn = Nanos(milliseconds(1)) / 5;
  for (int i = 0; i < turns; ++i) {
    lane.push_back({i * turn, (i + 1) * turn, StackId(static_cast<std::uint32_t>(i % 2)), Activity::kHoldsGil});
  }
  profile.duration = turns * turn;
  return profile;
}

TEST(WindowFor, WhatFitsStaysAsItIs) {
  EXPECT_EQ(window_for(restless(100), 100, count), Nanos{0});
  EXPECT_EQ(window_for(Profile{}, 0, count), Nanos{0});
}

TEST(WindowFor, IsTheSmallestThatFits) {
  const Profile profile = restless(1000);  // 200 ms
  EXPECT_EQ(window_for(profile, 999, count), milliseconds(1));
  const Nanos window = window_for(profile, 60, count);
  EXPECT_LE(coarsened(profile.timeline.lanes[0], window).size(), 60u);
  EXPECT_GT(coarsened(profile.timeline.lanes[0], window / 2).size(), 60u);
}

TEST(WindowFor, GivesUpAboveTheDuration) { EXPECT_GT(window_for(restless(1000), 1, count), milliseconds(200)); }

TEST(Depths, CountFrames) {
  StackTable table;
  const StackId one = table.child(kNoStack, table.intern({"a", "a.py", 1, 1}));
  const StackId two = table.child(one, table.intern({"b", "a.py", 2, 2}));
  const std::vector<std::uint32_t> found = depths(table);
  EXPECT_EQ(found[to_int(kNoStack)], 1u);
  EXPECT_EQ(found[to_int(one)], 1u);
  EXPECT_EQ(found[to_int(two)], 2u);
}

TEST(ForEachState, JoinsWhatFollowsWithoutAHole) {
  const Lane lane{{Nanos{0}, Nanos{5}, StackId{1}, Activity::kHoldsGil},
                  {Nanos{5}, Nanos{7}, StackId{2}, Activity::kHoldsGil},
                  {Nanos{7}, Nanos{8}, StackId{2}, Activity::kWaitsForGil},
                  {Nanos{9}, Nanos{10}, StackId{2}, Activity::kWaitsForGil}};
  std::vector<std::pair<Nanos, Nanos>> found;
  for_each_state(lane, [&](auto first, auto end) { found.emplace_back(first->from, (end - 1)->to); });
  const std::vector<std::pair<Nanos, Nanos>> expected{
      {Nanos{0}, Nanos{7}}, {Nanos{7}, Nanos{8}}, {Nanos{9}, Nanos{10}}};
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace gilspy::timeline_walk
