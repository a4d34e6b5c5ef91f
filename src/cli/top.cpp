// top: what every thread is doing, live. It is not there yet.
#include <fmt/format.h>

#include "commands.h"
#include "complain.h"

namespace gilspy::cli {

int run(const TopOptions& options) {
  const std::string pid = options.pid.empty() ? "PID" : options.pid;
  say(
      fmt::format("top is not there yet. Meanwhile `gilspy dump --pid {}` tells what every thread is doing now, and "
                  "`gilspy record --pid {} -d 10` what they do in ten seconds",
                  pid, pid));
  return kExitUnsupported;
}

}  // namespace gilspy::cli
