#include "spelling.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

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

}  // namespace

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

std::string hint_about(const std::string& command, const std::vector<std::string>& words) {
  const bool wants_pid = command == "record" || command == "dump" || command == "top";
  const auto option = std::ranges::find_if(words, [](const std::string& word) { return word.starts_with('-'); });
  const bool option_first = !words.empty() && words.front().starts_with('-');
  if (option != words.end() && (option_first || command != "record"))
    return fmt::format("{} has no option {} (gilspy {} --help shows them)", command, *option, command);
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
