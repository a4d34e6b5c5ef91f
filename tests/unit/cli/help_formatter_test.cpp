#include "src/cli/help_formatter.h"

#include <gmock/gmock.h>

namespace gilspy::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class HelpFormatterTest : public ::testing::Test {
 protected:
  HelpFormatterTest() : app_("What it is for, in a sentence that is long.", "tool") {
    app_.set_help_flag("-h,--help", "This help");
    app_.add_option("FILE", file_, "What to read")->group("Arguments");
    app_.add_option("-r,--rate", rate_, "How often")->type_name("RATE")->capture_default_str()->group("Sampling");
    app_.add_option("--view", view_, "What to see\none: the first of them\ntwo: the second")
        ->type_name("VIEW")
        ->check(CLI::IsMember({"one", "two"}))
        ->group("Sampling");
    app_.add_flag("--secret", secret_, "Nobody is to know")->group("");
  }
  std::string help(std::size_t width, HelpPage page = {{{"tool [OPTIONS] FILE", ""}}, {}}) {
    app_.formatter(std::make_shared<HelpFormatter>(std::move(page), width));
    return app_.help();
  }

  CLI::App app_;
  std::string file_, rate_ = "10", view_;
  bool secret_ = false;
};

TEST_F(HelpFormatterTest, GroupsInTheOrderInWhichTheyCameHelpLast) {
  EXPECT_EQ(help(60),
            "What it is for, in a sentence that is long.\n"
            "\n"
            "Usage:\n"
            "  tool [OPTIONS] FILE\n"
            "\n"
            "Arguments:\n"
            "  FILE  What to read\n"
            "\n"
            "Sampling:\n"
            "  -r, --rate RATE  How often [default: 10]\n"
            "      --view VIEW  What to see\n"
            "                   one: the first of them\n"
            "                   two: the second\n"
            "\n"
            "Options:\n"
            "  -h, --help  This help\n");
}

TEST_F(HelpFormatterTest, RowsBesidesTheOptions) {
  HelpPage page;
  page.also = {"Arguments", {{"-- COMMAND", "What to run"}}};
  page.sections = {{"Examples", {{"tool x", "reads x"}}, "That is all."}};
  const std::string text = help(60, page);
  EXPECT_THAT(text, HasSubstr("  FILE        What to read\n  -- COMMAND  What to run\n"));
  EXPECT_THAT(text, HasSubstr("Examples:\n  tool x  reads x\nThat is all.\n"));
}

TEST_F(HelpFormatterTest, LinesFitTheirWidth) {
  for (const std::size_t width : {40U, 50U, 80U}) {
    const std::string text = help(width);
    for (std::size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1) {
      EXPECT_LE(text.find('\n', begin) - begin, width);
    }
  }
}

TEST_F(HelpFormatterTest, WhereColumnsDoNotFitTheTextGoesBelow) {
  EXPECT_THAT(help(40), HasSubstr("  -r, --rate RATE\n      How often [default: 10]\n"));
}

TEST_F(HelpFormatterTest, HiddenOptionsAreNotListed) { EXPECT_THAT(help(80), Not(HasSubstr("secret"))); }

TEST_F(HelpFormatterTest, CommandsAreListed) {
  app_.add_subcommand("cut", "Cut it");
  app_.add_subcommand("paste", "Paste it");
  EXPECT_THAT(help(60),
              HasSubstr("Commands:\n  cut    Cut it\n  paste  Paste it\n\ntool COMMAND --help tells more.\n"));
}

}  // namespace
}  // namespace gilspy::cli
