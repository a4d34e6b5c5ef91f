#include "completion_model.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "help_formatter.h"

namespace gilspy::cli {
namespace {

// "{flamegraph,json}" behind the name of the value.
std::vector<std::string> choices_of(const std::string& type_name) {
  std::vector<std::string> choices;
  const std::size_t open = type_name.find('{');
  const std::size_t close = type_name.find('}', open);
  if (close == std::string::npos) return choices;
  for (std::size_t begin = open + 1; begin < close;) {
    const std::size_t end = std::min(type_name.find(',', begin), close);
    choices.push_back(type_name.substr(begin, end - begin));
    begin = end + 1;
  }
  return choices;
}

CompletedOption completed(const CLI::Option& option) {
  CompletedOption one;
  for (const std::string& name : option.get_snames()) one.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) one.names.push_back("--" + name);
  one.value_name = value_name(option);
  one.description = option.get_description().substr(0, option.get_description().find('\n'));
  one.choices = choices_of(option.get_type_name());
  const std::string type = option.get_type_name().substr(0, option.get_type_name().find(':'));
  one.value = option.get_items_expected_max() == 0 ? Value::kNone
              : !one.choices.empty()               ? Value::kChoice
              : type == "FILE"                     ? Value::kFile
              : type == "PID"                      ? Value::kPid
                                                   : Value::kAny;
  return one;
}

CompletedCommand completed(const CLI::App& app) {
  CompletedCommand command{app.get_name(), app.get_description(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    (option->get_positional() ? command.arguments : command.options).push_back(completed(*option));
  }
  return command;
}

}  // namespace

std::vector<CompletedCommand> completed_commands(const CLI::App& app) {
  std::vector<CompletedCommand> commands{completed(app)};
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(completed(*command));
  }
  return commands;
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : between) + word;
  return line;
}

std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

}  // namespace gilspy::cli
