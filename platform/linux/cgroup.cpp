#include "cgroup.h"

#include <algorithm>
#include <cstdint>

#include "proc_text.h"

namespace gilspy::platform {
namespace {

struct Mount {
  std::string_view root;   // which part of the hierarchy is mounted
  std::string_view point;  // where
  bool v2 = false;
};

bool has_item(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    const std::size_t size = std::min(list.find(','), list.size());
    if (list.substr(0, size) == item) return true;
    list.remove_prefix(std::min(size + 1, list.size()));
  }
  return false;
}

// "36 25 0:31 /root /mount/point rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct"
std::optional<Mount> parse_cpu_mount(std::string_view line) {
  const std::size_t dash = line.find(" - ");
  if (dash == std::string_view::npos) return std::nullopt;
  std::string_view tail = line.substr(dash + 3);
  const auto type = take_word(tail);
  take_word(tail);  // source
  const auto options = take_word(tail);

  std::string_view head = line.substr(0, dash);
  for (int i = 0; i < 3; ++i) take_word(head);
  const auto root = take_word(head);
  const auto point = take_word(head);
  if (type == "cgroup2") return Mount{root, point, true};
  if (type == "cgroup" && has_item(options, "cpu")) return Mount{root, point, false};
  return std::nullopt;
}

// The path of the process in the hierarchy: "0::/path" in v2, "4:cpu,cpuacct:/path" in v1.
std::optional<std::string_view> path_in(std::string_view cgroup, bool v2) {
  while (!cgroup.empty()) {
    const auto line = take_line(cgroup);
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    if (v2 ? controllers.empty() : has_item(controllers, "cpu")) return line.substr(second + 1);
  }
  return std::nullopt;
}

void add_folders(const Mount& mount, std::string_view path, std::vector<std::string>& folders) {
  if (mount.root != "/" && path.starts_with(mount.root)) path.remove_prefix(mount.root.size());
  // A cgroup outside what is mounted here (seen from another container): only the mount itself is known to limit it.
  if (path.starts_with("/..")) path = {};
  while (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    folders.push_back(std::string(mount.point) + std::string(path));
    const std::size_t slash = path.rfind('/');
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
  }
  folders.emplace_back(mount.point);
}

}  // namespace

std::vector<std::string> cpu_cgroup_folders(std::string_view cgroup, std::string_view mountinfo) {
  std::vector<std::string> folders;
  while (!mountinfo.empty()) {
    const auto mount = parse_cpu_mount(take_line(mountinfo));
    if (!mount) continue;
    if (const auto path = path_in(cgroup, mount->v2)) add_folders(*mount, *path, folders);
  }
  return folders;
}

std::optional<double> parse_cpu_max(std::string_view text) {
  const auto quota = parse_decimal(take_word(text));
  const auto period = parse_decimal(take_word(text));
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;  // "max 100000"
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<double> parse_cfs_quota(std::string_view quota, std::string_view period) {
  return parse_cpu_max(std::string(take_word(quota)) + " " + std::string(take_word(period)));
}

std::optional<Quota> smallest_quota(const std::vector<std::string>& folders,
                                    const std::function<std::string(const std::string&)>& read) {
  std::optional<Quota> smallest;
  for (const std::string& folder : folders) {
    auto quota = parse_cpu_max(read(folder + "/cpu.max"));
    if (!quota) quota = parse_cfs_quota(read(folder + "/cpu.cfs_quota_us"), read(folder + "/cpu.cfs_period_us"));
    if (quota && (!smallest || *quota < smallest->cpus)) smallest = Quota{*quota, folder};
  }
  return smallest;
}

std::optional<Throttling> parse_cpu_stat(std::string_view text) {
  Throttling told;
  bool any = false;
  while (!text.empty()) {
    auto line = take_line(text);
    const auto name = take_word(line);
    const auto value = parse_decimal(take_word(line));
    if (!value || *value < 0) continue;
    if (name == "nr_periods") {
      told.periods = static_cast<std::uint64_t>(*value);
      any = true;
    } else if (name == "nr_throttled") {
      told.throttled_periods = static_cast<std::uint64_t>(*value);
    } else if (name == "throttled_time") {
      told.throttled = Nanos(*value);
    } else if (name == "throttled_usec") {
      told.throttled = Nanos(*value * 1000);
    }
  }
  return any ? std::optional(told) : std::nullopt;
}

}  // namespace gilspy::platform
