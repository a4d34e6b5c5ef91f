// Equality of what recordings carry, part by part: of the whole, nobody would learn what differs.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "gilspy/profile.h"
#include "gilspy/sample.h"

namespace gilspy::recording {

template <typename T>
void expect_same(const std::vector<T>& a, const std::vector<T>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i], b[i]) << i;
}

inline void expect_same(const Sample& a, const Sample& b) {
  expect_same(a.gils, b.gils);
  expect_same(a.threads, b.threads);
  expect_same(a.started, b.started);
  EXPECT_EQ(a, b);
}

inline void expect_same(const StackTable& a, const StackTable& b) {
  ASSERT_EQ(a.frame_count(), b.frame_count());
  for (std::uint32_t i = 0; i < a.frame_count(); ++i) EXPECT_EQ(a.frame(FrameId{i}), b.frame(FrameId{i}));
  ASSERT_EQ(a.stack_count(), b.stack_count());
  for (std::uint32_t i = 1; i < a.stack_count(); ++i) {
    EXPECT_EQ(a.parent(StackId{i}), b.parent(StackId{i}));
    EXPECT_EQ(a.leaf(StackId{i}), b.leaf(StackId{i}));
  }
}

inline void expect_same(const Profile& a, const Profile& b) {
  EXPECT_EQ(a.target, b.target);
  EXPECT_EQ(a.cpus, b.cpus);
  EXPECT_EQ(a.pressure, b.pressure);
  EXPECT_EQ(a.holders_queued, b.holders_queued);
  EXPECT_EQ(a.duration, b.duration);
  EXPECT_EQ(a.cpu_time, b.cpu_time);
  expect_same(a.threads, b.threads);
  expect_same(a.gils, b.gils);
  expect_same(a.stacks, b.stacks);
  expect_same(a.blame, b.blame);
  expect_same(a.locks, b.locks);
  EXPECT_EQ(a.deadlocks, b.deadlocks);
  expect_same(a.table, b.table);
  EXPECT_EQ(a.timeline, b.timeline);
  EXPECT_EQ(a.quality, b.quality);
  EXPECT_EQ(a.self, b.self);
  EXPECT_EQ(a.end_note, b.end_note);
}

}  // namespace gilspy::recording
