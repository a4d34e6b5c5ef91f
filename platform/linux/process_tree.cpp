#include "process_tree.h"

#include <set>
#include <string>

#include "gilspy/platform.h"
#include "proc_files.h"
#include "proc_text.h"

namespace gilspy::platform {
namespace {

// From every /proc/PID/stat: slower than /proc/PID/task/TID/children, which many kernels are built without. It is only
// asked for when attaching has failed.
std::multimap<Pid, Pid> children_by_parent() {
  std::multimap<Pid, Pid> children;
  const Folder proc(::opendir("/proc"));
  if (!proc) return children;
  for (const std::int32_t number : numeric_entries(proc.get())) {
    const auto text = read_file(proc_path(Pid{number}, "stat"));
    const auto stat = text.has_value() ? parse_stat(*text) : std::nullopt;
    if (stat && !stat->ended()) children.emplace(Pid{stat->parent}, Pid{number});
  }
  return children;
}

}  // namespace

ProcessIdentity identity_of(Pid pid) {
  ProcessIdentity identity;
  identity.pid = pid;
  identity.command = parse_command(read_file(proc_path(pid, "cmdline")).value_or(""));
  identity.executable = std::string(without_deleted_mark(read_link(proc_path(pid, "exe")).value_or("")));
  identity.working_folder = read_link(proc_path(pid, "cwd")).value_or("");
  identity.root = proc_path(pid, "root");
  return identity;
}

std::vector<Pid> below(Pid root, const std::multimap<Pid, Pid>& children) {
  std::vector<Pid> found{root};
  std::set<Pid> seen{root};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [begin, end] = children.equal_range(found[i]);
    for (auto child = begin; child != end; ++child) {
      if (seen.insert(child->second).second) found.push_back(child->second);
    }
  }
  found.erase(found.begin());
  return found;
}

std::vector<ProcessIdentity> numbered_inside(Pid inner) {
  std::vector<ProcessIdentity> found;
  const Folder proc(::opendir("/proc"));
  if (!proc) return found;
  for (const std::int32_t number : numeric_entries(proc.get())) {
    const auto status = read_file(proc_path(Pid{number}, "status"));
    if (status.has_value() && is_number_inside(*status, inner)) found.push_back(identity_of(Pid{number}));
  }
  return found;
}

std::vector<ProcessIdentity> descendants_of(Pid pid) {
  std::vector<ProcessIdentity> identities;
  for (const Pid child : below(pid, children_by_parent())) identities.push_back(identity_of(child));
  return identities;
}

}  // namespace gilspy::platform
