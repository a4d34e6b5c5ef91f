// record -- COMMAND: launches it and records it to its end.
#pragma once

#include "options.h"

namespace gilspy::cli {

// The exit status: the command's own, or that of an error of ours (exit_codes.h).
int record_launched(const RecordOptions& options);

}  // namespace gilspy::cli
