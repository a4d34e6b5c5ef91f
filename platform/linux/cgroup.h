// How much CPU time a cgroup may use. Pure but for the reader of files that is handed in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gilspy/platform.h"

namespace gilspy::platform {

// The folders of the CPU controller that limit a process, its own cgroup first, then the cgroups above. From the texts
// of /proc/PID/cgroup and /proc/self/mountinfo.
std::vector<std::string> cpu_cgroup_folders(std::string_view cgroup, std::string_view mountinfo);

std::optional<double> parse_cpu_max(std::string_view text);                              // v2: "150000 100000"
std::optional<double> parse_cfs_quota(std::string_view quota, std::string_view period);  // v1: "-1" = none

struct Quota {
  double cpus = 0;
  std::string folder;
};
// The smallest quota in any of the folders. `read` gives a file's text, or "".
std::optional<Quota> smallest_quota(const std::vector<std::string>& folders,
                                    const std::function<std::string(const std::string&)>& read);

// cpu.stat, of v2 (throttled_usec) and of v1 (throttled_time, nanoseconds). Nothing: it tells nothing of a quota.
std::optional<Throttling> parse_cpu_stat(std::string_view text);

}  // namespace gilspy::platform
