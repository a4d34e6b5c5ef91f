// How the command that we launched ended: the one place where this is learnt.
//
// A child's status is told once. Whoever waits for a stop of one of its threads (waitpid(tid, &status, __WALL), as
// ptrace needs) can get the end of the child instead, and must hand it on with note_exit(): else it is lost to
// Child::poll(), which looks here before it asks the kernel. Not for signal handlers, nor for several threads.
#pragma once

#include <sys/types.h>

#include <optional>

#include "gilspy/launch.h"

namespace gilspy::platform {

// `status` as waitpid() tells it, of any process or thread: what is not the end of the child that is waited for is of
// no interest.
void note_exit(pid_t pid, int status);

// From now on this is the child of interest.
void expect_exit(pid_t pid);

// Whether the expected child has ended; a question that leaves its status where it is.
enum class Patience { kNone, kUntilItEnds };
bool child_has_ended(Patience patience);

// Its end: as noted, else as the kernel tells. Only after child_has_ended().
ExitStatus exit_of_child();

}  // namespace gilspy::platform
