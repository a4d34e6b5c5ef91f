// For bash 4 and later, with or without the bash-completion package.
#include <fmt/format.h>

#include "completion_model.h"

namespace gilspy::cli {
namespace {

constexpr const char* kBegin = R"script(# bash completion for gilspy, made by `gilspy completions bash`

_gilspy_pids() {
  local folder name
  for folder in /proc/[0-9]*; do
    { read -r name <"$folder/comm"; } 2>/dev/null && [[ $name == *[Pp]ython* ]] && echo "${folder#/proc/}"
  done
}

_gilspy() {
  local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} command='' kind i
  # --option=value comes as three words
  [[ $cur == = ]] && cur=''
  [[ $option == = ]] && option=${COMP_WORDS[COMP_CWORD - 2]}
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ ${COMP_WORDS[i]} == -- ]]; then
      if declare -F _command_offset >/dev/null; then
        _command_offset $((i + 1))
      else
        compopt -o filenames 2>/dev/null
        if ((i == COMP_CWORD - 1)); then kind=-c; else kind=-f; fi
        mapfile -t COMPREPLY < <(compgen $kind -- "$cur")
      fi
      return
    fi
    [[ -z $command && ${COMP_WORDS[i]} == [a-z]* ]] && command=${COMP_WORDS[i]}
  done
  case $command,$option in
)script";

constexpr const char* kEnd = R"script(  esac
}

complete -F _gilspy gilspy
)script";

std::string reply(const std::string& compgen) {
  return fmt::format("mapfile -t COMPREPLY < <(compgen {} -- \"$cur\")", compgen);
}

std::string reply_with(const CompletedOption& option) {
  switch (option.value) {
    case Value::kFile: return "compopt -o filenames 2>/dev/null; " + reply("-f");
    case Value::kPid: return reply("-W \"$(_gilspy_pids)\"");
    case Value::kChoice: return reply("-W " + quoted(joined(option.choices)));
    case Value::kNone:
    case Value::kAny: break;
  }
  return ":";
}

// Behind an option that takes a value.
std::string value_rows(const CompletedCommand& command) {
  std::string rows;
  for (const CompletedOption& option : command.options) {
    if (option.value == Value::kNone) continue;
    std::string pattern;
    for (const std::string& name : option.names) {
      pattern += (pattern.empty() ? "" : "|") + fmt::format("{},{}", command.name, name);
    }
    rows += fmt::format("    {}) {} ;;\n", pattern, reply_with(option));
  }
  return rows;
}

// Everything else that the command takes. Of an option with two names the long one, which says what it is.
std::string word_row(const CompletedCommand& command, const std::string& name, const std::string& more_words) {
  std::string words = more_words;
  for (const CompletedOption& option : command.options) words += (words.empty() ? "" : " ") + option.names.back();
  std::string row = fmt::format("    {},*)\n      ", name);
  if (!command.arguments.empty()) {
    row += fmt::format("if [[ $cur != -* ]]; then {}; return; fi\n      ", reply_with(command.arguments.front()));
  }
  return row + reply("-W " + quoted(words)) + " ;;\n";
}

}  // namespace

std::string bash_completion(const std::vector<CompletedCommand>& commands) {
  std::string script = kBegin;
  std::string names;
  for (std::size_t i = 1; i < commands.size(); ++i) names += (i == 1 ? "" : " ") + commands[i].name;
  for (std::size_t i = 1; i < commands.size(); ++i) {
    script += value_rows(commands[i]) + word_row(commands[i], commands[i].name, "");
  }
  return script + word_row(commands.front(), "", names) + kEnd;
}

}  // namespace gilspy::cli
