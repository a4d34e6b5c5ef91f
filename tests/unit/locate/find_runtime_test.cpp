// On every interpreter that this machine has: /usr/bin/python3 and those of pyenv.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "gilspy/locate.h"
#include "gilspy/memory.h"
#include "gilspy/platform.h"
#include "tests/unit/platform/child_process.h"

namespace gilspy {
namespace {

namespace fs = std::filesystem;
using test::ChildProcess;
using ::testing::HasSubstr;

constexpr const char* kProgram = "import sys; print(*sys.version_info[:3], flush=True); sys.stdin.readline()";

std::vector<std::string> interpreters() {
  std::vector<std::string> found;
  if (fs::exists("/usr/bin/python3")) found.emplace_back("/usr/bin/python3");
  const char* home = std::getenv("HOME");
  const fs::path versions = fs::path(home == nullptr ? "/" : home) / ".pyenv/versions";
  if (fs::exists(versions)) {
    for (const auto& version : fs::directory_iterator(versions)) {
      const fs::path python = version.path() / "bin/python3";
      if (fs::exists(python)) found.push_back(python);
    }
  }
  return found;
}

struct Told {
  int major = 0, minor = 0, micro = 0;
};
Told version_told(const ChildProcess& child) {
  Told told;
  std::sscanf(child.hear_line().c_str(), "%d %d %d", &told.major, &told.minor, &told.micro);
  return told;
}

void expect_found(const ChildProcess& child, const Told& told) {
  const auto target = platform::attach(child.pid());
  ASSERT_TRUE(target.has_value()) << target.error().message();
  const auto location = locate::find_runtime(**target);
  if (told.minor < 7) {
    ASSERT_FALSE(location.has_value());
    EXPECT_EQ(location.error().code(), ErrorCode::kUnsupported);
    EXPECT_THAT(location.error().message(), HasSubstr("older than 3.7"));
    return;
  }
  ASSERT_TRUE(location.has_value()) << location.error().message();
  EXPECT_EQ(location->version.major, told.major);
  EXPECT_EQ(location->version.minor, told.minor);
  EXPECT_EQ(location->version.micro, told.minor >= 11 ? told.micro : -1);
  EXPECT_FALSE(location->free_threaded);
  // The runtime is there, initialised and, from 3.13 on, says so.
  const auto word = read_value<std::uint64_t>(**target, location->runtime);
  ASSERT_TRUE(word.has_value());
  EXPECT_NE(*word, 0U);
}

TEST(FindRuntime, OnEveryInterpreter) {
  if (interpreters().empty()) GTEST_SKIP() << "SKIPPED: no interpreter was found, nothing was tested";
  for (const std::string& python : interpreters()) {
    SCOPED_TRACE(python);
    ChildProcess child({python, "-c", kProgram});
    const Told told = version_told(child);
    ASSERT_GT(told.major, 0);
    expect_found(child, told);
  }
}

// A program that exports its runtime, without its symbol table, and moved elsewhere.
TEST(FindRuntime, AStrippedCopy) {
  if (!fs::exists("/usr/bin/python3") || !fs::exists("/usr/bin/strip")) {
    GTEST_SKIP() << "SKIPPED: needs /usr/bin/python3 and strip";
  }
  const std::string copy = "/tmp/gilspy-stripped-" + std::to_string(::getpid());
  ASSERT_EQ(std::system(("strip -o " + copy + " $(readlink -f /usr/bin/python3)").c_str()), 0);
  {
    ChildProcess child({copy, "-c", kProgram});
    const Told told = version_told(child);
    ASSERT_GT(told.major, 0);
    expect_found(child, told);
    // The file has lost its name, as after an upgrade; /proc/PID/exe still opens it.
    fs::remove(copy);
    expect_found(child, told);
  }
}

TEST(FindRuntime, AProgramThatIsNotPython) {
  ChildProcess child({"/bin/sh", "-c", "echo ready; read line"});
  child.hear();
  const auto target = platform::attach(child.pid());
  ASSERT_TRUE(target.has_value());
  const auto location = locate::find_runtime(**target);
  ASSERT_FALSE(location.has_value());
  EXPECT_EQ(location.error().code(), ErrorCode::kNotPython);
  EXPECT_THAT(location.error().message(), ::testing::EndsWith(") is not Python"));
}

TEST(FindRuntime, AWrapperNamesThePythonBelow) {
  if (interpreters().empty()) GTEST_SKIP() << "SKIPPED: no interpreter was found, nothing was tested";
  const std::string python = interpreters().front();
  ChildProcess child({"/bin/sh", "-c",
                      "sh -c '" + python + " -c \"import os, sys; print(os.getpid(), flush=True); " +
                          "sys.stdin.readline()\" here; true'; true"});
  const std::string pid = std::to_string(std::atoi(child.hear_line().c_str()));
  const auto target = platform::attach(child.pid());
  ASSERT_TRUE(target.has_value());
  const auto location = locate::find_runtime(**target);
  ASSERT_FALSE(location.has_value());
  EXPECT_EQ(location.error().code(), ErrorCode::kNotPython);
  EXPECT_THAT(location.error().message(), HasSubstr("but its child " + pid + " (python3 -c import os"));
  EXPECT_THAT(location.error().message(), ::testing::EndsWith(" is: use --pid " + pid));
  child.say("\n");
}

}  // namespace
}  // namespace gilspy
