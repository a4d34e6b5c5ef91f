// How much CPU time a cgroup may use. Pure but for the reader of files that is handed in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gilspy::platform {

// The folders of the CPU controller that limit a process, its own cgroup first, then the cgroups above. From the texts
// of /proc/PID/cgroup and /proc/self/mountinfo.
std::vector<std::string> cpu_cgroup_folders(std::string_view cgroup, std::string_view mountinfo);

std::optional<double> parse_cpu_max(std::string_view text);                              // v2: "150000 100000"
std::optional<double> parse_cfs_quota(std::string_view quota, std::string_view period);  // v1: "-1" = none

// The smallest quota in any of the folders, in CPUs. `read` gives a file's text, or "".
std::optional<double> smallest_quota(const std::vector<std::string>& folders,
                                     const std::function<std::string(const std::string&)>& read);

}  // namespace gilspy::platform
