// Why the kernel does not let us read a process, and exactly what to run to be allowed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/result.h"

namespace gilspy::platform {

struct DeniedFacts {
  Pid pid{};
  std::string name;           // comm of the target
  std::uint32_t own_uid = 0;  // effective
  std::optional<std::uint32_t> target_uid;
  bool may_ptrace = false;              // we have CAP_SYS_PTRACE
  bool root_may_ptrace = true;          // root would have it here (it is in our bounding set)
  bool in_container = false;            // we run inside one
  int ptrace_scope = 0;                 // kernel.yama.ptrace_scope; 0 without Yama
  std::string own_command;              // what the user typed, for a shell, with the full path of the program
  bool target_switched_user = false;    // it was started setuid or setgid
  std::uint64_t more_capabilities = 0;  // that the target has and we have not, as bits
  bool not_dumpable = false;            // the target protects itself from being looked into
  bool own_namespace = false;           // we live in a user namespace that is not the machine's
  bool other_namespace = false;         // the target lives in another one than we
  bool own_filter = false;              // a filter of system calls lies on us
  bool hidden = false;                  // it is there, and /proc does not show it to us
};

std::string denied_text(const DeniedFacts& facts);  // one line

// Words as one would type them into a shell.
std::string shell_line(const std::vector<std::string>& words);

Error denied(Pid pid);

}  // namespace gilspy::platform
