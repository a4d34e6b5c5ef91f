#include <cerrno>
#include <set>
#include <unordered_set>

#include "linux_target.h"
#include "mapped_file.h"
#include "memory.h"
#include "proc_files.h"
#include "proc_text.h"
#include "process_tree.h"

namespace gilspy::platform {

Result<std::size_t> LinuxTarget::read_batch(std::span<const ReadRange> ranges) {
  return read_process_memory(parts_.identity.pid, ranges);
}

Result<std::vector<Mapping>> LinuxTarget::mappings() {
  GILSPY_TRY(const std::string text, read_file(proc_path(parts_.identity.pid, "maps")));
  // A process that is about to end has lost its memory before it has lost its name.
  if (text.empty()) return fail(ErrorCode::kGone, "the process has no memory any more");
  return parse_maps(text);
}

Result<std::unique_ptr<FileBytes>> LinuxTarget::file_of(const Mapping& mapping) {
  return open_mapped_file(parts_.identity.pid, mapping, parts_.executable_link);
}

Result<std::string> LinuxTarget::comm_of(Tid tid) {
  GILSPY_TRY(std::string name, parts_.threads.text_of(tid, "comm"));
  if (name.ends_with('\n')) name.pop_back();
  return name;
}

std::int32_t LinuxTarget::own_number_of(Tid tid) {
  return parts_.own_pid_namespace ? read_own_number(tid).value_or(to_int(tid)) : to_int(tid);
}

std::optional<std::int32_t> LinuxTarget::read_own_number(Tid tid) {
  const auto status = parts_.threads.text_of(tid, "status");
  if (!status.has_value()) return std::nullopt;
  const auto numbers = parse_numbers(status_value(*status, "NSpid"));
  if (numbers.empty()) return std::nullopt;
  return static_cast<std::int32_t>(numbers.back());
}

std::optional<Tid> LinuxTarget::tid_of_own_number(std::int32_t number) {
  if (!parts_.own_pid_namespace) return Tid{number};
  auto known = by_own_number_.find(number);
  if (known == by_own_number_.end()) {
    list_own_numbers();
    known = by_own_number_.find(number);
  }
  return known == by_own_number_.end() ? std::nullopt : std::optional(known->second);
}

// Reads only about threads that are new: a number that nobody has any more may be asked for at every tick.
void LinuxTarget::list_own_numbers() {
  const auto tids = parts_.threads.threads();
  if (!tids.has_value()) return;
  std::unordered_set<std::int32_t> fresh;
  for (const Tid tid : *tids) fresh.insert(to_int(tid));
  std::erase_if(by_own_number_, [&](const auto& entry) { return fresh.erase(to_int(entry.second)) == 0; });
  for (const std::int32_t tid : fresh) {
    if (const auto number = read_own_number(Tid{tid})) by_own_number_.insert_or_assign(*number, Tid{tid});
  }
}

void LinuxTarget::forget(Tid tid) {
  parts_.threads.forget(tid);
  std::erase_if(by_own_number_, [tid](const auto& entry) { return entry.second == tid; });
}

Result<Nanos> LinuxTarget::cpu_time() {
  timespec time{};
  if (::clock_gettime(parts_.cpu_clock, &time) != 0) {
    if (errno == EINVAL || errno == ESRCH) return fail(ErrorCode::kGone, "the process has ended");
    return tl::unexpected(error_of(errno, "reading the target's CPU clock"));
  }
  return std::chrono::seconds(time.tv_sec) + Nanos(time.tv_nsec);
}

std::vector<ProcessIdentity> LinuxTarget::descendants() { return descendants_of(parts_.identity.pid); }

std::vector<std::string> LinuxTarget::files_mapped_by(Pid pid) {
  std::set<std::string> paths;
  for (Mapping& mapping : parse_maps(read_file(proc_path(pid, "maps")).value_or(""))) {
    if (mapping.inode != 0) paths.insert(std::move(mapping.path));
  }
  return {paths.begin(), paths.end()};
}

}  // namespace gilspy::platform
