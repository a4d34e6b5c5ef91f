#include <gmock/gmock.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <algorithm>
#include <thread>

#include "child_process.h"
#include "gilspy/memory.h"
#include "gilspy/platform.h"
#include "platform/linux/absent.h"

namespace gilspy {
namespace {

using test::ChildProcess;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

void sleep_forever(int tell) {
  test::tell(tell, "ready");
  for (;;) ::pause();
}

TEST(Attach, NoSuchProcess) {
  for (const int number : {0x3fffffff, 0, -1}) {
    const auto target = platform::attach(Pid{number});
    ASSERT_FALSE(target.has_value());
    EXPECT_EQ(target.error().code(), ErrorCode::kNoProcess);
    EXPECT_THAT(target.error().message(), StartsWith("there is no process " + std::to_string(number)));
  }
}

TEST(Attach, ProcThatIsNotOfOurProcesses) {
  EXPECT_FALSE(platform::foreign_proc().has_value());
  EXPECT_FALSE(platform::foreign_proc({.self = "12", .own = 12}).has_value());
  for (const std::string_view self : {"", "13", "12x"}) {
    const auto error = platform::foreign_proc({.self = self, .own = 12});
    ASSERT_TRUE(error.has_value()) << self;
    EXPECT_EQ(error->code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error->message(), HasSubstr("mount -t proc proc /proc"));
  }
}

TEST(Attach, AThreadIsNoProcess) {
  ChildProcess child([](int tell) {
    std::thread thread([&] {
      test::tell(tell, std::to_string(::syscall(SYS_gettid)));
      for (;;) ::pause();
    });
    thread.join();
  });
  const int tid = std::stoi(child.hear());
  const auto target = platform::attach(Pid{tid});
  ASSERT_FALSE(target.has_value());
  EXPECT_EQ(target.error().code(), ErrorCode::kNoProcess);
  EXPECT_THAT(target.error().message(), HasSubstr("use --pid " + std::to_string(to_int(child.pid()))));
}

TEST(Attach, AThreadOfTheKernelIsNotPython) {
  const auto target = platform::attach(Pid{2});
  if (!target.has_value() && target.error().code() == ErrorCode::kNotPython) {
    EXPECT_EQ(target.error().message(), "process 2 (kthreadd) is a thread of the kernel, not Python");
  } else {
    GTEST_SKIP() << "SKIPPED: process 2 is not the kernel's here";
  }
}

TEST(Attach, TellsWhoItIs) {
  ChildProcess child({"/bin/sh", "-c", "cd /tmp && echo ready && read line", "a name"});
  ASSERT_EQ(child.hear_line(), "ready\n");
  const auto target = platform::attach(child.pid());
  ASSERT_TRUE(target.has_value());
  const ProcessIdentity& identity = (*target)->identity();
  EXPECT_EQ(identity.pid, child.pid());
  EXPECT_THAT(identity.command, ::testing::ElementsAre("/bin/sh", "-c", HasSubstr("read line"), "a name"));
  EXPECT_THAT(identity.executable, StartsWith("/"));
  EXPECT_EQ(identity.working_folder, "/tmp");
}

TEST(Attach, DescendantsNearestFirst) {
  ChildProcess child({"/bin/sh", "-c", "sh -c 'sleep 60 & echo ready; wait' & wait"});
  ASSERT_EQ(child.hear_line(), "ready\n");
  const auto target = platform::attach(child.pid());
  ASSERT_TRUE(target.has_value());
  std::vector<ProcessIdentity> below;
  ASSERT_TRUE(test::eventually([&] {
    below = (*target)->descendants();
    return below.size() == 2 && !below[1].command.empty() && below[1].command.front() == "sleep";
  }));
  EXPECT_EQ(below[0].command.front(), "sh");
  const std::vector<std::string> files = (*target)->files_mapped_by(below[1].pid);
  EXPECT_THAT(files, ::testing::Contains(below[1].executable));
  EXPECT_THAT(files, ::testing::Not(::testing::Contains("")));
  ::kill(to_int(below[1].pid), SIGKILL);
}

TEST(Attach, RaisesTheLimitOfDescriptors) {
  ChildProcess child(sleep_forever);
  child.hear();
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 256);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_TRUE(platform::attach(child.pid()).has_value());
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
  limit.rlim_cur = before;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

TEST(Attach, RefusalSaysWhatToRun) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: needs root, to give up its rights";
  ChildProcess root(sleep_forever);
  root.hear();
  ChildProcess nobody([&](int tell) {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) return;
    const auto target = platform::attach(root.pid());
    const bool denied = !target.has_value() && target.error().code() == ErrorCode::kDenied;
    test::tell(tell, denied ? target.error().message() : "not denied");
  });
  const std::string message = nobody.hear();
  EXPECT_THAT(message, StartsWith("not permitted to read process " + std::to_string(to_int(root.pid())) + " ("));
  EXPECT_THAT(message, AnyOf(HasSubstr("run `sudo /"), HasSubstr("docker run --cap-add SYS_PTRACE")));
}

TEST(Attach, NumbersInAnotherPidNamespace) {
  ChildProcess parent([](int tell) {
    if (::unshare(CLONE_NEWPID) != 0) return test::tell(tell, "0 refused");
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) ::pause();
    }
    test::tell(tell, std::to_string(child));
    ::waitpid(child, nullptr, 0);
  });
  const int pid = std::stoi(parent.hear());
  if (pid == 0) GTEST_SKIP() << "SKIPPED: may not make a PID namespace";
  const auto target = platform::attach(Pid{pid});
  ASSERT_TRUE(target.has_value()) << target.error().message();
  EXPECT_EQ((*target)->own_number_of(Tid{pid}), 1);
  EXPECT_EQ((*target)->tid_of_own_number(1), Tid{pid});
  EXPECT_FALSE((*target)->tid_of_own_number(99'999));
  EXPECT_FALSE((*target)->tid_of_own_number(0));
  (*target)->forget(Tid{pid});
  EXPECT_EQ((*target)->tid_of_own_number(1), Tid{pid});
  const auto is_it = [pid](const ProcessIdentity& process) { return process.pid == Pid{pid}; };
  EXPECT_EQ(std::ranges::count_if(platform::numbered_inside(Pid{1}), is_it), 1);
  EXPECT_EQ(std::ranges::count_if(platform::numbered_inside(Pid{pid}), is_it), 0);
  ::kill(pid, SIGKILL);
}

}  // namespace
}  // namespace gilspy
