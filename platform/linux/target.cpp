#include <cerrno>

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
  if (!parts_.own_pid_namespace) return to_int(tid);
  const auto status = parts_.threads.text_of(tid, "status");
  if (!status.has_value()) return to_int(tid);
  const auto numbers = parse_numbers(status_value(*status, "NSpid"));
  return numbers.empty() ? to_int(tid) : static_cast<std::int32_t>(numbers.back());
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

}  // namespace gilspy::platform
