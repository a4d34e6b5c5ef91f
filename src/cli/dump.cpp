#include "commands.h"
#include "complain.h"

namespace gilspy::cli {

int run(const DumpOptions&) {
  say("dump is not there yet");
  return kExitUnsupported;
}

}  // namespace gilspy::cli
