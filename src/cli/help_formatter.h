// --help: usage, options by group, examples; wrapped at the terminal's width.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace gilspy::cli {

struct HelpRow {
  std::string left;   // what to type
  std::string right;  // what that does; may have several lines
};

struct HelpSection {
  std::string title;
  std::vector<HelpRow> rows;
  std::string note = {};  // below the rows
};

// What a page has besides the options, which CLI11 knows.
struct HelpPage {
  std::vector<HelpRow> usage;
  std::vector<HelpSection> sections;  // at its end
  HelpSection also = {};              // rows for a group of options, `title`, that are no options to CLI11
};

class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter(HelpPage page, std::size_t width) : page_(std::move(page)), width_(width) {}

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;

 private:
  std::string options_of(const CLI::App& app) const;
  std::string commands_of(const CLI::App& app) const;
  std::string section(const HelpSection& section) const;

  HelpPage page_;
  std::size_t width_;
};

// The columns that help may use: those of the terminal, 80 where it goes elsewhere.
std::size_t help_width();

// "FORMAT" of "FORMAT:{flamegraph,json}": CLI11 puts the values behind the name of an option's value.
std::string value_name(const CLI::Option& option);

}  // namespace gilspy::cli
