// For fish 3 and later.
#include <fmt/format.h>

#include "completion_model.h"

namespace gilspy::cli {
namespace {

constexpr const char* kBegin = R"script(# fish completion for gilspy, made by `gilspy completions fish`

function __gilspy_pids
    for file in /proc/*/comm
        set -l pid (string match -r '^/proc/(\d+)/comm$' $file)[2]
        or continue
        read -l name <$file 2>/dev/null
        if string match -qi '*python*' -- "$name"
            printf '%s\t%s\n' $pid (string join ' ' -- (string split0 <"/proc/$pid/cmdline" 2>/dev/null))
        end
    end
end

function __gilspy_behind_dashes
    contains -- -- (commandline -opc)
end

# The command to launch, as if it stood alone.
function __gilspy_launched
    set -l words (commandline -opc)
    set -l first (math (contains -i -- -- $words) + 1)
    complete -C (string join ' ' -- (string escape -- $words[$first..-1]) (commandline -ct))
end

complete -c gilspy -f
complete -c gilspy -n __gilspy_behind_dashes -a '(__gilspy_launched)'
)script";

// Inside single quotes fish knows \' and \\.
std::string fish_quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') word += '\\';
    word += c;
  }
  return word + "'";
}

std::string value_of(const CompletedOption& option) {
  switch (option.value) {
    case Value::kNone: return {};
    case Value::kAny: return " -x";
    case Value::kFile: return " -r -F";
    case Value::kPid: return " -x -a '(__gilspy_pids)'";
    case Value::kChoice: return " -x -a " + fish_quoted(joined(option.choices));
  }
  return {};
}

std::string rows(const CompletedCommand& command, const std::string& condition) {
  std::string lines;
  for (const CompletedOption& option : command.options) {
    lines += fmt::format("complete -c gilspy -n {}", fish_quoted(condition));
    for (const std::string& name : option.names) {
      lines += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    lines += fmt::format("{} -d {}\n", value_of(option), fish_quoted(option.description));
  }
  for (const CompletedOption& argument : command.arguments) {
    // -r and -x are about options; a file is what fish completes unless it is told not to.
    const std::string what = argument.value == Value::kFile ? " -F" : value_of(argument);
    lines += fmt::format("complete -c gilspy -n {}{}\n", fish_quoted(condition), what);
  }
  return lines;
}

}  // namespace

std::string fish_completion(const std::vector<CompletedCommand>& commands) {
  std::string script = kBegin + rows(commands.front(), "__fish_use_subcommand");
  for (std::size_t i = 1; i < commands.size(); ++i) {
    script += fmt::format("complete -c gilspy -n __fish_use_subcommand -a {} -d {}\n", commands[i].name,
                          fish_quoted(commands[i].description));
    script += rows(commands[i],
                   fmt::format("__fish_seen_subcommand_from {}; and not __gilspy_behind_dashes", commands[i].name));
  }
  return script;
}

}  // namespace gilspy::cli
