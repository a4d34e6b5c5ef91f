// Equality of what recordings carry, told by field.
#pragma once

#include <gtest/gtest.h>

#include "gilspy/profile.h"
#include "gilspy/sample.h"

namespace gilspy::recording {

inline void expect_same(const GilFacts& a, const GilFacts& b) {
  EXPECT_EQ(a.enabled, b.enabled);
  EXPECT_EQ(a.locked, b.locked);
  EXPECT_EQ(a.last_holder, b.last_holder);
  EXPECT_EQ(a.switch_number, b.switch_number);
  EXPECT_EQ(a.handoffs, b.handoffs);
  EXPECT_EQ(a.switch_interval, b.switch_interval);
  EXPECT_EQ(a.cond_waiters, b.cond_waiters);
  EXPECT_EQ(a.steady, b.steady);
}

inline void expect_same(const ThreadFacts& a, const ThreadFacts& b) {
  EXPECT_EQ(a.thread, b.thread);
  EXPECT_EQ(a.os_read, b.os_read);
  EXPECT_EQ(a.os, b.os);
  EXPECT_EQ(a.place, b.place);
  EXPECT_EQ(a.attach_state, b.attach_state);
  EXPECT_EQ(a.run_queue_delay, b.run_queue_delay);
  EXPECT_EQ(a.on_cpu, b.on_cpu);
  EXPECT_EQ(a.dormant, b.dormant);
  EXPECT_EQ(a.ended, b.ended);
  EXPECT_EQ(a.quality, b.quality);
  EXPECT_EQ(a.stack, b.stack);
}

inline void expect_same(const Sample& a, const Sample& b) {
  EXPECT_EQ(a.time, b.time);
  EXPECT_EQ(a.period, b.period);
  EXPECT_EQ(a.pause, b.pause);
  EXPECT_EQ(a.stop_denied, b.stop_denied);
  EXPECT_EQ(a.failed, b.failed);
  EXPECT_EQ(a.stopped, b.stopped);
  EXPECT_EQ(a.stack_retries, b.stack_retries);
  EXPECT_EQ(a.holder_stack_lost, b.holder_stack_lost);
  EXPECT_EQ(a.started, b.started);
  EXPECT_EQ(a.looked, b.looked);
  EXPECT_EQ(a.handoffs, b.handoffs);
  ASSERT_EQ(a.gils.size(), b.gils.size());
  for (std::size_t i = 0; i < a.gils.size(); ++i) expect_same(a.gils[i], b.gils[i]);
  ASSERT_EQ(a.threads.size(), b.threads.size());
  for (std::size_t i = 0; i < a.threads.size(); ++i) expect_same(a.threads[i], b.threads[i]);
}

inline void expect_same(const ThreadProfile& a, const ThreadProfile& b) {
  EXPECT_EQ(a.info, b.info);
  EXPECT_EQ(a.times, b.times);
  EXPECT_EQ(a.cpu, b.cpu);
}

inline void expect_same(const GilProfile& a, const GilProfile& b) {
  EXPECT_EQ(a.index, b.index);
  EXPECT_EQ(a.interpreters, b.interpreters);
  EXPECT_EQ(a.held, b.held);
  EXPECT_EQ(a.observed, b.observed);
  EXPECT_EQ(a.enabled, b.enabled);
  EXPECT_EQ(a.mean_waiters, b.mean_waiters);
  EXPECT_EQ(a.handoffs, b.handoffs);
  EXPECT_EQ(a.switch_interval, b.switch_interval);
  EXPECT_EQ(a.hogged, b.hogged);
}

inline void expect_same(const StackTime& a, const StackTime& b) {
  EXPECT_EQ(std::tie(a.thread, a.stack, a.activity, a.time), std::tie(b.thread, b.stack, b.activity, b.time));
}

inline void expect_same(const Blame& a, const Blame& b) {
  EXPECT_EQ(std::tie(a.holder, a.holder_stack, a.waiter_stack, a.time),
            std::tie(b.holder, b.holder_stack, b.waiter_stack, b.time));
}

template <typename T>
void expect_same(const std::vector<T>& a, const std::vector<T>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) expect_same(a[i], b[i]);
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

inline void expect_same(const Quality& a, const Quality& b) {
  EXPECT_EQ(a.ticks_asked, b.ticks_asked);
  EXPECT_EQ(a.ticks, b.ticks);
  EXPECT_EQ(a.rate_hz, b.rate_hz);
  EXPECT_EQ(a.late, b.late);
  EXPECT_EQ(a.retried, b.retried);
  EXPECT_EQ(a.truncated, b.truncated);
  EXPECT_EQ(a.discarded, b.discarded);
  EXPECT_EQ(a.blurred, b.blurred);
  EXPECT_EQ(a.errors, b.errors);
  EXPECT_EQ(a.stopped, b.stopped);
  EXPECT_EQ(a.system_calls_told, b.system_calls_told);
  EXPECT_EQ(a.pauses.count, b.pauses.count);
  EXPECT_EQ(a.pauses.denied, b.pauses.denied);
  EXPECT_EQ(a.pauses.median, b.pauses.median);
  EXPECT_EQ(a.pauses.p99, b.pauses.p99);
  EXPECT_EQ(a.pauses.longest, b.pauses.longest);
  EXPECT_EQ(a.pauses.total, b.pauses.total);
}

inline void expect_same(const TargetFacts& a, const TargetFacts& b) {
  EXPECT_EQ(a.pid, b.pid);
  EXPECT_EQ(a.command, b.command);
  EXPECT_EQ(a.executable, b.executable);
  EXPECT_EQ(a.working_folder, b.working_folder);
  EXPECT_EQ(a.python.text(), b.python.text());
  EXPECT_EQ(a.free_threaded, b.free_threaded);
  EXPECT_EQ(a.gil_enabled, b.gil_enabled);
}

inline void expect_same(const Profile& a, const Profile& b) {
  expect_same(a.target, b.target);
  EXPECT_EQ(a.cpus.online, b.cpus.online);
  EXPECT_EQ(a.cpus.allowed, b.cpus.allowed);
  EXPECT_EQ(a.cpus.cgroup_quota, b.cpus.cgroup_quota);
  EXPECT_EQ(a.duration, b.duration);
  EXPECT_EQ(a.cpu_time, b.cpu_time);
  expect_same(a.threads, b.threads);
  expect_same(a.gils, b.gils);
  expect_same(a.stacks, b.stacks);
  expect_same(a.blame, b.blame);
  expect_same(a.table, b.table);
  expect_same(a.quality, b.quality);
  EXPECT_EQ(a.self.cpu, b.self.cpu);
  EXPECT_EQ(a.self.peak_rss_bytes, b.self.peak_rss_bytes);
  EXPECT_EQ(a.end_note, b.end_note);
}

}  // namespace gilspy::recording
