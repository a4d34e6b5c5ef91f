// completions: the script that lets a shell complete command lines of gilspy.
#include <cstdio>
#include <string>

#include "command_line.h"
#include "commands.h"
#include "complain.h"
#include "completion_model.h"
#include "gilspy/platform.h"

namespace gilspy::cli {

int run(const CompletionsOptions& options) {
  const CommandLine described;
  const auto commands = completed_commands(described.app());
  const std::string script = options.shell == "zsh"    ? zsh_completion(commands)
                             : options.shell == "fish" ? fish_completion(commands)
                                                       : bash_completion(commands);
  const auto written = platform::write_file("-", script);
  return written.has_value() ? static_cast<int>(kExitOk) : complain(written.error());
}

}  // namespace gilspy::cli
