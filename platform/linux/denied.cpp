#include "denied.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <unistd.h>

#include <cstdlib>

#include "proc_files.h"
#include "proc_text.h"

namespace gilspy::platform {
namespace {

constexpr std::string_view kContainerRemedy =
    "start the container with `docker run --cap-add SYS_PTRACE ...` (podman: the same), in Kubernetes with "
    "`securityContext.capabilities.add: [\"SYS_PTRACE\"]`";

std::string reason_and_remedy(const DeniedFacts& facts) {
  const std::string_view enter = facts.in_container ? ", or enter the container as root (`docker exec -u 0 ...`)" : "";
  const std::string sudo = fmt::format("run `sudo {}`{}", facts.own_command, enter);
  const bool root = facts.own_uid == 0;
  const bool other_user = facts.target_uid && *facts.target_uid != facts.own_uid;

  if (facts.ptrace_scope >= 3) {
    return "kernel.yama.ptrace_scope is 3, which forbids it to everybody until the next boot: set it to 1 or lower in "
           "/etc/sysctl.d and restart the machine";
  }
  if (facts.may_ptrace) {
    return "the kernel refuses although gilspy has CAP_SYS_PTRACE: a seccomp filter, SELinux or AppArmor forbids "
           "process_vm_readv or /proc/PID/mem here; allow them in that policy (docker: `--security-opt "
           "seccomp=unconfined`)";
  }
  if (facts.in_container && !facts.root_may_ptrace) {
    return fmt::format("this container has no CAP_SYS_PTRACE: {}{}", kContainerRemedy,
                       root ? "" : ", and run gilspy as root in it");
  }
  if (root) {
    return fmt::format("gilspy is root but without CAP_SYS_PTRACE: give it that capability; in a container {}",
                       kContainerRemedy);
  }
  if (other_user) return fmt::format("it belongs to another user (uid {}): {}", *facts.target_uid, sudo);
  if (facts.ptrace_scope == 2) return "kernel.yama.ptrace_scope is 2, only root may: " + sudo;
  if (facts.ptrace_scope == 1) {
    return "kernel.yama.ptrace_scope is 1, so users may not look into their own processes: " + sudo +
           ", or allow it until the next boot with `sudo sysctl kernel.yama.ptrace_scope=0`; what gilspy launches "
           "itself needs no rights: `gilspy record -- COMMAND`";
  }
  return "it has more rights than this user, or is protected from being looked into: " + sudo;
}

bool in_container() {
  if (::access("/.dockerenv", F_OK) == 0 || ::access("/run/.containerenv", F_OK) == 0) return true;
  if (std::getenv("KUBERNETES_SERVICE_HOST") != nullptr) return true;
  const std::string cgroup = read_file("/proc/1/cgroup").value_or("");
  for (const std::string_view hint : {"docker", "kubepods", "containerd", "libpod", "lxc"}) {
    if (cgroup.find(hint) != std::string::npos) return true;
  }
  return false;
}

std::string own_command() {
  std::vector<std::string> words = parse_command(read_file("/proc/self/cmdline").value_or(""));
  if (words.empty()) words.emplace_back("gilspy");
  // sudo searches another PATH than the user's.
  words.front() = read_link("/proc/self/exe").value_or(words.front());
  return shell_line(words);
}

}  // namespace

std::string shell_line(const std::vector<std::string>& words) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

std::string denied_text(const DeniedFacts& facts) {
  const std::string name = facts.name.empty() ? "" : fmt::format(" ({})", facts.name);
  return fmt::format("not permitted to read process {}{}: {}", to_int(facts.pid), name, reason_and_remedy(facts));
}

Error denied(Pid pid) {
  DeniedFacts facts;
  facts.pid = pid;
  facts.own_uid = ::geteuid();
  const std::string status = read_file(proc_path(pid, "status")).value_or("");
  facts.name = std::string(status_value(status, "Name"));
  const auto uids = parse_numbers(status_value(status, "Uid"));
  if (uids.size() >= 2) facts.target_uid = static_cast<std::uint32_t>(uids[1]);
  const std::string own = read_file("/proc/self/status").value_or("");
  facts.may_ptrace = (parse_hex(status_value(own, "CapEff")).value_or(0) >> CAP_SYS_PTRACE & 1) != 0;
  facts.root_may_ptrace = (parse_hex(status_value(own, "CapBnd")).value_or(0) >> CAP_SYS_PTRACE & 1) != 0;
  facts.in_container = in_container();
  const auto scope = parse_numbers(read_file("/proc/sys/kernel/yama/ptrace_scope").value_or(""));
  if (!scope.empty()) facts.ptrace_scope = static_cast<int>(scope.front());
  facts.own_command = own_command();
  return {ErrorCode::kDenied, denied_text(facts)};
}

}  // namespace gilspy::platform
