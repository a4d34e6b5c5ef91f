// Why /proc does not show a process: there is none, we may not see it, or /proc is not that of our processes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gilspy/ids.h"
#include "gilspy/result.h"

namespace gilspy::platform {

struct ProcFacts {
  std::string_view self;  // what the link /proc/self says; empty: there is no such link
  std::int32_t own = 0;   // our number, as the kernel tells it to us
};
// Numbers of another PID namespace than ours lead to other processes, or to none. Nothing: they are ours.
std::optional<Error> foreign_proc(const ProcFacts& facts);
std::optional<Error> foreign_proc();

// For what has no readable /proc/PID/status.
Error absent(Pid pid);

// We run in a PID namespace below that of the machine.
bool in_pid_namespace();

}  // namespace gilspy::platform
