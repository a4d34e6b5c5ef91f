#include "commands.h"
#include "complain.h"

namespace gilspy::cli {

int run(const ReportOptions&) {
  say("report is not there yet");
  return kExitUnsupported;
}

}  // namespace gilspy::cli
