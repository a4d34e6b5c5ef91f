#include <variant>

#include "command_line.h"
#include "commands.h"

int main(int argc, char** argv) {
  const gilspy::cli::Command command = gilspy::cli::CommandLine().parse(argc, argv);
  return std::visit([](const auto& options) { return gilspy::cli::run(options); }, command);
}
