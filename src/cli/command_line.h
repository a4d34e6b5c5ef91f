// What gilspy can be told, and what it was told.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "options.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace gilspy::cli {

struct TypedOptions;

class CommandLine {
 public:
  CommandLine();
  ~CommandLine();

  Command parse(int argc, char** argv);
  const CLI::App& app() const { return *app_; }  // for the completions of shells

 private:
  std::string explain(const CLI::ParseError& error) const;
  Command chosen_command(const std::function<Exit(const std::string&)>& refuse);

  std::unique_ptr<TypedOptions> typed_;
  std::unique_ptr<CLI::App> app_;
};

}  // namespace gilspy::cli
