// For zsh's compsys.
#include <fmt/format.h>

#include "completion_model.h"

namespace gilspy::cli {
namespace {

constexpr const char* kBegin = R"script(#compdef gilspy
# zsh completion for gilspy, made by `gilspy completions zsh`

_gilspy_pids() {
  local folder name line
  local -a pids
  for folder in /proc/<->(N); do
    { read -r name <$folder/comm; } 2>/dev/null || continue
    [[ $name == *[Pp]ython* ]] || continue
    line=${${(f)"$(tr '\0' ' ' <$folder/cmdline 2>/dev/null)"}[1]}
    pids+=("${folder:t}:${line//:/ }")
  done
  _describe process pids
}

_gilspy() {
  local curcontext=$curcontext state line
  local -i dashes=${words[(i)--]}
  # What stands behind -- is a command line of its own.
  if ((dashes < CURRENT)); then
    shift $dashes words
    ((CURRENT -= dashes))
    _normal
    return
  fi
)script";

constexpr const char* kEnd = R"script(      esac
      ;;
  esac
}

if [[ $funcstack[1] == _gilspy ]]; then
  _gilspy "$@"
else
  compdef _gilspy gilspy
fi
)script";

// In the brackets and between the colons of _arguments.
std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') safe += '\\';
    safe += c;
  }
  return safe;
}

std::string value_of(const CompletedOption& option) {
  const std::string name = ":" + escaped(option.value_name);
  switch (option.value) {
    case Value::kNone: return {};
    case Value::kAny: return name + ": ";
    case Value::kFile: return name + ":_files";
    case Value::kPid: return name + ":_gilspy_pids";
    case Value::kChoice: return fmt::format("{}:({})", name, joined(option.choices));
  }
  return {};
}

// "--rate=" takes its value in the same word or in the next, "-r+" as well.
std::string with_mark(const CompletedOption& option, const std::string& name) {
  if (option.value == Value::kNone) return name;
  return name + (name.starts_with("--") ? "=" : "+");
}

std::string specifications(const CompletedCommand& command, const std::string& indent) {
  std::string lines;
  for (const CompletedOption& option : command.options) {
    for (const std::string& name : option.names) {
      const std::string what = fmt::format("({}){}[{}]{}", joined(option.names), with_mark(option, name),
                                           escaped(option.description), value_of(option));
      lines += fmt::format(" \\\n{}{}", indent, quoted(what));
    }
  }
  for (std::size_t i = 0; i < command.arguments.size(); ++i) {
    lines += fmt::format(" \\\n{}{}", indent, quoted(fmt::format("{}{}", i + 1, value_of(command.arguments[i]))));
  }
  return lines;
}

}  // namespace

std::string zsh_completion(const std::vector<CompletedCommand>& commands) {
  std::string script = kBegin;
  script += fmt::format("  _arguments -C{} \\\n    '1:command:->command' \\\n    '*::argument:->argument'\n",
                        specifications(commands.front(), "    "));
  script += "  case $state in\n    command)\n      local -a commands=(\n";
  for (std::size_t i = 1; i < commands.size(); ++i) {
    script += fmt::format("        {}\n", quoted(commands[i].name + ":" + escaped(commands[i].description)));
  }
  script += "      )\n      _describe command commands\n      ;;\n    argument)\n      case $words[1] in\n";
  for (std::size_t i = 1; i < commands.size(); ++i) {
    script +=
        fmt::format("        {}) _arguments -s{} ;;\n", commands[i].name, specifications(commands[i], "          "));
  }
  return script + kEnd;
}

}  // namespace gilspy::cli
