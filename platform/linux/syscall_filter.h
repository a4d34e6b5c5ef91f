// A filter of system calls (seccomp) that refuses those which a profiler does not need: with EPERM, never by killing.
#pragma once

#include <linux/filter.h>

#include <vector>

namespace gilspy::platform {

struct SyscallNeeds {
  bool stops_threads = false;
  bool starts_programs = false;  // and lets them use the network
};

// The program. The kernel remembers which system calls it allows whatever their arguments (since Linux 5.11); before,
// it takes some ten steps.
std::vector<sock_filter> syscall_filter(SyscallNeeds needs);

// For all threads. False: this kernel has no such filters, or an outer filter forbids them. Nothing has changed then.
bool install_syscall_filter(SyscallNeeds needs);

}  // namespace gilspy::platform
