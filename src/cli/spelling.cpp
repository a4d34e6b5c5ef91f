#include "spelling.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <numeric>

#include "completion_model.h"
#include "values.h"

namespace gilspy::cli {
namespace {

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> beginning_with(const std::string& word, std::vector<std::string> names) {
  std::erase_if(names, [&](const std::string& name) { return !name.starts_with(word); });
  return names;
}

// How many letters to insert, to leave out or to change (Levenshtein).
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& names) {
  constexpr std::size_t kLongest = 100;  // words beyond are no misspelt names
  if (names.empty() || word.size() > kLongest) return std::nullopt;
  const auto to_word = [&](const std::string& name) { return distance(word, name); };
  const auto found = std::ranges::min_element(names, {}, to_word);
  // Of a short name fewer letters may be wrong.
  const bool is_like = to_word(*found) <= std::max<std::size_t>(1, found->size() / 3);
  return is_like ? std::optional(*found) : std::nullopt;
}

std::optional<std::string> command_named(const CLI::App& app, const std::string& word) {
  const auto commands = commands_of(app);
  if (std::ranges::count(commands, word) > 0) return word;
  const auto candidates = beginning_with(word, commands);
  return candidates.size() == 1 ? std::optional(candidates.front()) : std::nullopt;
}

std::string no_such_command(const CLI::App& app, const std::string& word) {
  const auto candidates = beginning_with(word, commands_of(app));
  if (candidates.size() > 1) return fmt::format("'{}' may be {}: a letter more", word, joined(candidates, " or "));
  std::string text = fmt::format("there is no command '{}'; there are {}", word, joined(commands_of(app), ", "));
  if (parse_pid(word).has_value()) text += fmt::format(". Was `gilspy record --pid {}` meant?", word);
  return text + " (gilspy --help shows how)";
}

std::string hint_about(const std::string& command, const std::vector<std::string>& words,
                       const std::vector<std::string>& options) {
  const bool wants_pid = command == "record" || command == "dump" || command == "top";
  const auto option = std::ranges::find_if(words, [](const std::string& word) { return word.starts_with('-'); });
  const bool option_first = !words.empty() && words.front().starts_with('-');
  if (option != words.end() && (option_first || command != "record")) {
    const auto meant = nearest(option->substr(0, option->find('=')), options);
    const std::string question = meant ? fmt::format("; is {} meant?", *meant) : "";
    return fmt::format("{} has no option {}{} (gilspy {} --help shows them)", command, *option, question, command);
  }
  if (words.empty() || !wants_pid) return {};
  if (parse_pid(words.front()).has_value()) {
    return fmt::format("'{}' stands alone: `gilspy {} --pid {}` takes the process of that number", words.front(),
                       command, words.front());
  }
  if (command != "record") return {};
  return fmt::format("'{}' stands alone: a command to launch comes behind --, as in `gilspy record -- {}`",
                     words.front(), joined(words, " "));
}

}  // namespace gilspy::cli
