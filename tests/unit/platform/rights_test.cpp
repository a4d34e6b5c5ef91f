#include "gilspy/rights.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <cerrno>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>

#include "child_process.h"
#include "gilspy/launch.h"
#include "gilspy/platform.h"
#include "platform/linux/proc_text.h"
#include "platform/linux/sanitized.h"
#include "platform/linux/syscall_filter.h"

namespace gilspy::platform {
namespace {

using test::ChildProcess;
using ::testing::HasSubstr;

// What a child of ours says about itself once it has given up its rights.
std::string told_by(const std::function<std::string()>& look, RightsToKeep keep = {}) {
  ChildProcess child([&](int tell) {
    const RightsLeft left = limit_rights(keep);
    test::tell(tell, left.filtered ? look() : "no filter");
  });
  return child.hear();
}

std::string outcome(long result) { return result >= 0 ? "ok" : ::strerrorname_np(errno); }

long execute(const char* program) {
  char* words[] = {nullptr};
  return ::execve(program, words, words);
}

long write_into(pid_t pid) {
  static char here = 0;
  iovec place{&here, 1};
  return ::process_vm_writev(pid, &place, 1, &place, 1, 0);
}

// Each on its own, so that one that is let through does not hide the others.
class Refused : public ::testing::TestWithParam<std::pair<const char*, long (*)()>> {};

// With all capabilities, so that it is the filter that refuses.
TEST_P(Refused, WithEperm) {
  if (kSanitized && std::string_view(GetParam().first) == "ptrace") GTEST_SKIP() << "the sanitizer needs it";
  EXPECT_EQ(told_by([] { return outcome(GetParam().second()); }, {.capabilities = CapabilitySet(~std::uint64_t{0})}),
            "EPERM");
}

INSTANTIATE_TEST_SUITE_P(
    SystemCalls, Refused,
    ::testing::Values(
        std::pair{"execve", +[] { return execute("/nonexistent"); }},
        std::pair{"execveat", +[] { return ::syscall(SYS_execveat, -1, "/nonexistent", nullptr, nullptr, 0); }},
        std::pair{"socket", +[] { return long{::socket(AF_INET, SOCK_STREAM, 0)}; }},
        std::pair{"socket_unix", +[] { return long{::socket(AF_UNIX, SOCK_STREAM, 0)}; }},
        std::pair{"socketpair", +[] { return ::syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, nullptr); }},
        std::pair{"connect", +[] { return long{::connect(-1, nullptr, 0)}; }},
        std::pair{"bind", +[] { return long{::bind(-1, nullptr, 0)}; }},
        std::pair{"listen", +[] { return long{::listen(-1, 1)}; }},
        std::pair{"accept4", +[] { return long{::accept4(-1, nullptr, nullptr, 0)}; }},
        std::pair{"sendto", +[] { return long{::sendto(-1, "", 0, 0, nullptr, 0)}; }},
        std::pair{"io_uring_setup", +[] { return ::syscall(425, 1, nullptr); }},
        std::pair{"process_vm_writev", +[] { return write_into(::getpid()); }},
        std::pair{"ptrace", +[] { return ::ptrace(PTRACE_SEIZE, 0, nullptr, nullptr); }},
        std::pair{"pidfd_getfd", +[] { return ::syscall(438, -1, 0, 0); }},
        std::pair{"mount", +[] { return ::syscall(SYS_mount, "", "/nonexistent", "", 0, nullptr); }},
        std::pair{"fsopen", +[] { return ::syscall(430, "nothing", 0); }},
        std::pair{"fspick", +[] { return ::syscall(433, -1, "", 0); }},
        std::pair{"umount2", +[] { return ::syscall(SYS_umount2, "/nonexistent", 0); }},
        std::pair{"pivot_root", +[] { return ::syscall(SYS_pivot_root, "", ""); }},
        std::pair{"chroot", +[] { return ::syscall(SYS_chroot, "/nonexistent"); }},
        std::pair{"setns", +[] { return ::syscall(SYS_setns, -1, 0); }},
        std::pair{"unshare", +[] { return ::syscall(SYS_unshare, 0); }},
        std::pair{"clone_into_namespaces", +[] { return ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); }},
        std::pair{"bpf", +[] { return ::syscall(SYS_bpf, -1, nullptr, 0); }},
        std::pair{"init_module", +[] { return ::syscall(SYS_init_module, nullptr, 0, ""); }},
        std::pair{"finit_module", +[] { return ::syscall(SYS_finit_module, -1, "", 0); }},
        std::pair{"delete_module", +[] { return ::syscall(SYS_delete_module, "nothing", 0); }},
        std::pair{"keyctl", +[] { return ::syscall(SYS_keyctl, -1); }},
        std::pair{"userfaultfd", +[] { return ::syscall(SYS_userfaultfd, -1); }},
        std::pair{"perf_event_open", +[] { return ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
        std::pair{"kexec_load", +[] { return ::syscall(SYS_kexec_load, 0, 0, nullptr, 0); }},
        std::pair{"reboot", +[] { return ::syscall(SYS_reboot, 0, 0, 0, nullptr); }},
        std::pair{"open_by_handle_at", +[] { return ::syscall(SYS_open_by_handle_at, -1, nullptr, 0); }}),
    [](const auto& refused) { return std::string(refused.param.first); });

// Of numbers that name something else there.
#if defined(__x86_64__)
TEST(Rights, SystemCallsOfOtherArchitecturesAreRefused) {
  EXPECT_EQ(told_by([] { return outcome(::syscall(SYS_getpid | 0x40000000)); }), "EPERM");  // x32
  EXPECT_EQ(told_by([] {
              int result = 20;  // getpid of i386
              asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
              return std::to_string(result);
            }),
            std::to_string(-EPERM));
}
#endif

TEST(Rights, AFilterIsASmallProgram) {
  EXPECT_LT(syscall_filter({}).size(), 160U);
  EXPECT_LT(syscall_filter({.stops_threads = true, .starts_programs = true}).size(), syscall_filter({}).size());
}

TEST(Rights, ReadingThreadsTimersAndFilesWork) {
  const std::string path = "/tmp/gilspy rights " + std::to_string(::getpid());
  ChildProcess target([](int tell) {
    test::tell(tell, "ready");
    for (;;) ::pause();
  });
  target.hear();
  const std::string said = told_by(
      [&] {
        std::string all;
        const auto made = attach(target.pid());
        all += made.has_value() && (*made)->threads().has_value() ? "attached " : "not attached ";
        std::thread([&all] { all += "thread "; }).join();
        all += sleep_until(now() + std::chrono::milliseconds(1)) ? "slept " : "did not sleep ";
        for (const char* text : {"1", "2"}) all += write_file(path, text).has_value() ? "written " : "not written ";
        all += append_file(path)->append({}).has_value() ? "appended " : "not appended ";
        const pid_t child = ::fork();
        if (child == 0)
          for (;;) ::pause();
        all += ::kill(child, SIGKILL) == 0 && ::waitpid(child, nullptr, 0) == child ? "waited" : "not waited";
        return all;
      },
      {.capabilities = {Capability::kSysPtrace}});
  ::unlink(path.c_str());
  EXPECT_EQ(said, "attached thread slept written written appended waited");
}

TEST(Rights, StopsAndProgramsAreLetThroughWhereTheyAreNeeded) {
  EXPECT_EQ(told_by([] { return outcome(::ptrace(PTRACE_SEIZE, 0, nullptr, nullptr)); }, {.stops_threads = true}),
            "ESRCH");
  const RightsToKeep programs{.starts_programs = true};
  EXPECT_EQ(told_by([] { return outcome(execute("/nonexistent")); }, programs), "ENOENT");
  EXPECT_EQ(told_by([] { return outcome(::socket(AF_UNIX, SOCK_STREAM, 0)); }, programs), "ok");
  EXPECT_EQ(told_by([] { return outcome(write_into(::getpid())); }, programs), "EPERM");
}

TEST(Rights, OfThreadsThatAreStartedLaterAsWell) {
  const std::string said = told_by([] {
    std::string there;
    std::thread([&there] { there = outcome(::socket(AF_INET, SOCK_STREAM, 0)); }).join();
    return there;
  });
  EXPECT_EQ(said, "EPERM");
}

std::string own_status() {
  std::ifstream file("/proc/thread-self/status");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string value(const std::string& status, std::string_view key) { return std::string(status_value(status, key)); }

TEST(Rights, CapabilitiesGoAndStayAsAsked) {
  if (!held_capabilities().has(Capability::kSysPtrace)) GTEST_SKIP() << "SKIPPED: needs root, to give up its rights";
  const std::string status =
      told_by(own_status, {.capabilities = {Capability::kSysPtrace, Capability::kCheckpointRestore}});
  const std::string kept = "0000010000080000";
  EXPECT_EQ(value(status, "CapEff"), kept);
  EXPECT_EQ(value(status, "CapPrm"), kept);
  for (const char* none : {"CapInh", "CapBnd", "CapAmb"}) EXPECT_EQ(value(status, none), "0000000000000000") << none;
  EXPECT_EQ(value(status, "NoNewPrivs"), "1");
  EXPECT_EQ(value(status, "Seccomp"), "2");
}

TEST(Rights, WhatIsNotHeldCannotBeKept) {
  ChildProcess child([](int tell) {
    limit_rights({});
    const RightsLeft again = limit_rights({.capabilities = {Capability::kSysPtrace}});
    test::tell(tell, again.kept.empty() && again.given_up.empty() ? "nothing" : "something");
  });
  EXPECT_EQ(child.hear(), "nothing");
}

TEST(Rights, AnAttemptChangesNothing) {
  const CapabilitySet before = held_capabilities();
  CapabilitySet meanwhile = before;
  EXPECT_TRUE(works_with({}, [&meanwhile] {
    meanwhile = held_capabilities();
    return true;
  }));
  EXPECT_TRUE(meanwhile.empty());
  EXPECT_EQ(held_capabilities(), before);
  EXPECT_FALSE(works_with({}, [] { return false; }));
}

TEST(Rights, ACommandThatWasLaunchedKeepsWhatItHad) {
  ChildProcess child([](int tell) {
    ::dup2(tell, STDOUT_FILENO);
    const auto command = launch({"/bin/sh", "-c", "read line; grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status"});
    limit_rights({});
    test::tell(tell, "limited\n");
    if (command.has_value()) (*command)->wait();
  });
  ASSERT_EQ(child.hear_line(), "limited\n");
  child.say("go on\n");
  std::string said, line;
  while (!(line = child.hear_line()).empty()) said += line;
  const std::string ours = own_status();
  for (const char* key : {"CapPrm", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp"}) {
    EXPECT_EQ(value(said, key), value(ours, key)) << key;
  }
}

TEST(Rights, NobodyLendsThemHere) { EXPECT_FALSE(lends_rights()); }

TEST(Rights, Variables) {
  ::setenv("GILSPY_TEST_VARIABLE", "x", 1);
  EXPECT_EQ(trusted_variable("GILSPY_TEST_VARIABLE"), "x");
  ::unsetenv("GILSPY_TEST_VARIABLE");
  EXPECT_EQ(trusted_variable("GILSPY_TEST_VARIABLE"), "");
}

TEST(Rights, WhoseAProcessIs) {
  EXPECT_FALSE(belongs_to_another_user(Pid{::getpid()}));
  EXPECT_EQ(belongs_to_another_user(Pid{1}), ::geteuid() != 0);
}

TEST(CapabilitySets, AreSets) {
  constexpr CapabilitySet both{Capability::kChown, Capability::kSysPtrace};
  static_assert(both.bits() == (1U << 19 | 1U));
  static_assert(both.contains({Capability::kChown}) && !both.contains({Capability::kChown, Capability::kKill}));
  static_assert(both.without({Capability::kChown}) == CapabilitySet{Capability::kSysPtrace});
  static_assert(both.both({Capability::kChown, Capability::kKill}) == CapabilitySet{Capability::kChown});
  EXPECT_EQ(name(Capability::kDacReadSearch), "CAP_DAC_READ_SEARCH");
}

// Where everybody may write, but only the owner of a file may put another in its place.
TEST(MayReplace, InAFolderLikeTmp) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: needs root, to make files of another user";
  const std::string folder = "/tmp/gilspy sticky " + std::to_string(::getpid()), file = folder + "/file";
  ::mkdir(folder.c_str(), 0777);
  EXPECT_TRUE(write_file(file, "x").has_value());
  EXPECT_EQ(::chown(folder.c_str(), 12345, 12345) + ::chown(file.c_str(), 12345, 12345), 0);
  EXPECT_EQ(::chmod(folder.c_str(), 0777), 0);
  const auto replaceable = [&] { return may_replace(file); };
  EXPECT_TRUE(works_with({}, replaceable));
  EXPECT_EQ(::chmod(folder.c_str(), 01777), 0);
  EXPECT_FALSE(works_with({}, replaceable));
  EXPECT_TRUE(works_with({Capability::kFowner}, replaceable));
  EXPECT_TRUE(works_with({Capability::kFowner}, [&] { return write_file(file, "y").has_value(); }));
  EXPECT_EQ(::chown(file.c_str(), 12345, 12345), 0);
  EXPECT_FALSE(works_with({}, [&] { return write_file(file, "z").has_value(); }));
  ::unlink(file.c_str());
  ::rmdir(folder.c_str());
}

}  // namespace
}  // namespace gilspy::platform
