#include "denied.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstdlib>

#include "absent.h"
#include "proc_files.h"
#include "proc_text.h"

namespace gilspy::platform {
namespace {

constexpr std::string_view kContainerRemedy =
    "start the container with `docker run --cap-add SYS_PTRACE ...` (podman: the same), in Kubernetes with "
    "`securityContext.capabilities.add: [\"SYS_PTRACE\"]`";

// By number, as <linux/capability.h> has them.
constexpr std::array<std::string_view, 41> kCapabilities{"CHOWN",
                                                         "DAC_OVERRIDE",
                                                         "DAC_READ_SEARCH",
                                                         "FOWNER",
                                                         "FSETID",
                                                         "KILL",
                                                         "SETGID",
                                                         "SETUID",
                                                         "SETPCAP",
                                                         "LINUX_IMMUTABLE",
                                                         "NET_BIND_SERVICE",
                                                         "NET_BROADCAST",
                                                         "NET_ADMIN",
                                                         "NET_RAW",
                                                         "IPC_LOCK",
                                                         "IPC_OWNER",
                                                         "SYS_MODULE",
                                                         "SYS_RAWIO",
                                                         "SYS_CHROOT",
                                                         "SYS_PTRACE",
                                                         "SYS_PACCT",
                                                         "SYS_ADMIN",
                                                         "SYS_BOOT",
                                                         "SYS_NICE",
                                                         "SYS_RESOURCE",
                                                         "SYS_TIME",
                                                         "SYS_TTY_CONFIG",
                                                         "MKNOD",
                                                         "LEASE",
                                                         "AUDIT_WRITE",
                                                         "AUDIT_CONTROL",
                                                         "SETFCAP",
                                                         "MAC_OVERRIDE",
                                                         "MAC_ADMIN",
                                                         "SYSLOG",
                                                         "WAKE_ALARM",
                                                         "BLOCK_SUSPEND",
                                                         "AUDIT_READ",
                                                         "PERFMON",
                                                         "BPF",
                                                         "CHECKPOINT_RESTORE"};

// "CAP_NET_RAW", "CAP_CHOWN and 39 others"
std::string names_of(std::uint64_t capabilities) {
  const auto first = static_cast<std::size_t>(std::countr_zero(capabilities));
  const std::string name =
      first < kCapabilities.size() ? fmt::format("CAP_{}", kCapabilities[first]) : fmt::format("capability {}", first);
  const int others = std::popcount(capabilities) - 1;
  return others == 0 ? name : fmt::format("{} and {} more", name, others);
}

// Above every capability.
std::string policy(const DeniedFacts& facts) {
  if (facts.own_namespace && facts.other_namespace) {
    return "gilspy's CAP_SYS_PTRACE is good only inside of the user namespace that it runs in, and the process lives "
           "outside: run gilspy there, on the host";
  }
  const std::string_view who =
      facts.own_filter ? "a seccomp filter lies on gilspy, which" : "a seccomp filter, SELinux or AppArmor";
  return fmt::format(
      "the kernel refuses although gilspy has CAP_SYS_PTRACE: {} forbids process_vm_readv or /proc/PID/mem here; allow "
      "them in that policy (docker: `--security-opt seccomp=unconfined`)",
      who);
}

// What the target has that we have not; empty: nothing that can be seen.
std::string ahead_of_us(const DeniedFacts& facts) {
  if (facts.target_switched_user) return "it was started setuid or setgid, so that its user may not look into it";
  if (facts.target_uid && *facts.target_uid != facts.own_uid) {
    return fmt::format("it belongs to another user (uid {})", *facts.target_uid);
  }
  if (facts.other_namespace) return "it lives in another user namespace (a container without root?)";
  if (facts.more_capabilities != 0) {
    return fmt::format("it has rights that gilspy has not ({})", names_of(facts.more_capabilities));
  }
  if (facts.not_dumpable) {
    return "it protects itself from being looked into (prctl PR_SET_DUMPABLE 0), its program file may be executed but "
           "not read, or it was started with rights that it has given up";
  }
  return "";
}

std::string reason_and_remedy(const DeniedFacts& facts) {
  const std::string_view enter = facts.in_container ? ", or enter the container as root (`docker exec -u 0 ...`)" : "";
  const std::string sudo = fmt::format("run `sudo {}`{}", facts.own_command, enter);
  const bool root = facts.own_uid == 0;

  if (facts.ptrace_scope >= 3) {
    return "kernel.yama.ptrace_scope is 3, which forbids it to everybody until the next boot: set it to 1 or lower in "
           "/etc/sysctl.d and restart the machine";
  }
  if (facts.hidden) {
    return fmt::format("/proc is mounted with hidepid here, and does not show it to this user: {}",
                       root ? "give gilspy CAP_SYS_PTRACE" : sudo);
  }
  if (facts.may_ptrace) return policy(facts);
  if (facts.in_container && !facts.root_may_ptrace) {
    return fmt::format("this container has no CAP_SYS_PTRACE: {}{}", kContainerRemedy,
                       root ? "" : ", and run gilspy as root in it");
  }
  if (root) {
    return fmt::format("gilspy is root but without CAP_SYS_PTRACE: give it that capability; in a container {}",
                       kContainerRemedy);
  }
  if (const std::string why = ahead_of_us(facts); !why.empty()) {
    return fmt::format("{}. That takes CAP_SYS_PTRACE, which gilspy has not: {}", why, sudo);
  }
  if (facts.ptrace_scope == 2) return "kernel.yama.ptrace_scope is 2, only root may: " + sudo;
  if (facts.ptrace_scope == 1) {
    return "kernel.yama.ptrace_scope is 1, so users may not look into their own processes: " + sudo +
           ", or allow it until the next boot with `sudo sysctl kernel.yama.ptrace_scope=0`; what gilspy launches "
           "itself needs no rights: `gilspy record -- COMMAND`";
  }
  if (facts.own_filter) {
    return "a seccomp filter lies on gilspy and seems to forbid process_vm_readv: allow it in that policy (docker: "
           "`--security-opt seccomp=unconfined`)";
  }
  return "it has more rights than this user, or is protected from being looked into: " + sudo;
}

bool in_container() {
  if (::access("/.dockerenv", F_OK) == 0 || ::access("/run/.containerenv", F_OK) == 0) return true;
  if (std::getenv("KUBERNETES_SERVICE_HOST") != nullptr || in_pid_namespace()) return true;
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

namespace {

// What /proc says about the target; everybody may read that.
void look_at_target(DeniedFacts& facts, std::uint64_t own_capabilities) {
  const std::string status = read_file(proc_path(facts.pid, "status")).value_or("");
  facts.hidden = status.empty();
  facts.name = std::string(status_value(status, "Name"));
  const auto uids = parse_numbers(status_value(status, "Uid")), gids = parse_numbers(status_value(status, "Gid"));
  if (uids.size() >= 2) facts.target_uid = static_cast<std::uint32_t>(uids[1]);
  const auto switched = [](const auto& ids) { return ids.size() >= 2 && ids[0] != ids[1]; };
  facts.target_switched_user = switched(uids) || switched(gids);
  facts.more_capabilities = parse_hex(status_value(status, "CapPrm")).value_or(0) & ~own_capabilities;
  // Files of a process that is not dumpable belong to root, or to whoever is root in its user namespace.
  struct stat owner {};
  const bool told = ::stat(proc_path(facts.pid, "maps").c_str(), &owner) == 0;
  facts.not_dumpable = told && facts.target_uid && owner.st_uid != *facts.target_uid;
  const std::string own_ids = read_file("/proc/self/uid_map").value_or("");
  const std::string its_ids = read_file(proc_path(facts.pid, "uid_map")).value_or("");
  facts.other_namespace = !own_ids.empty() && !its_ids.empty() && own_ids != its_ids;
  const auto all = std::vector<std::int64_t>{0, 0, UINT32_MAX};
  facts.own_namespace = !own_ids.empty() && parse_numbers(own_ids) != all;
}

}  // namespace

Error denied(Pid pid) {
  DeniedFacts facts;
  facts.pid = pid;
  facts.own_uid = ::geteuid();
  const std::string own = read_file("/proc/self/status").value_or("");
  const auto number = [&own](std::string_view key) { return parse_hex(status_value(own, key)).value_or(0); };
  look_at_target(facts, number("CapPrm"));
  facts.may_ptrace = (number("CapEff") >> CAP_SYS_PTRACE & 1) != 0;
  facts.root_may_ptrace = (number("CapBnd") >> CAP_SYS_PTRACE & 1) != 0;
  facts.own_filter = number("Seccomp") == 2;
  facts.in_container = in_container();
  const auto scope = parse_numbers(read_file("/proc/sys/kernel/yama/ptrace_scope").value_or(""));
  if (!scope.empty()) facts.ptrace_scope = static_cast<int>(scope.front());
  facts.own_command = own_command();
  return {ErrorCode::kDenied, denied_text(facts)};
}

}  // namespace gilspy::platform
