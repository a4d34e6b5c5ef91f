#include "child_status.h"

namespace gilspy::platform {

void note_exit(Pid, int) {}

}  // namespace gilspy::platform
