#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "cgroup.h"
#include "gilspy/platform.h"
#include "proc_files.h"
#include "proc_text.h"

namespace gilspy::platform {
namespace {

std::uint32_t cpus_in_affinity_mask(Pid pid) {
  constexpr std::size_t kMostCpus = 1U << 16;
  for (std::size_t cpus = 1024; cpus <= kMostCpus; cpus *= 2) {
    std::vector<cpu_set_t> mask(cpus / CPU_SETSIZE);
    const std::size_t size = mask.size() * sizeof(cpu_set_t);
    if (::sched_getaffinity(to_int(pid), size, mask.data()) == 0) {
      return static_cast<std::uint32_t>(CPU_COUNT_S(size, mask.data()));
    }
    if (errno != EINVAL) break;  // EINVAL: the machine has more CPUs than the mask
  }
  return 0;
}

std::string text_of(const std::string& path) { return read_file(path).value_or(""); }

std::optional<Quota> quota_of(Pid pid) {
  return smallest_quota(cpu_cgroup_folders(text_of(proc_path(pid, "cgroup")), text_of("/proc/self/mountinfo")),
                        text_of);
}

}  // namespace

CpuFacts cpu_facts(Pid pid) {
  CpuFacts facts;
  facts.online = static_cast<std::uint32_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  facts.allowed = cpus_in_affinity_mask(pid);
  if (facts.allowed == 0) facts.allowed = facts.online;
  if (const auto quota = quota_of(pid)) facts.cgroup_quota = quota->cpus;
  return facts;
}

std::optional<std::string> started_with(Pid pid, std::string_view variable) {
  return environment_value(text_of(proc_path(pid, "environ")), variable);
}

std::optional<Throttling> throttling(Pid pid) {
  const auto quota = quota_of(pid);
  return quota ? parse_cpu_stat(text_of(quota->folder + "/cpu.stat")) : std::nullopt;
}

}  // namespace gilspy::platform
