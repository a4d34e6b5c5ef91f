// What is said about a command line that works, but maybe not as somebody thinks.
#include "src/cli/command_line.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "src/cli/exit_codes.h"

namespace gilspy::cli {
namespace {

struct Told {
  Command command;
  std::string text;  // on stderr
};

Told told(std::vector<std::string> words) {
  words.insert(words.begin(), "gilspy");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  ::testing::internal::CaptureStderr();
  Command command = CommandLine().parse(static_cast<int>(arguments.size()), arguments.data());
  return {std::move(command), ::testing::internal::GetCapturedStderr()};
}

std::string hint(std::vector<std::string> words) {
  const Told found = told(std::move(words));
  EXPECT_FALSE(std::holds_alternative<Exit>(found.command)) << found.text;
  return found.text;
}

TEST(Hints, OptionsWithoutEffect) {
  EXPECT_EQ(hint({"report", "r.gilspy", "-o", "x.pftrace", "--view", "wait"}),
            "gilspy: --view has no effect on perfetto\n");
  EXPECT_EQ(hint({"report", "r.gilspy", "-f", "chrometrace", "-g", "-i", "-t"}),
            "gilspy: --gil, --idle and --threads have no effect on chrometrace\n");
  EXPECT_EQ(hint({"report", "r.gilspy", "-f", "pprof", "--view", "blame", "--nolineno", "--full-filenames"}),
            "gilspy: --full-filenames has no effect on pprof\n");
  EXPECT_EQ(hint({"record", "-p", "1", "-f", "gilspy", "-t", "-F"}),
            "gilspy: --threads and --function have no effect on a recording: `gilspy report` takes them\n");
  EXPECT_EQ(hint({"report", "r.gilspy", "-f", "json", "--idle"}), "gilspy: --idle has no effect on json\n");
}

TEST(Hints, NoneAboutOptionsThatHaveOne) {
  const std::vector<std::string> all{"--view", "blame", "-i", "-t", "-F", "--full-filenames"};
  for (const char* const format : {"flamegraph", "html", "folded"}) {
    std::vector<std::string> words{"report", "r.gilspy", "-f", format};
    words.insert(words.end(), all.begin(), all.end());
    EXPECT_EQ(hint(words), "") << format;
  }
  EXPECT_EQ(hint({"report", "r.gilspy", "-f", "firefox", "-i", "--nolineno", "--full-filenames"}), "");
  EXPECT_EQ(hint({"report", "r.gilspy", "-f", "speedscope", "-i", "--view", "blame"}), "");
}

TEST(Hints, NamesThatNearlyHaveAnotherEnding) {
  EXPECT_EQ(
      hint({"report", "r.gilspy", "-o", "out/trace.json"}),
      "gilspy: out/trace.json will be json; a name that ends in .trace.json is chrometrace, or --format says so\n");
  EXPECT_EQ(
      hint({"record", "-p", "1", "-o", "x.firefox.json"}),
      "gilspy: x.firefox.json will be json; a name that ends in .firefox.json.gz is firefox, or --format says so\n");
  for (const char* const name : {"x.json", "x.trace.json", "x.speedscope.json", "x.firefox.json.gz", "x.pb.gz"}) {
    EXPECT_EQ(hint({"report", "r.gilspy", "-o", name}), "") << name;
  }
  EXPECT_EQ(hint({"report", "r.gilspy", "-o", "json"}),
            "gilspy: json will be flamegraph; a name that ends in .json is json, or --format says so\n");
  EXPECT_EQ(hint({"report", "r.gilspy", "-f", "json", "-o", "trace.json"}), "");
}

TEST(Hints, AreNotGivenBesideAnError) {
  const Told found = told({"record", "-f", "perfetto", "--view", "wait"});
  EXPECT_EQ(std::get<Exit>(found.command).code, kExitUsage);
  EXPECT_EQ(found.text, "gilspy: record takes --pid PID, or -- COMMAND to launch\n");
}

}  // namespace
}  // namespace gilspy::cli
