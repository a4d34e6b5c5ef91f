// What people type who do not know gilspy yet, or who know it well.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace gilspy::cli {

// The command that a word names: in full, or by as many of its first letters as tell it from the others.
std::optional<std::string> command_named(const CLI::App& app, const std::string& word);

// What to say about a word that is no command.
std::string no_such_command(const CLI::App& app, const std::string& word);

// What was probably meant by words that no option took, such as a process without --pid. Empty: nobody knows.
// `options`: those of the command, "--pid".
std::string hint_about(const std::string& command, const std::vector<std::string>& words,
                       const std::vector<std::string>& options = {});

// The name that a misspelt word is most like; none: it is like none of them.
std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& names);

}  // namespace gilspy::cli
