#include "gilspy/rights.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>

#include "gilspy/platform.h"
#include "proc_files.h"
#include "proc_text.h"
#include "sanitized.h"
#include "syscall_filter.h"
#include "writing.h"

namespace gilspy::platform {
namespace {

static_assert(int{CAP_CHOWN} == static_cast<int>(Capability::kChown));
static_assert(int{CAP_DAC_OVERRIDE} == static_cast<int>(Capability::kDacOverride));
static_assert(int{CAP_DAC_READ_SEARCH} == static_cast<int>(Capability::kDacReadSearch));
static_assert(int{CAP_FOWNER} == static_cast<int>(Capability::kFowner));
static_assert(int{CAP_KILL} == static_cast<int>(Capability::kKill));
static_assert(int{CAP_SYS_PTRACE} == static_cast<int>(Capability::kSysPtrace));

using Halves = std::array<__user_cap_data_struct, 2>;  // of 64 bits

__user_cap_header_struct header() { return {_LINUX_CAPABILITY_VERSION_3, 0}; }

bool become(CapabilitySet only) {
  Halves halves{};
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const auto part = static_cast<std::uint32_t>(only.bits() >> (32 * i));
    halves[i] = {part, part, 0};  // nothing that is executed inherits any
  }
  auto to_us = header();
  return ::syscall(SYS_capset, &to_us, halves.data()) == 0;
}

// What an executed program could get. Only who has CAP_SETPCAP may.
void give_up_bounds() {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int number = 0; ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; ++number) {
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) return;
  }
}

}  // namespace

std::string_view name(Capability capability) {
  switch (capability) {
    case Capability::kChown: return "CAP_CHOWN";
    case Capability::kDacOverride: return "CAP_DAC_OVERRIDE";
    case Capability::kDacReadSearch: return "CAP_DAC_READ_SEARCH";
    case Capability::kFowner: return "CAP_FOWNER";
    case Capability::kKill: return "CAP_KILL";
    case Capability::kSysPtrace: return "CAP_SYS_PTRACE";
    case Capability::kCheckpointRestore: return "CAP_CHECKPOINT_RESTORE";
  }
  return "a capability";
}

CapabilitySet held_capabilities() {
  Halves halves{};
  auto of_us = header();
  if (::syscall(SYS_capget, &of_us, halves.data()) != 0) return {};
  return CapabilitySet(std::uint64_t{halves[1].permitted} << 32 | halves[0].permitted);
}

CapabilitySet capabilities_of(Pid pid) {
  const auto status = read_file(proc_path(pid, "status"));
  return CapabilitySet(parse_hex(status_value(status.value_or(""), "CapPrm")).value_or(0));
}

bool works_with(CapabilitySet capabilities, const std::function<bool()>& attempt) {
  const CapabilitySet only = capabilities.both(held_capabilities());
  bool works = false;
  const WithoutSignals quiet;
  std::thread([&] { works = become(only) && attempt(); }).join();
  return works;
}

RightsLeft limit_rights(const RightsToKeep& keep) {
  const CapabilitySet before = held_capabilities();
  RightsLeft left;
  give_up_bounds();
  become(keep.capabilities.both(before));
  left.kept = held_capabilities();
  left.given_up = before.without(left.kept);
  left.no_new_privileges = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  left.filtered = left.no_new_privileges && install_syscall_filter({.stops_threads = keep.stops_threads || kSanitized,
                                                                    .starts_programs = keep.starts_programs});
  return left;
}

bool belongs_to_another_user(Pid pid) {
  const auto status = read_file(proc_path(pid, "status"));
  const auto ids = parse_numbers(status_value(status.value_or(""), "Uid"));
  return ids.size() >= 2 && static_cast<uid_t>(ids[1]) != ::geteuid();
}

bool lends_rights() { return ::getuid() != ::geteuid() || ::getgid() != ::getegid(); }

std::string trusted_variable(const char* name) {
  const char* const value = ::secure_getenv(name);
  return value == nullptr ? std::string() : value;
}

bool gives_files_away() {
  const auto user = invoking_user();
  return user && (user->uid != ::geteuid() || user->gid != ::getegid());
}

}  // namespace gilspy::platform
