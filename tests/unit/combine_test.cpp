// Several processes as one program: nothing is lost, and everything belongs to somebody.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "gilspy/aggregate.h"
#include "sample_profile.h"

namespace gilspy {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

// One thread that holds the GIL, on a lane of its own.
Profile process(Pid pid, Nanos first_tick, double seconds, const std::string& function) {
  ProfileBuilder builder(seconds);
  const ThreadIndex thread = builder.thread("worker");
  const StackId stack = builder.stack({{function, "work.py", 3, 1}});
  builder.spend(thread, Activity::kHoldsGil, seconds, stack).blame(thread, stack, stack, seconds / 2);
  Profile& profile = builder.cpu(seconds).profile();
  profile.target.pid = pid;
  profile.first_tick = first_tick;
  profile.began = 1000s + first_tick;
  const Nanos end = ProfileBuilder::nanos(seconds);
  profile.timeline.lanes = {{{Nanos{0}, end, stack, Activity::kHoldsGil}}};
  profile.timeline.tenures = {{{thread, Nanos{0}, end, Nanos{0}, 0}}};
  profile.timeline.contexts = {{{Nanos{0}, end}}};
  profile.timeline.cpus = {{Nanos{0}, end, 1.0}};
  return std::move(profile);
}

TEST(Combined, ThreadsAndGilsFollowEachOther) {
  const Profile program = combined({process(Pid{1}, 10s, 4, "a"), process(Pid{2}, 11s, 1, "b")});
  ASSERT_EQ(program.threads.size(), 2U);
  EXPECT_EQ(program.threads[1].info.index, ThreadIndex{1});
  EXPECT_EQ(program.threads[1].info.gil, GilIndex{1});
  EXPECT_EQ(program.threads[1].process, 1U);
  EXPECT_EQ(program.gils[1].process, 1U);
  EXPECT_EQ(program.target_of(program.threads[1].process).pid, Pid{2});
  EXPECT_EQ(program.stacks[1].thread, ThreadIndex{1});
  EXPECT_EQ(program.blame[1].holder, ThreadIndex{1});
  EXPECT_EQ(program.table.frame(program.table.leaf(program.stacks[1].stack)).function, "b");
  EXPECT_EQ(program.table.frame(program.table.leaf(program.blame[1].waiter_stack)).function, "b");
}

TEST(Combined, TimesAreSinceTheFirstTickOfAny) {
  const Profile program = combined({process(Pid{1}, 10s, 4, "a"), process(Pid{2}, 11s, 4, "b")});
  EXPECT_EQ(program.duration, Nanos(5s));
  EXPECT_EQ(program.cpu_time, Nanos(8s));
  EXPECT_EQ(program.began, Nanos(1010s));
  const Timeline& timeline = program.timeline;
  EXPECT_EQ(timeline.lanes[1].front().from, Nanos(1s));
  EXPECT_EQ(timeline.lanes[1].front().to, Nanos(5s));
  EXPECT_EQ(timeline.tenures[1].front().from, Nanos(1s));
  EXPECT_EQ(timeline.tenures[1].front().holder, ThreadIndex{1});
  EXPECT_EQ(timeline.contexts[1].front().to, Nanos(5s));
  // What a process is judged by stays with it.
  EXPECT_EQ(program.processes[1].timeline.lanes[0].front().from, Nanos(0));
}

TEST(Combined, CpusAreTheSumAtEveryMoment) {
  const Profile program = combined({process(Pid{1}, 10s, 4, "a"), process(Pid{2}, 11s, 1, "b")});
  const std::vector<CpuUse> expected{{0s, 1s, 1.0}, {1s, 2s, 2.0}, {2s, 4s, 1.0}};
  EXPECT_EQ(program.timeline.cpus, expected);
}

TEST(Combined, EqualStacksAreOne) {
  const Profile program = combined({process(Pid{1}, 10s, 1, "a"), process(Pid{2}, 10s, 1, "a")});
  EXPECT_EQ(program.stacks[0].stack, program.stacks[1].stack);
  EXPECT_EQ(program.table.stack_count(), 2U);
}

TEST(Combined, LocksAreSortedAndLanesFollowThem) {
  std::vector<Profile> processes;
  for (const int waited : {1, 3}) {
    Profile one = process(Pid{waited}, 10s, 4, "a");
    LockProfile lock;
    lock.info.name = fmt::format("lock of {}", waited);
    lock.waited = Nanos(std::chrono::seconds(waited));
    lock.observed = 4s;
    lock.owner = ThreadIndex{0};
    lock.blame = {{ThreadIndex{0}, kNoStack, kNoStack, lock.waited}};
    one.locks = {lock};
    one.deadlocks = {{0, {{ThreadIndex{0}, 1, kNoStack}}, {1s, 2s}, true}};
    one.timeline.lanes[0].front() = {0s, 4s, kNoStack, Activity::kWaitsForLock, BlockedIn::kNothing, 1};
    processes.push_back(std::move(one));
  }
  const Profile program = combined(std::move(processes));
  ASSERT_EQ(program.locks.size(), 2U);
  EXPECT_EQ(program.locks[0].info.name, "lock of 3");
  EXPECT_EQ(program.locks[0].process, 1U);
  EXPECT_EQ(program.locks[0].owner, ThreadIndex{1});
  EXPECT_EQ(program.locks[0].blame[0].owner, ThreadIndex{1});
  EXPECT_EQ(program.lock(program.timeline.lanes[0][0].lock)->info.name, "lock of 1");
  EXPECT_EQ(program.lock(program.timeline.lanes[1][0].lock)->info.name, "lock of 3");
  ASSERT_EQ(program.deadlocks.size(), 2U);
  EXPECT_EQ(program.deadlocks[1].process, 1U);
  EXPECT_EQ(program.deadlocks[1].members[0].thread, ThreadIndex{1});
  EXPECT_EQ(program.lock(program.deadlocks[1].members[0].lock)->info.name, "lock of 3");
  EXPECT_EQ(program.processes[1].lock(program.processes[1].timeline.lanes[0][0].lock)->info.name, "lock of 3");
}

// A launcher that executes the program instead of itself, and children that come meanwhile.
TEST(Combined, TheRootsOwnProgramComesFirst) {
  const Profile program =
      combined({process(Pid{3}, 12s, 9, "child"), process(Pid{1}, 10s, 1, "launcher"), process(Pid{1}, 11s, 3, "it")});
  const auto name = [&](std::size_t i) {
    const Profile& one = program.processes[i];
    return one.table.frame(one.table.leaf(one.stacks[0].stack)).function;
  };
  EXPECT_EQ(name(0), "it");
  EXPECT_EQ(name(1), "launcher");
  EXPECT_EQ(name(2), "child");
}

TEST(Combined, OneProcessKeepsItsNumbers) {
  const Profile alone = serialized_profile();
  const Profile program = combined({alone});
  EXPECT_TRUE(program.is_program());
  EXPECT_EQ(program.threads, alone.threads);
  EXPECT_EQ(program.gils, alone.gils);
  EXPECT_EQ(program.stacks, alone.stacks);
  EXPECT_EQ(program.blame, alone.blame);
  EXPECT_EQ(program.cpu_time, alone.cpu_time);
  EXPECT_EQ(program.quality, alone.quality);
}

TEST(Combined, WhatNobodySampledIsNotTimeWithoutAHolder) {
  Profile alone = process(Pid{1}, 10s, 4, "a");
  alone.gils[0].observed = 2s;
  alone.gils[0].held = 2s;
  alone.quality.gaps = 2s;
  EXPECT_EQ(combined({alone}).gils[0].utilization(), 1.0);
  // The other two seconds it was not there.
  EXPECT_EQ(combined({process(Pid{2}, 8s, 6, "b"), alone}).gils[1].utilization(), 0.5);
}

TEST(Combined, WhatRecordingsClaimDoesNotOverflow) {
  Profile huge = process(Pid{1}, 10s, 1, "a");
  huge.cpu_time = Nanos(4'000'000'000'000'000'000);
  EXPECT_GT(combined({huge, huge, huge}).cpu_time, Nanos{0});
}

// Many processes with many stretches: sums are kept, memory is bounded.
TEST(Combined, TooManyStretchesArePutTogether) {
  std::vector<Profile> processes;
  for (int i = 0; i < 4; ++i) {
    Profile one = process(Pid{1 + i}, 10s, 400, "a");
    Lane& lane = one.timeline.lanes[0];
    const StackId stack = lane.front().stack;
    lane.clear();
    for (int k = 0; k < 400'000; ++k) {
      lane.push_back({k * 1ms, (k + 1) * 1ms, stack, k % 2 == 0 ? Activity::kHoldsGil : Activity::kBlocked});
    }
    processes.push_back(std::move(one));
  }
  const Profile program = combined(std::move(processes));
  EXPECT_GT(program.timeline.window, Nanos{0});
  std::size_t stretches = 0;
  for (const Lane& lane : program.timeline.lanes) {
    Nanos held{0};
    for (const Stretch& stretch : lane) held += stretch.activity == Activity::kHoldsGil ? stretch.time() : Nanos{0};
    EXPECT_EQ(held, Nanos(200s));
    stretches += lane.size();
  }
  EXPECT_LE(stretches, 1'000'000U);
}

}  // namespace
}  // namespace gilspy
