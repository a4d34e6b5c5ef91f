#include <variant>

#include "command_line.h"
#include "commands.h"
#include "complain.h"
#include "gilspy/rights.h"

int main(int argc, char** argv) {
  if (gilspy::platform::lends_rights()) {
    gilspy::cli::say(
        "this gilspy is installed setuid or setgid: every user could read every process with it. Take that away "
        "(chmod ug-s), and run it with sudo where it needs rights");
    return gilspy::cli::kExitDenied;
  }
  const gilspy::cli::Command command = gilspy::cli::CommandLine().parse(argc, argv);
  return std::visit([](const auto& options) { return gilspy::cli::run(options); }, command);
}
