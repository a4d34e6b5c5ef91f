#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "compare_maker.h"
#include "src/compare/blame_walk.h"
#include "src/compare/names.h"

namespace gilspy {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// Two threads take turns of 10 ms: `work` and `rest` share the GIL, and the other thread waits meanwhile.
Profile turns(double work_ms, double rest_ms, double seconds = 4, bool native = false) {
  RecordingMaker maker(seconds);
  const ThreadIndex a = maker.thread("a"), b = maker.thread("b");
  const auto called = [&](StackId stack, const char* name) {
    StackTable& table = maker.profile().table;
    return native ? table.child(stack, table.intern({.function = name, .file = "libc.so.6", .native = true})) : stack;
  };
  const StackId work = called(maker.function("work"), "memcpy"), rest = called(maker.function("rest"), "futex");
  if (native) maker.profile().quality.native.whole = 1;
  const double cycle = (work_ms + rest_ms) / 1000;
  for (int i = 0; i < std::lround(seconds / cycle); ++i) {
    const double at = i * cycle, middle = at + work_ms / 1000, end = (i + 1) * cycle;
    maker.spend(a, Activity::kHoldsGil, at, middle, work);
    maker.spend(b, Activity::kWaitsForGil, at, middle, rest);
    maker.spend(a, Activity::kBlocked, middle, end, work);
    maker.spend(b, Activity::kHoldsGil, middle, end, rest);
  }
  return maker.profile();
}

const FunctionChange* find(const std::vector<FunctionChange>& rows, const std::string& function, Measure measure) {
  const auto place = std::ranges::find_if(
      rows, [&](const FunctionChange& row) { return row.measure == measure && row.function == function; });
  return place == rows.end() ? nullptr : &*place;
}

TEST(Compare, TheSameIsTheSame) {
  const Profile profile = turns(10, 10);
  const Comparison comparison = compared(profile, profile);
  EXPECT_THAT(comparison.changed, IsEmpty());
  EXPECT_EQ(comparison.headline, "nothing changed beyond noise");
  const FunctionChange* const work = find(comparison.others, "work (app.py:7)", Measure::kBlame);
  ASSERT_NE(work, nullptr);
  EXPECT_NEAR(work->self.base, 0.5, 1e-6);
  EXPECT_DOUBLE_EQ(work->self.difference(), 0);
  EXPECT_LT(work->self.low, 0);
}

TEST(Compare, AChangeIsFoundWithItsSize) {
  const Comparison comparison = compared(turns(5, 15), turns(15, 5));
  EXPECT_THAT(comparison.headline, StartsWith("work (app.py:7) makes others wait 0.50 s/s more ("));
  const FunctionChange* const held = find(comparison.changed, "rest (app.py:7)", Measure::kHeld);
  ASSERT_NE(held, nullptr);
  EXPECT_NEAR(held->self.base, 0.75, 1e-6);
  EXPECT_NEAR(held->self.difference(), -0.5, 1e-6);
  EXPECT_LT(held->self.low, -0.5);
  EXPECT_GT(held->self.high, -0.5);
  EXPECT_EQ(find(comparison.changed, "rest (app.py:7)", Measure::kBlame), nullptr);  // nobody waits for it
}

// What one of them tells and the other does not is no change.
TEST(Compare, NativeFunctionsAreThoseOfPythonThatCalledThem) {
  const Profile base = turns(10, 10), head = turns(10, 10, 4, true);
  const Comparison comparison = compared(base, head);
  EXPECT_EQ(comparison.headline, "nothing changed beyond noise");
  EXPECT_NE(find(comparison.others, "work (app.py:7)", Measure::kBlame), nullptr);
  EXPECT_NE(find(comparison.others, "rest (app.py:7)", Measure::kWait), nullptr);
  EXPECT_THAT(comparison.remarks, ::testing::Contains(StartsWith("only HEAD was recorded with native functions")));
  EXPECT_THAT(compared(head, head).remarks, ::testing::Not(::testing::Contains(StartsWith("only"))));
}

TEST(Compare, LengthsDoNotMatter) {
  const Comparison comparison = compared(turns(10, 10, 2), turns(10, 10, 8));
  EXPECT_THAT(comparison.changed, IsEmpty());
  EXPECT_THAT(comparison.remarks, Contains("very different lengths: 2.00 s in BASE, 8.00 s in HEAD"));
}

TEST(Compare, PerUnitOfWork) {
  // The same in every second, but half as much was done.
  const Profile profile = turns(10, 10);
  const Comparison comparison = compared(profile, profile, 1000, 500);
  EXPECT_THAT(comparison.headline, StartsWith("work (app.py:7) makes others wait 2.00 ms per unit more ("));
  const FunctionChange* const held = find(comparison.changed, "work (app.py:7)", Measure::kHeld);
  ASSERT_NE(held, nullptr);
  EXPECT_NEAR(held->self.base, 0.002, 1e-6);
  EXPECT_NEAR(held->self.head, 0.004, 1e-6);
  EXPECT_NEAR(comparison.totals.held.difference(), 0, 1e-9);  // totals stay what they are
  EXPECT_DOUBLE_EQ(comparison.base_to_head(), 0.5);
}

TEST(Compare, TotalsOfAFunctionIncludeWhatItCalls) {
  const Profile profile = turns(10, 10);
  RecordingMaker maker(4);
  const ThreadIndex a = maker.thread("a");
  const StackId outer = maker.function("outer");
  const StackId inner = maker.stack({{"outer", "/home/ann/lab/app.py", 3, 7}, {"inner", "/home/ann/lab/app.py", 3, 1}});
  maker.spend(a, Activity::kHoldsGil, 0, 1, outer);
  maker.spend(a, Activity::kHoldsGil, 1, 4, inner);
  const Comparison comparison = compared(profile, maker.profile());
  const FunctionChange* const row = find(comparison.changed, "outer (app.py:7)", Measure::kHeld);
  const FunctionChange* const same = find(comparison.others, "outer (app.py:7)", Measure::kHeld);
  const FunctionChange* const found = row != nullptr ? row : same;
  ASSERT_NE(found, nullptr);
  EXPECT_NEAR(found->self.head, 0.25, 1e-6);
  EXPECT_NEAR(found->head_total, 1.0, 1e-6);
  EXPECT_FALSE(found->in_base);
}

TEST(Compare, TruncatedStacksTakeTheBlameOffChanges) {
  Profile head = turns(15, 5);
  head.quality.truncated = head.quality.ticks;
  const Comparison comparison = compared(turns(5, 15), head);
  EXPECT_EQ(find(comparison.changed, "work (app.py:7)", Measure::kHeld), nullptr);
}

TEST(Compare, OnABusyMachineOnlyGreatChangesCount) {
  Profile base = turns(8, 12), head = turns(12, 8);
  EXPECT_NE(find(compared(base, head).changed, "work (app.py:7)", Measure::kHeld), nullptr);
  base.holders_queued = head.holders_queued = base.duration / 2;
  EXPECT_EQ(find(compared(base, head).changed, "work (app.py:7)", Measure::kHeld), nullptr);
}

TEST(Compare, TooShortIsSaid) {
  const Comparison comparison = compared(turns(10, 10, 0.1), turns(5, 15, 4));
  EXPECT_EQ(comparison.headline, "too little was recorded to tell a change from noise");
  EXPECT_THAT(comparison.changed, IsEmpty());
  EXPECT_FALSE(comparison.totals.held.known);
  EXPECT_NEAR(comparison.totals.held.base, 1, 0.01);
}

TEST(Compare, NothingAtAll) {
  const Profile nothing;
  EXPECT_EQ(compared(nothing, nothing).headline, "too little was recorded to tell a change from noise");
  EXPECT_DOUBLE_EQ(compared(nothing, nothing).base_to_head(), 0);
}

TEST(Compare, WhatMakesThemHardToCompareIsSaid) {
  Profile base = turns(10, 10), head = turns(10, 10);
  head.target.python.minor = 13;
  head.target.command = {"/other/python3", "/somewhere/fetch.py"};
  head.cpus.online = head.cpus.allowed = 8;
  head.quality.rate_hz = 100;
  head.quality.gaps = head.duration / 10;
  head.end_note = "the process ended";
  head.pressure.queued = 2 * head.duration;
  const auto remarks = compared(base, head).remarks;
  EXPECT_THAT(remarks, ElementsAre("HEAD ended early: the process ended", "gilspy itself did not run for 10 % of HEAD",
                                   "another Python: CPython 3.11.2 in BASE, CPython 3.13.2 in HEAD",
                                   "another command: primes.py in BASE, fetch.py in HEAD",
                                   "other CPUs to run on: 2 in BASE, 8 in HEAD",
                                   "other sampling rates: 1000 Hz in BASE, 100 Hz in HEAD",
                                   "another load on the machine, threads that queued for a CPU: 0.0 in BASE, 2.0 in "
                                   "HEAD"));
  base.began = Nanos(5);
  EXPECT_THAT(compared(base, base).remarks, ElementsAre("BASE and HEAD are the same recording"));
}

// --- names -------------------------------------------------------------------------------------------------------

Profile with_files(const std::vector<Frame>& frames, const std::string& folder = "/home/ann/lab") {
  Profile profile;
  profile.target.working_folder = folder;
  profile.target.python = {.major = 3, .minor = 12, .micro = 0};
  for (const Frame& frame : frames) profile.table.intern(frame);
  return profile;
}

TEST(Names, LinesAndCheckoutsDoNotMatter) {
  const auto names = compare::shared_names(with_files({{"run", "/ci/1/app/a.py", 10, 8}}, "/ci/1"),
                                           with_files({{"run", "/ci/22/app/a.py", 30, 28}}, "/ci/22"));
  EXPECT_THAT(names.base, ElementsAre("run (app/a.py)"));
  EXPECT_EQ(names.base, names.head);
}

TEST(Names, CheckoutsThatAreNotTheWorkingFolder) {
  const auto names =
      compare::shared_names(with_files({{"run", "/ci/1/app/a.py", 1, 1}, {"go", "/ci/1/lib/a.py", 1, 1}}),
                            with_files({{"run", "/ci/22/app/a.py", 1, 1}, {"go", "/ci/22/lib/a.py", 1, 1}}));
  EXPECT_THAT(names.base, ElementsAre("run (app/a.py)", "go (lib/a.py)"));
  EXPECT_EQ(names.base, names.head);
}

TEST(Names, OneSideIsRelative) {
  const auto names = compare::shared_names(with_files({{"run", "/home/ann/lab/app/a.py", 1, 1}}),
                                           with_files({{"run", "/opt/x/app/a.py", 1, 1}}));
  EXPECT_THAT(names.head, ElementsAre("run (app/a.py)"));
  EXPECT_EQ(names.base, names.head);
}

TEST(Names, OtherFilesAreOtherFiles) {
  const auto names = compare::shared_names(
      with_files({{"run", "old/a.py", 1, 1}, {"f", "/x/p/__init__.py", 1, 1}, {"g", "/x/a.py", 1, 1}}),
      with_files({{"run", "new/a.py", 1, 1}, {"f", "/y/q/__init__.py", 1, 1}, {"g", "/y/b.py", 1, 1}}));
  for (const std::string& name : names.base) EXPECT_THAT(names.head, Not(Contains(name)));
}

TEST(Names, AnAmbiguousTailIsNoMatch) {
  const auto names = compare::shared_names(with_files({{"run", "/x/a.py", 1, 1}}),
                                           with_files({{"run", "/y/a.py", 1, 1}, {"run", "/z/a.py", 1, 1}}));
  EXPECT_THAT(names.base, ElementsAre("run (/x/a.py)"));
}

TEST(Names, WithoutQualifiedNamesOnOneSide) {
  Profile old = with_files({{"run", "a.py", 1, 1}, {"<genexpr>", "a.py", 2, 2}});
  old.target.python.minor = 10;
  const Profile recent = with_files({{"Worker.run", "a.py", 1, 1}, {"Worker.run.<locals>.<genexpr>", "a.py", 2, 2}});
  EXPECT_EQ(compare::shared_names(old, recent).base, compare::shared_names(old, recent).head);
  EXPECT_THAT(compare::shared_names(recent, recent).head, Contains("Worker.run (a.py)"));
}

// --- blame -------------------------------------------------------------------------------------------------------

double blamed(const Profile& profile, StackId stack) {
  double sum = 0;
  compare::walk_blame(profile, [&](Nanos from, Nanos to, StackId holder, double waiters) {
    if (holder == stack) sum += waiters * double((to - from).count()) / 1e9;
  });
  return sum;
}

TEST(BlameWalk, WaitersTimesTenure) {
  RecordingMaker maker(4);
  const ThreadIndex a = maker.thread("a"), b = maker.thread("b"), c = maker.thread("c");
  const StackId work = maker.function("work"), rest = maker.function("rest");
  maker.spend(a, Activity::kHoldsGil, 0, 2, work);
  maker.spend(a, Activity::kHoldsGilOffCpu, 2, 3, rest);
  maker.spend(b, Activity::kWaitsForGil, 0.5, 4, kNoStack);
  maker.spend(c, Activity::kWaitsForGil, 1, 2.5, kNoStack);
  EXPECT_NEAR(blamed(maker.profile(), work), 1.5 + 1, 1e-9);
  EXPECT_NEAR(blamed(maker.profile(), rest), 1 + 0.5, 1e-9);  // from 3 on nobody holds it
}

TEST(BlameWalk, OfAnotherGilIsNobodyElses) {
  RecordingMaker maker(2);
  const ThreadIndex a = maker.thread("a"), b = maker.thread("b");
  const StackId work = maker.function("work");
  maker.profile().threads[to_int(b)].info.gil = GilIndex{1};
  maker.spend(a, Activity::kHoldsGil, 0, 2, work);
  maker.spend(b, Activity::kWaitsForGil, 0, 2, kNoStack);
  EXPECT_DOUBLE_EQ(blamed(maker.profile(), work), 0);
}

TEST(BlameWalk, InWindowsItIsSharedByHowLongTheGilWasHeld) {
  RecordingMaker maker(2);
  const ThreadIndex a = maker.thread("a"), b = maker.thread("b");
  const StackId work = maker.function("work"), rest = maker.function("rest");
  maker.spend(a, Activity::kHoldsGil, 0, 0.75, work);
  maker.spend(a, Activity::kHoldsGil, 0.75, 1, rest);
  maker.spend(b, Activity::kWaitsForGil, 0, 0.8, kNoStack);
  maker.profile().timeline.window = std::chrono::seconds(1);
  EXPECT_NEAR(blamed(maker.profile(), work), 0.6, 1e-9);
  EXPECT_NEAR(blamed(maker.profile(), rest), 0.2, 1e-9);
}

}  // namespace
}  // namespace gilspy
