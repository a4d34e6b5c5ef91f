#include "commands.h"
#include "complain.h"

namespace gilspy::cli {

int run(const CompletionsOptions&) {
  say("completions is not there yet");
  return kExitUnsupported;
}

}  // namespace gilspy::cli
