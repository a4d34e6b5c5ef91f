// What shells are told; tests/system asks the shells themselves.
#include <gmock/gmock.h>

#include <CLI/CLI.hpp>

#include "src/cli/completion_model.h"

namespace gilspy::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CompletionTest : public ::testing::Test {
 protected:
  CompletionTest() : app_("", "gilspy") {
    CLI::App& cut = *app_.add_subcommand("cut", "Cut it: it's [short]");
    cut.add_option("FILE", text_, "What to cut")->type_name("FILE");
    cut.add_option("-p,--pid", text_, "Whom")->type_name("PID");
    cut.add_option("--how", text_, "How\nall: whole")->type_name("HOW")->check(CLI::IsMember({"all", "half"}));
    cut.add_option("-r,--rate", text_, "How often")->type_name("RATE");
    cut.add_flag("-f,--fast", flag_, "Fast");
    cut.add_flag("--secret", flag_, "Not to be told")->group("");
  }
  CLI::App app_;
  std::string text_;
  bool flag_ = false;
};

TEST_F(CompletionTest, KindsOfValues) {
  const auto commands = completed_commands(app_);
  ASSERT_EQ(commands.size(), 2U);
  EXPECT_EQ(commands[0].name, "gilspy");
  const CompletedCommand& cut = commands[1];
  ASSERT_EQ(cut.arguments.size(), 1U);
  EXPECT_EQ(cut.arguments[0].value, Value::kFile);
  ASSERT_EQ(cut.options.size(), 5U);  // --help is one of them
  EXPECT_THAT(cut.options[1].names, ElementsAre("-p", "--pid"));
  EXPECT_EQ(cut.options[1].value, Value::kPid);
  EXPECT_EQ(cut.options[2].value, Value::kChoice);
  EXPECT_THAT(cut.options[2].choices, ElementsAre("all", "half"));
  EXPECT_EQ(cut.options[2].description, "How");
  EXPECT_EQ(cut.options[3].value, Value::kAny);
  EXPECT_EQ(cut.options[4].value, Value::kNone);
}

TEST_F(CompletionTest, WordsThatMeanSomethingToAShellAreQuoted) {
  const auto commands = completed_commands(app_);
  EXPECT_THAT(zsh_completion(commands), HasSubstr(R"('cut:Cut it\: it'\''s \[short\]')"));
  EXPECT_THAT(fish_completion(commands), HasSubstr(R"(-d 'Cut it: it\'s [short]')"));
  EXPECT_THAT(bash_completion(commands), HasSubstr("compgen -W 'all half'"));
}

TEST(Completion, Words) {
  EXPECT_EQ(joined({"a", "b"}), "a b");
  EXPECT_EQ(joined({}, ", "), "");
  EXPECT_EQ(quoted("it's"), "'it'\\''s'");
}

}  // namespace
}  // namespace gilspy::cli
