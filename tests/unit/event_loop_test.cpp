// Which callbacks keep an asyncio loop, told from lanes that a test made up.
#include "src/verdict/event_loop.h"

#include <gmock/gmock.h>

#include "gilspy/verdict.h"
#include "sample_profile.h"

namespace gilspy::verdict {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A thread that runs asyncio, for two seconds.
class LoopThread {
 public:
  LoopThread() { builder_.thread("MainThread"); }

  StackId in_callback(const std::string& handler, const std::vector<Frame>& deeper = {}) {
    std::vector<Frame> frames = loop();
    frames.push_back({"Handle._run", kLibrary + "asyncio/events.py", 84, 82});
    frames.push_back({handler, "/srv/app.py", 12, 10});
    frames.insert(frames.end(), deeper.begin(), deeper.end());
    return builder_.stack(frames);
  }
  StackId in_select() {
    std::vector<Frame> frames = loop();
    frames.push_back({"EpollSelector.select", kLibrary + "selectors.py", 470, 450});
    return builder_.stack(frames);
  }

  LoopThread& spend(double seconds, Activity activity, StackId stack, BlockedIn blocked_in = BlockedIn::kNothing) {
    const Nanos time = ProfileBuilder::nanos(seconds);
    lane_.push_back({at_, at_ + time, stack, activity, blocked_in});
    at_ += time;
    builder_.spend(ThreadIndex{0}, activity, seconds, stack);
    return *this;
  }

  // The thread leaves its context, or enters one.
  LoopThread& callback_ends() {
    contexts_.push_back({context_since_, at_});
    context_since_ = at_;
    return *this;
  }

  Profile profile() {
    Profile profile = builder_.profile();
    profile.timeline.lanes = {lane_};
    profile.timeline.contexts = {contexts_};
    profile.timeline.contexts.front().push_back({context_since_, at_});
    return profile;
  }
  BlockedLoop judge() { return find_blocked_loop(profile()); }

  inline static const std::string kLibrary = "/usr/lib/python3.13/";

 private:
  static std::vector<Frame> loop() {
    return {{"<module>", "/srv/app.py", 90, 1},
            {"run", kLibrary + "asyncio/runners.py", 195, 160},
            {"BaseEventLoop.run_forever", kLibrary + "asyncio/base_events.py", 678, 660},
            {"BaseEventLoop._run_once", kLibrary + "asyncio/base_events.py", 2033, 1970}};
  }

  ProfileBuilder builder_{2};
  Lane lane_;
  std::vector<TimeRange> contexts_;
  Nanos at_{0};
  Nanos context_since_{0};
};

TEST(EventLoop, ASleepInACallbackBlocksIt) {
  LoopThread thread;
  for (int i = 0; i < 8; ++i) {
    thread.spend(0.2, Activity::kBlocked, thread.in_callback("handler"), BlockedIn::kSleep);
    thread.callback_ends();
    thread.spend(0.05, Activity::kBlocked, thread.in_select());
    thread.callback_ends();
  }
  const BlockedLoop found = thread.judge();
  EXPECT_NEAR(found.share, 0.8, 1e-6);
  EXPECT_NEAR(found.asleep, 1, 1e-6);
  EXPECT_EQ(found.longest, std::chrono::milliseconds(200));
  EXPECT_EQ(found.function, "handler (/srv/app.py:10)");
  const Verdict verdict = verdict::judge(thread.profile());
  EXPECT_EQ(verdict.code, VerdictCode::kEventLoopBlocked);
  EXPECT_THAT(verdict.headline, AllOf(StartsWith("handler"), HasSubstr("80 % of the time"),
                                      HasSubstr("it sleeps in /srv/app.py:12, inside a callback")));
  EXPECT_THAT(verdict.advice.front(), HasSubstr("asyncio.sleep()"));
}

TEST(EventLoop, AnIdleLoopIsNotBlocked) {
  LoopThread thread;
  thread.spend(2, Activity::kBlocked, thread.in_select());
  EXPECT_EQ(thread.judge().share, 0);
}

TEST(EventLoop, TheProgramsOwnFunctionIsNamedNotTheLibrarys) {
  LoopThread thread;
  const StackId deep = thread.in_callback(
      "handler", {{"render", "/srv/views.py", 33, 30}, {"dumps", LoopThread::kLibrary + "json/__init__.py", 231, 183}});
  for (int i = 0; i < 4; ++i) {
    thread.spend(0.3, Activity::kHoldsGil, deep);
    thread.callback_ends();
    thread.spend(0.2, Activity::kBlocked, thread.in_select());
  }
  EXPECT_EQ(thread.judge().function, "render (/srv/views.py:30)");
  EXPECT_EQ(thread.judge().asleep, 0);
}

TEST(EventLoop, OneThatComputesIsFound) {
  LoopThread thread;
  for (int i = 0; i < 2; ++i) {
    thread.spend(0.8, Activity::kHoldsGil, thread.in_callback("handler"));
    thread.spend(0.199, Activity::kHoldsGil, thread.in_callback("handler", {{"inner", "/srv/app.py", 3, 2}}));
    thread.callback_ends();
    thread.spend(0.001, Activity::kHoldsGil, thread.in_select());
  }
  EXPECT_NEAR(thread.judge().share, 0.999, 1e-6);
  EXPECT_EQ(thread.judge().longest, std::chrono::milliseconds(999));
  EXPECT_THAT(thread.judge().function, StartsWith("handler"));
}

// Always busy, in the same function, and never seen in the loop's own code.
TEST(EventLoop, ABusyLoopOfShortCallbacksIsInnocent) {
  LoopThread thread;
  for (int i = 0; i < 40; ++i) {
    thread.spend(0.05, Activity::kHoldsGil, thread.in_callback("handler"));
    thread.callback_ends();
  }
  EXPECT_EQ(thread.judge().share, 0);
}

TEST(EventLoop, ALongCallbackAmongShortOnesIsFound) {
  LoopThread thread;
  for (int i = 0; i < 50; ++i) {
    thread.spend(0.02, Activity::kHoldsGil, thread.in_callback("handler"));
    thread.callback_ends();
  }
  thread.spend(1, Activity::kHoldsGil, thread.in_callback("report"));
  EXPECT_NEAR(thread.judge().share, 0.5, 1e-6);
  EXPECT_THAT(thread.judge().function, StartsWith("report"));
}

// What the loop itself does while the context stays the same is no callback's time.
TEST(EventLoop, TimeInSelectDoesNotCount) {
  LoopThread thread;
  thread.spend(0.09, Activity::kHoldsGil, thread.in_callback("handler"));
  thread.spend(1.91, Activity::kBlocked, thread.in_select());
  EXPECT_EQ(thread.judge().share, 0);
}

TEST(EventLoop, TheNameOfATaskIsNoFunction) {
  LoopThread thread;
  const StackId stack = thread.in_callback(
      "handler", {{"task of fetch", "", 0, 0}, {"fetch", LoopThread::kLibrary + "site-packages/web.py", 7, 5}});
  thread.spend(2, Activity::kBlocked, stack, BlockedIn::kReceive);
  EXPECT_EQ(thread.judge().function, "handler (/srv/app.py:10)");
  EXPECT_EQ(thread.judge().does, "waits for data from a socket, a pipe or a file");
}

TEST(EventLoop, WhatIsTooLongIsSaid) {
  LoopThread thread;
  for (int i = 0; i < 20; ++i) {
    thread.spend(0.09, Activity::kHoldsGil, thread.in_callback("handler"));
    thread.callback_ends();
    thread.spend(0.01, Activity::kBlocked, thread.in_select());
    thread.callback_ends();
  }
  Profile profile = thread.profile();
  EXPECT_EQ(find_blocked_loop(profile).share, 0);
  profile.set_loop_threshold(std::chrono::milliseconds(80));
  EXPECT_NEAR(find_blocked_loop(profile).share, 0.9, 1e-6);
}

TEST(EventLoop, ALockThatOnlyTheLoopWaitsForIsItsAffair) {
  LoopThread thread;
  thread.spend(1.5, Activity::kWaitsForLock, thread.in_callback("handler"));
  thread.callback_ends();
  thread.spend(0.5, Activity::kBlocked, thread.in_select());
  EXPECT_NEAR(thread.judge().for_locks, 0.75, 1e-6);
  const Verdict verdict = verdict::judge(thread.profile());
  EXPECT_EQ(verdict.code, VerdictCode::kEventLoopBlocked);
  ASSERT_GE(verdict.claims.size(), 2U);
  EXPECT_EQ(verdict.claims[1].code, VerdictCode::kLockBound);
}

TEST(EventLoop, WaitingForTheGilIsNotTheCallbacksDoing) {
  LoopThread thread;
  for (int i = 0; i < 4; ++i) {
    thread.spend(0.1, Activity::kHoldsGil, thread.in_callback("handler"));
    thread.spend(0.3, Activity::kWaitsForGil, thread.in_callback("handler"));
    thread.spend(0.1, Activity::kBlocked, thread.in_select());
  }
  EXPECT_EQ(thread.judge().share, 0);
}

TEST(EventLoop, NeitherIsAQueueForACpu) {
  LoopThread thread;
  for (int i = 0; i < 4; ++i) {
    thread.spend(0.09, Activity::kHoldsGil, thread.in_callback("handler"));
    thread.spend(0.06, Activity::kHoldsGilOffCpu, thread.in_callback("handler"));
    thread.callback_ends();
    thread.spend(0.35, Activity::kBlocked, thread.in_select());
    thread.callback_ends();
  }
  Profile profile = thread.profile();
  EXPECT_NEAR(find_blocked_loop(profile).share, 0.3, 1e-6);  // asleep with the GIL
  profile.holders_queued = std::chrono::milliseconds(200);
  EXPECT_EQ(find_blocked_loop(profile).share, 0);
}

TEST(EventLoop, ACoarseTimelineTellsOnlyOfMuchLongerCallbacks) {
  LoopThread thread;
  thread.spend(2, Activity::kBlocked, thread.in_callback("handler"));
  Profile profile = thread.profile();
  profile.timeline.window = std::chrono::milliseconds(128);
  EXPECT_EQ(find_blocked_loop(profile).share, 1);
  profile.timeline.window = std::chrono::milliseconds(256);
  EXPECT_EQ(find_blocked_loop(profile).share, 0);
}

TEST(EventLoop, FunctionsOfThatNameElsewhereAreNoLoop) {
  ProfileBuilder builder(2);
  const StackId stack = builder.stack({{"_run_once", "/srv/scheduler.py", 5, 3}, {"job", "/srv/app.py", 12, 10}});
  builder.spend(builder.thread("t"), Activity::kBlocked, 2, stack);
  Profile profile = builder.profile();
  profile.timeline.lanes = {{{Nanos{0}, profile.duration, stack, Activity::kBlocked}}};
  profile.timeline.contexts = {{{Nanos{0}, profile.duration}}};
  EXPECT_EQ(find_blocked_loop(profile).share, 0);
}

}  // namespace
}  // namespace gilspy::verdict
