#include "absent.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "denied.h"
#include "proc_files.h"
#include "proc_text.h"

namespace gilspy::platform {
namespace {

// PROC_PID_INIT_INO of the kernel's include/linux/proc_ns.h: the same number since 3.8.
constexpr std::string_view kMachineNamespace = "pid:[4026531836]";

bool is_alive(Pid pid) { return to_int(pid) > 0 && (::kill(to_int(pid), 0) == 0 || errno == EPERM); }

}  // namespace

std::optional<Error> foreign_proc(const ProcFacts& facts) {
  if (facts.self.empty()) {
    return Error(ErrorCode::kUnsupported,
                 "/proc does not show gilspy itself: it is not mounted, or belongs to another PID namespace (`mount -t "
                 "proc proc /proc` mounts it)");
  }
  if (parse_decimal(facts.self) == facts.own) return std::nullopt;
  return Error(ErrorCode::kUnsupported,
               "/proc belongs to another PID namespace than the one that gilspy runs in: mount it anew (`mount -t proc "
               "proc /proc`), or enter both, as `nsenter --pid --mount` does");
}

std::optional<Error> foreign_proc() {
  return foreign_proc({.self = read_link("/proc/self").value_or(""), .own = ::getpid()});
}

bool in_pid_namespace() {
  const auto own = read_link("/proc/self/ns/pid");
  return own.has_value() && *own != kMachineNamespace;
}

Error absent(Pid pid) {
  if (is_alive(pid)) return denied(pid);
  const std::string_view where =
      to_int(pid) > 0 && in_pid_namespace()
          ? " in this container (PID namespace), where processes have other numbers than outside"
          : "";
  return {ErrorCode::kNoProcess, fmt::format("there is no process {}{}", to_int(pid), where)};
}

}  // namespace gilspy::platform
