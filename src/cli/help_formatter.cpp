#include "help_formatter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "formats/terminal/text.h"
#include "gilspy/platform.h"

namespace gilspy::cli {
namespace {

constexpr const char* kNoGroup = "Options";  // what CLI11 calls it
constexpr std::size_t kIndent = 2;
constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 30;  // of the right column: else it starts on a line of its own
constexpr std::size_t kWidest = 110;    // longer lines are hard to read

std::string indented(const std::string& lines, std::size_t by, bool first_too) {
  std::string text = first_too ? std::string(by, ' ') : "";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    text += lines[i];
    if (lines[i] == '\n' && i + 1 < lines.size()) text += std::string(by, ' ');
  }
  return text;
}

std::string wrapped_lines(const std::string& text, std::size_t width) {
  const std::size_t hanging = text.find('\n') == std::string::npos ? 0 : kIndent;  // lines of a list
  std::string lines;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines += terminal::wrap(text.substr(begin, end - begin), width, hanging);
    begin = end + 1;
  }
  return lines;
}

std::string table(const std::vector<HelpRow>& rows, std::size_t width) {
  std::size_t longest = 0;
  for (const HelpRow& row : rows) longest = std::max(longest, terminal::columns(row.left));
  std::size_t column = kIndent + longest + kGap;
  const bool side_by_side = column + kNarrowest <= width;
  if (!side_by_side) column = 3 * kIndent;
  std::string text;
  for (const HelpRow& row : rows) {
    text += std::string(kIndent, ' ') + row.left;
    if (!side_by_side || row.right.empty()) text += '\n';
    if (row.right.empty()) continue;
    if (side_by_side) text += std::string(column - kIndent - terminal::columns(row.left), ' ');
    text += indented(wrapped_lines(row.right, width - column), column, !side_by_side);
  }
  return text;
}

std::string title(const std::string& words) { return fmt::format("\n{}:\n", words); }

// "-f, --format FORMAT"
std::string option_left(const CLI::Option& option) {
  if (option.get_positional()) return value_name(option);
  std::string left = option.get_snames().empty() ? "    " : "-" + option.get_snames().front();
  for (const std::string& name : option.get_lnames()) {
    left += (left.front() == '-' ? ", --" : "--") + name;
  }
  return option.get_items_expected_max() == 0 ? left : left + " " + value_name(option);
}

HelpRow option_row(const CLI::Option& option) {
  HelpRow row{option_left(option), option.get_description()};
  const std::size_t first_line = std::min(row.right.find('\n'), row.right.size());
  if (const std::string value = option.get_default_str(); !value.empty()) {
    row.right.insert(first_line, fmt::format(" [default: {}]", value));
  }
  return row;
}

// Arguments before options, --help at the end.
std::vector<const CLI::Option*> in_order(const CLI::App& app, const std::string& group) {
  auto options = app.get_options([&](const CLI::Option* option) { return option->get_group() == group; });
  const auto rank = [&](const CLI::Option* option) {
    return option->get_positional() ? 0 : option == app.get_help_ptr() ? 2 : 1;
  };
  std::stable_sort(options.begin(), options.end(), [&](auto* a, auto* b) { return rank(a) < rank(b); });
  return options;
}

}  // namespace

std::string value_name(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name();
  const std::string name = option.get_type_name();
  return name.substr(0, name.find(':'));
}

std::string HelpFormatter::options_of(const CLI::App& app) const {
  std::string text, last;
  for (const std::string& group : app.get_groups()) {
    if (group.empty()) continue;
    std::vector<HelpRow> rows;
    for (const CLI::Option* option : in_order(app, group)) rows.push_back(option_row(*option));
    if (group == page_.also.title) rows.insert(rows.end(), page_.also.rows.begin(), page_.also.rows.end());
    // Those without a group of their own, such as --help, come last.
    if (!rows.empty()) (group == kNoGroup ? last : text) += title(group) + table(rows, width_);
  }
  return text + last;
}

std::string HelpFormatter::commands_of(const CLI::App& app) const {
  std::vector<HelpRow> rows;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    rows.push_back({command->get_name(), command->get_description()});
  }
  if (rows.empty()) return {};
  return title("Commands") + table(rows, width_) + fmt::format("\n{} COMMAND --help tells more.\n", app.get_name());
}

std::string HelpFormatter::section(const HelpSection& section) const {
  std::string text = title(section.title) + table(section.rows, width_);
  if (!section.note.empty()) text += terminal::wrap(section.note, width_);
  return text;
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  std::string text = terminal::wrap(app->get_description(), width_);
  text += title("Usage") + table(page_.usage, width_) + commands_of(*app) + options_of(*app);
  for (const HelpSection& each : page_.sections) text += section(each);
  return text;
}

std::size_t help_width() {
  constexpr std::size_t kUsual = 80;
  if (!platform::stdout_is_terminal()) return kUsual;
  return std::clamp<std::size_t>(static_cast<std::size_t>(platform::terminal_width()), 40, kWidest);
}

}  // namespace gilspy::cli
