// Clocks, priorities, signals, CPUs: of this machine and this process.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <csignal>
#include <thread>

#include "child_process.h"
#include "gilspy/platform.h"

namespace gilspy::platform {
namespace {

using std::chrono_literals::operator""ms;

TEST(Machine, SleepsUntilTheDeadline) {
  const Nanos deadline = now() + 20ms;
  EXPECT_TRUE(sleep_until(deadline));
  EXPECT_GE(now(), deadline);
  EXPECT_TRUE(sleep_until(Nanos(0)));
}

TEST(Machine, OwnUsageGrows) {
  const SelfUsage before = self_usage();
  EXPECT_GT(before.peak_rss_bytes, 1'000'000U);
  EXPECT_LT(before.peak_rss_bytes, 4'000'000'000U);
  while (self_usage().cpu < before.cpu + 5ms) {
  }
  std::vector<char> large(50'000'000, 'x');
  EXPECT_GE(self_usage().peak_rss_bytes, large.size());
}

TEST(Machine, PriorityIsRestored) {
  std::thread([] {
    const int nice = ::getpriority(PRIO_PROCESS, 0);
    const int slack = ::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    const Priority reached = raise_priority();
    EXPECT_EQ(raise_priority(), reached);
    EXPECT_EQ((::sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) == SCHED_FIFO, reached == Priority::kRealtime);
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0) < nice, reached == Priority::kNice);
    restore_priority();
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), nice);
    EXPECT_EQ(::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), slack);
    restore_priority();
  }).join();
}

TEST(Machine, ASignalIsRememberedAndEndsASleep) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    test::ChildProcess child([&](int tell) {
      const StopFlag stop;
      if (stop.stop_requested()) return;
      test::tell(tell, "ready");
      while (!stop.stop_requested()) sleep_until(now() + std::chrono::seconds(100));
      test::tell(tell, "stopped");
    });
    ASSERT_EQ(child.hear(), "ready");
    std::this_thread::sleep_for(20ms);
    ::kill(to_int(child.pid()), number);
    EXPECT_EQ(child.hear(), "stopped");
  }
}

TEST(Machine, ASecondInterruptEndsAtOnce) {
  const pid_t child = ::fork();
  if (child == 0) {
    const StopFlag stop;
    ::raise(SIGINT);
    ::raise(SIGTERM);
    ::raise(SIGINT);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGINT);
}

TEST(Machine, HandlersAreGivenBackAndNohupIsRespected) {
  struct sigaction before {};
  ::signal(SIGHUP, SIG_IGN);
  {
    const StopFlag stop;
    ::raise(SIGHUP);
    EXPECT_FALSE(stop.stop_requested());
    ::raise(SIGTERM);
    EXPECT_TRUE(stop.stop_requested());
  }
  ::signal(SIGHUP, SIG_DFL);
  ::sigaction(SIGTERM, nullptr, &before);
  EXPECT_TRUE(before.sa_handler == SIG_DFL);
  const StopFlag again;
  EXPECT_FALSE(again.stop_requested());
}

TEST(Machine, CpusOfTheTarget) {
  test::ChildProcess child([](int tell) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &one);
    ::sched_setaffinity(0, sizeof(one), &one);
    test::tell(tell, "ready");
    for (;;) ::pause();
  });
  child.hear();
  const CpuFacts facts = cpu_facts(child.pid());
  EXPECT_EQ(facts.allowed, 1U);
  EXPECT_GE(facts.online, 1U);
  EXPECT_GT(facts.cgroup_quota.value_or(1), 0);
}

TEST(Machine, SystemCallsHaveNames) {
  EXPECT_EQ(syscall_name(SYS_futex), "futex");
  EXPECT_EQ(syscall_name(SYS_read), "read");
#ifdef SYS_poll
  EXPECT_EQ(syscall_name(SYS_poll), "poll");
#endif
#ifdef SYS_io_uring_enter
  EXPECT_EQ(syscall_name(SYS_io_uring_enter), "io_uring_enter");
#endif
#ifdef SYS_epoll_pwait2
  EXPECT_EQ(syscall_name(SYS_epoll_pwait2), "epoll_pwait2");
#endif
  EXPECT_EQ(syscall_name(99'999), "system call 99999");
}

TEST(Machine, WidthOfNoTerminal) {
  if (stderr_is_terminal() || stdout_is_terminal()) GTEST_SKIP() << "on a terminal";
  ::unsetenv("COLUMNS");
  EXPECT_EQ(terminal_width(), 80);
  ::setenv("COLUMNS", "123", 1);
  EXPECT_EQ(terminal_width(), 123);
  ::setenv("COLUMNS", "-1", 1);
  EXPECT_EQ(terminal_width(), 80);
  ::unsetenv("COLUMNS");
}

}  // namespace
}  // namespace gilspy::platform
