// What shells can complete, taken from the command line's own description: a new option needs no word here.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace gilspy::cli {

enum class Value {
  kNone,  // a flag
  kAny,   // nothing that a shell could know
  kFile,
  kPid,     // of a Python
  kChoice,  // one of `choices`
};

struct CompletedOption {
  std::vector<std::string> names;  // "-f", "--format"; none for an argument
  std::string value_name;          // "FORMAT"
  std::string description;         // one line
  Value value = Value::kNone;
  std::vector<std::string> choices;
};

struct CompletedCommand {
  std::string name;
  std::string description;
  std::vector<CompletedOption> options;
  std::vector<CompletedOption> arguments;
};

// The first one is gilspy itself, the others are its commands. Options that --help does not list are left out.
std::vector<CompletedCommand> completed_commands(const CLI::App& app);

std::string bash_completion(const std::vector<CompletedCommand>& commands);
std::string zsh_completion(const std::vector<CompletedCommand>& commands);
std::string fish_completion(const std::vector<CompletedCommand>& commands);

// Words for a shell: "a b c".
std::string joined(const std::vector<std::string>& words, const char* between = " ");
// As one word for a POSIX shell: 'it'\''s'.
std::string quoted(const std::string& text);

}  // namespace gilspy::cli
