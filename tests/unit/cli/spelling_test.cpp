#include "src/cli/spelling.h"

#include <gmock/gmock.h>

#include <CLI/CLI.hpp>

namespace gilspy::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SpellingTest : public ::testing::Test {
 protected:
  SpellingTest() : app_("", "gilspy") {
    for (const char* name : {"record", "report", "dump"}) app_.add_subcommand(name);
  }
  CLI::App app_;
};

TEST_F(SpellingTest, AsManyLettersAsTellThemApart) {
  EXPECT_EQ(command_named(app_, "record"), "record");
  EXPECT_EQ(command_named(app_, "rec"), "record");
  EXPECT_EQ(command_named(app_, "d"), "dump");
  EXPECT_EQ(command_named(app_, "re"), std::nullopt);
  EXPECT_EQ(command_named(app_, "dumps"), std::nullopt);
  EXPECT_EQ(command_named(app_, ""), std::nullopt);
}

TEST_F(SpellingTest, NoSuchCommand) {
  EXPECT_THAT(no_such_command(app_, "x"), HasSubstr("there is no command 'x'; there are record, report, dump"));
  EXPECT_THAT(no_such_command(app_, "x"), Not(HasSubstr("meant")));
  EXPECT_THAT(no_such_command(app_, "42"), HasSubstr("`gilspy record --pid 42` meant?"));
}

TEST_F(SpellingTest, WordsThatStandAlone) {
  EXPECT_THAT(hint_about("record", {"42"}), HasSubstr("`gilspy record --pid 42`"));
  EXPECT_THAT(hint_about("dump", {"0x2a"}), HasSubstr("`gilspy dump --pid 0x2a`"));
  EXPECT_THAT(hint_about("record", {"python", "app.py"}), HasSubstr("`gilspy record -- python app.py`"));
  EXPECT_EQ(hint_about("dump", {"python"}), "");
  EXPECT_EQ(hint_about("report", {"42"}), "");
  EXPECT_THAT(hint_about("record", {"--nonsense"}), HasSubstr("record has no option --nonsense"));
  EXPECT_EQ(hint_about("record", {}), "");
}

TEST_F(SpellingTest, OptionsThatWereProbablyMeant) {
  const std::vector<std::string> options{"--help", "--max-gil-wait"};
  EXPECT_THAT(hint_about("check", {"--max-gil-wiat", "30%"}, options), HasSubstr("; is --max-gil-wait meant? (gilspy"));
  EXPECT_THAT(hint_about("check", {"--max-gil-wiat=30%"}, options), HasSubstr("is --max-gil-wait meant?"));
  EXPECT_THAT(hint_about("check", {"--nonsense"}, options), Not(HasSubstr("meant")));
}

TEST(Nearest, OneThatWasProbablyMeant) {
  const std::vector<std::string> names{"serialized_by_gil", "idle", "max-gil-wait"};
  EXPECT_EQ(nearest("serialised_by_gil", names), "serialized_by_gil");
  EXPECT_EQ(nearest("serialized-by-gil", names), "serialized_by_gil");
  EXPECT_EQ(nearest("idel", names), std::nullopt) << "of four letters two";
  EXPECT_EQ(nearest("idl", names), "idle");
  EXPECT_EQ(nearest("max-gil-wiat", names), "max-gil-wait");
  EXPECT_EQ(nearest("speed", names), std::nullopt);
  EXPECT_EQ(nearest("", names), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 'x'), names), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
}

}  // namespace
}  // namespace gilspy::cli
