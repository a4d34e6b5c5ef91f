// Ended, replaced, or the same program as ever: on real processes.
#include <gmock/gmock.h>
#include <linux/sched.h>
#include <sys/personality.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "child_process.h"
#include "gilspy/platform.h"

namespace gilspy {
namespace {

using test::ChildProcess;
using test::eventually;

std::unique_ptr<Target> attach(Pid pid) {
  auto target = platform::attach(pid);
  if (!target.has_value()) ADD_FAILURE() << target.error().message();
  return target.has_value() ? std::move(*target) : nullptr;
}

void sleep_forever(int tell) {
  test::tell(tell, "ready");
  for (;;) ::pause();
}

TEST(Liveness, AZombieHasEnded) {
  ChildProcess child(sleep_forever);
  child.hear();
  const auto target = attach(child.pid());
  ASSERT_TRUE(target);
  EXPECT_EQ(target->liveness(), Liveness::kAlive);
  EXPECT_TRUE(target->cpu_time().has_value());
  child.kill();
  EXPECT_TRUE(eventually([&] { return target->liveness() == Liveness::kEnded; }));
  EXPECT_EQ(platform::attach(child.pid()).error().code(), ErrorCode::kNoProcess);
  const Pid pid = child.pid();
  child.end();
  EXPECT_EQ(target->liveness(), Liveness::kEnded);
  EXPECT_EQ(target->cpu_time().error().code(), ErrorCode::kGone);
  EXPECT_EQ(target->mappings().error().code(), ErrorCode::kGone);
  EXPECT_EQ(platform::attach(pid).error().code(), ErrorCode::kNoProcess);
}

TEST(Liveness, StoppedIsAliveAndSaidSo) {
  ChildProcess child(sleep_forever);
  child.hear();
  const auto target = attach(child.pid());
  ASSERT_TRUE(target);
  ::kill(to_int(child.pid()), SIGSTOP);
  EXPECT_TRUE(eventually([&] { return target->liveness() == Liveness::kStopped; }));
  ::kill(to_int(child.pid()), SIGCONT);
  EXPECT_TRUE(eventually([&] { return target->liveness() == Liveness::kAlive; }));
}

// The hardest case to see: the same program again, at the same addresses.
TEST(Liveness, ExecOfTheSameProgramIsSeen) {
  ChildProcess child({"/bin/sh", "-c", "echo ready; read line; exec /bin/sh -c 'echo again; read line'"},
                     [] { ::personality(ADDR_NO_RANDOMIZE); });
  ASSERT_EQ(child.hear_line(), "ready\n");
  const auto target = attach(child.pid());
  ASSERT_TRUE(target);
  EXPECT_EQ(target->liveness(), Liveness::kAlive);
  child.say("go\n");
  ASSERT_EQ(child.hear_line(), "again\n");
  EXPECT_EQ(target->liveness(), Liveness::kReplaced);
  // Attached anew, it is a process like any other.
  const auto again = attach(child.pid());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->liveness(), Liveness::kAlive);
}

// Memory that takes the kernel a while to give back: meanwhile the process has a new and empty one, or none.
void hold_memory(int tell) {
  std::vector<char> memory(std::size_t{128} << 20, 1);
  test::tell(tell, "ready");
  char line = 0;
  if (::read(STDIN_FILENO, &line, 1) != 1 || memory.back() != 1) ::_exit(1);
}

Liveness first_change(Target& target) {
  Liveness liveness = Liveness::kAlive;
  EXPECT_TRUE(eventually([&] {
    for (int i = 0; i < 1000 && liveness == Liveness::kAlive; ++i) liveness = target.liveness();
    return liveness != Liveness::kAlive;
  }));
  return liveness;
}

TEST(Liveness, WhoExecutesAProgramJustNowHasNotEnded) {
  ChildProcess child([](int tell) {
    hold_memory(tell);
    ::execl("/bin/sh", "sh", "-c", "read line", nullptr);
  });
  child.hear();
  const auto target = attach(child.pid());
  ASSERT_TRUE(target);
  child.say("!");
  EXPECT_EQ(first_change(*target), Liveness::kReplaced);
}

TEST(Liveness, WhoGivesItsMemoryBackAtItsEndHas) {
  ChildProcess child(hold_memory);
  child.hear();
  const auto target = attach(child.pid());
  ASSERT_TRUE(target);
  child.say("!");
  EXPECT_EQ(first_change(*target), Liveness::kEnded);
}

TEST(Liveness, ForkingIsNoEnd) {
  ChildProcess child({"/bin/sh", "-c", "echo ready; read line; /bin/true; (exec /bin/true); echo done; read line"});
  ASSERT_EQ(child.hear_line(), "ready\n");
  const auto target = attach(child.pid());
  ASSERT_TRUE(target);
  child.say("go\n");
  ASSERT_EQ(child.hear_line(), "done\n");
  EXPECT_EQ(target->liveness(), Liveness::kAlive);
}

// Starts a process with a number of our choice (needs CAP_CHECKPOINT_RESTORE); -1 when that is refused.
pid_t fork_as(pid_t number) {
  clone_args args{};
  args.exit_signal = SIGCHLD;
  args.set_tid = reinterpret_cast<std::uint64_t>(&number);
  args.set_tid_size = 1;
  return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof(args)));
}

TEST(Liveness, ANumberThatIsUsedAgainIsAnotherProcess) {
  ChildProcess child(sleep_forever);
  child.hear();
  const pid_t number = to_int(child.pid());
  const auto target = attach(child.pid());
  ASSERT_TRUE(target);
  ASSERT_TRUE(target->syscall_of(Tid{number}).has_value());
  child.end();
  const pid_t again = fork_as(number);
  if (again == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  }
  if (again < 0) GTEST_SKIP() << "SKIPPED: cannot choose the number of a process: " << std::strerror(errno);
  EXPECT_EQ(target->liveness(), Liveness::kEnded);
  EXPECT_EQ(target->threads().error().code(), ErrorCode::kGone);
  EXPECT_EQ(target->syscall_of(Tid{number}).error().code(), ErrorCode::kGone);
  ::kill(again, SIGKILL);
  ::waitpid(again, nullptr, 0);
}

}  // namespace
}  // namespace gilspy
