// Commands that are launched: how they start, what they are told, how they end.
#include "gilspy/launch.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "child_process.h"
#include "platform/linux/child_status.h"

namespace gilspy::platform {
namespace {

using test::eventually;
using ::testing::HasSubstr;

std::unique_ptr<Child> launched(const std::string& script) {
  auto child = launch({"sh", "-c", script});
  if (!child.has_value()) ADD_FAILURE() << child.error().message();
  return child.has_value() ? std::move(*child) : nullptr;
}

std::string told(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A folder for what a command has to say.
class LaunchTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(folder_.data()), nullptr); }
  void TearDown() override {
    std::remove(file("out").c_str());
    ::rmdir(folder_.c_str());
  }
  std::string file(const std::string& name) const { return folder_ + "/" + name; }
  bool says(const std::string& text) const {
    return eventually([&] { return told(file("out")) == text; });
  }

 private:
  std::string folder_ = "/tmp/gilspy-launch-XXXXXX";
};

TEST_F(LaunchTest, TellsHowItEnded) {
  EXPECT_EQ(launched("exit 7")->wait().shell_code(), 7);
  const auto killed = launched("kill -TERM $$");
  EXPECT_EQ(killed->wait().signal, SIGTERM);
  EXPECT_EQ(killed->wait().shell_code(), 128 + SIGTERM);  // as often as one asks
  EXPECT_EQ(killed->poll()->shell_code(), 128 + SIGTERM);
}

TEST_F(LaunchTest, PollDoesNotWait) {
  const auto child = launched("exec sleep 100");
  EXPECT_FALSE(child->poll().has_value());
  child->send(SIGKILL);
  EXPECT_TRUE(eventually([&] { return child->poll().has_value(); }));
  EXPECT_EQ(::kill(to_int(child->pid()), 0), -1);  // no zombie
  child->send(SIGKILL);                            // reaches nobody
}

TEST_F(LaunchTest, WhatCannotBeExecuted) {
  const auto nowhere = launch({"no-such-command-anywhere"});
  ASSERT_FALSE(nowhere.has_value());
  EXPECT_EQ(nowhere.error().code(), ErrorCode::kNoCommand);
  EXPECT_THAT(nowhere.error().message(), HasSubstr("no-such-command-anywhere"));
  EXPECT_EQ(launch({"/etc/passwd"}).error().code(), ErrorCode::kCannotExecute);
  EXPECT_EQ(launch({"/tmp"}).error().code(), ErrorCode::kCannotExecute);
  EXPECT_EQ(launch({""}).error().code(), ErrorCode::kNoCommand);
  EXPECT_EQ(launch({}).error().code(), ErrorCode::kUsage);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // nothing is left of them
}

TEST_F(LaunchTest, PassesSignalsOn) {
  const auto child = launched("trap 'echo usr1 >" + file("out") + "' USR1; echo ready >" + file("out") +
                              "; while :; do sleep 0.01; done");
  ASSERT_TRUE(says("ready\n"));
  ::kill(::getpid(), SIGUSR1);
  EXPECT_TRUE(says("usr1\n"));
  ::kill(::getpid(), SIGINT);
  EXPECT_EQ(child->wait().signal, SIGINT);
  ::kill(::getpid(), SIGINT);  // nobody to pass it on to, and no reason to end either
}

// A shell keeps ignoring what was ignored when it started.
TEST_F(LaunchTest, WhatWasIgnoredStaysIgnored) {
  ::signal(SIGHUP, SIG_IGN);
  EXPECT_EQ(launched("kill -HUP $$; exit 3")->wait().code, 3);
  ::signal(SIGHUP, SIG_DFL);
}

TEST_F(LaunchTest, LeavesNoTraceInThisProcess) {
  sigset_t before, after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  launched("exit 0")->wait();
  ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
  struct sigaction action {};
  for (const int number : {SIGINT, SIGUSR1, SIGPIPE, SIGCHLD}) {
    EXPECT_EQ(::sigismember(&before, number), ::sigismember(&after, number));
    ::sigaction(number, nullptr, &action);
    EXPECT_EQ(action.sa_handler, SIG_DFL);
  }
}

// As a tracer does that waits for a stop of the main thread and gets its end.
TEST_F(LaunchTest, AnotherWaitMayGetItsEnd) {
  const auto child = launched("exit 9");
  int status = 0;
  ASSERT_EQ(::waitpid(to_int(child->pid()), &status, 0), to_int(child->pid()));
  note_exit(to_int(child->pid()) + 1, 0x100);  // of somebody else
  note_exit(to_int(child->pid()), 0x057f);     // a stop is no end
  note_exit(to_int(child->pid()), status);
  EXPECT_EQ(child->poll()->code, 9);
  EXPECT_EQ(child->wait().code, 9);
}

}  // namespace
}  // namespace gilspy::platform
