// Who has reaped a child knows how it ended; nobody else will be told.
#pragma once

#include "gilspy/ids.h"

namespace gilspy::platform {

// To be called by everybody who waits for other things than the end of a child and is told of one; `status` as
// waitpid() gives it.
void note_exit(Pid pid, int status);

}  // namespace gilspy::platform
