#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>

#include "absent.h"
#include "denied.h"
#include "gilspy/platform.h"
#include "linux_target.h"
#include "memory.h"
#include "proc_files.h"
#include "proc_text.h"
#include "process_tree.h"

namespace gilspy::platform {
namespace {

constexpr std::size_t kDescriptorsForOthers = 64;  // the profiler's own files, and opening without keeping

// How many descriptors may be kept open for the target's threads.
std::size_t descriptors_to_keep() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlimit raised = limit;
  raised.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  const auto usable = static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, 1U << 20));
  return usable > kDescriptorsForOthers ? usable - kDescriptorsForOthers : 0;
}

bool has_ended(const std::string& stat_path) {
  const auto text = read_file(stat_path);
  const auto stat = text.has_value() ? parse_stat(*text) : std::nullopt;
  return !stat || stat->ended();
}

bool is_without_main_thread(Pid pid) {
  if (!has_ended(proc_path(pid, "stat"))) return false;
  std::error_code unreadable;
  std::filesystem::directory_iterator thread(proc_path(pid, "task"), unreadable);
  for (; !unreadable && thread != std::filesystem::directory_iterator(); thread.increment(unreadable)) {
    if (!has_ended(thread->path() / "stat")) return true;
  }
  return false;
}

tl::unexpected<Error> ended(Pid pid) {
  if (is_without_main_thread(pid)) {
    return fail(ErrorCode::kNoProcess,
                fmt::format("the main thread of process {} has ended while others go on: gilspy cannot read such a "
                            "process. Let the main thread wait for them (join) instead",
                            to_int(pid)));
  }
  return fail(ErrorCode::kNoProcess, fmt::format("process {} has ended", to_int(pid)));
}

// What is refused gets its remedy, what is gone never was: nothing has been sampled yet.
tl::unexpected<Error> explain(Pid pid, Error error) {
  if (error.code() == ErrorCode::kDenied) return tl::unexpected(denied(pid));
  if (error.code() == ErrorCode::kGone) return ended(pid);
  return tl::unexpected(std::move(error).during(fmt::format("attaching to process {}", to_int(pid))));
}

// Facts from /proc/PID/status, which everybody may read unless /proc is mounted with hidepid.
Result<std::string> status_of(Pid pid) {
  if (auto error = foreign_proc()) return tl::unexpected(std::move(*error));
  const auto status = to_int(pid) > 0 ? read_file(proc_path(pid, "status")) : Result<std::string>("");
  if (!status.has_value() || status->empty()) return tl::unexpected(absent(pid));
  const auto state = status_value(*status, "State");
  if (state.starts_with('Z') || state.starts_with('X')) return ended(pid);
  const auto group = parse_decimal(status_value(*status, "Tgid"));
  if (group && *group != to_int(pid)) {
    return fail(ErrorCode::kNoProcess,
                fmt::format("{} is a thread of process {}: use --pid {}", to_int(pid), *group, *group));
  }
  return *status;
}

// Mappings that can be read prove that we may look at all; one address is then read as the sampler will read.
Result<RemoteAddr> readable_address(Pid pid, std::string_view name) {
  const auto text = read_file(proc_path(pid, "maps"));
  if (!text.has_value()) return explain(pid, text.error());
  const auto mappings = parse_maps(*text);
  const auto first = std::find_if(mappings.begin(), mappings.end(), [](const Mapping& m) { return m.readable; });
  if (first == mappings.end()) {
    // Without memory: it is ending, or belongs to the kernel.
    const auto stat = parse_stat(read_file(proc_path(pid, "stat")).value_or(""));
    if (!stat || stat->ended() || !read_file(proc_path(pid, "cmdline")).value_or("").empty()) return ended(pid);
    return fail(ErrorCode::kNotPython,
                fmt::format("process {} ({}) is a thread of the kernel, not Python", to_int(pid), name));
  }
  std::byte byte{};
  const ReadRange range{first->begin, {&byte, 1}};
  const auto read = read_process_memory(pid, {&range, 1});
  // A sandbox without the call refuses in its own way.
  if (!read.has_value() && read.error().code() == ErrorCode::kSystem) return tl::unexpected(denied(pid));
  if (!read.has_value()) return explain(pid, read.error());
  return first->begin;
}

bool tells_system_calls(ThreadFiles& threads, Pid pid) {
  // The main thread may have ended before the others: that says nothing.
  const auto facts = threads.syscall_of(Tid{to_int(pid)});
  return !facts.has_value() || facts->state != SyscallFacts::State::kUnreadable;
}

}  // namespace

Result<std::unique_ptr<Target>> attach(Pid pid) {
  GILSPY_TRY(const std::string status, status_of(pid));
  GILSPY_TRY(const RemoteAddr mapped, readable_address(pid, status_value(status, "Name")));
  auto life = LifeLine::take(pid, mapped);
  if (!life.has_value()) return explain(pid, life.error());
  Folder tasks(::opendir(proc_path(pid, "task").c_str()));
  if (!tasks) return explain(pid, error_of(errno, "listing its threads"));
  clockid_t cpu_clock{};
  if (const int error = ::clock_getcpuclockid(to_int(pid), &cpu_clock); error != 0) {
    return explain(pid, error_of(error, "finding its CPU clock"));
  }
  ThreadFiles threads(std::move(tasks), descriptors_to_keep());
  const bool told = tells_system_calls(threads, pid);
  return std::make_unique<LinuxTarget>(LinuxTarget::Parts{
      .identity = identity_of(pid),
      .executable_link = read_link(proc_path(pid, "exe")).value_or(""),
      .own_pid_namespace = parse_numbers(status_value(status, "NSpid")).size() > 1,
      .tells_system_calls = told,
      .cpu_clock = cpu_clock,
      .life = std::move(*life),
      .threads = std::move(threads),
  });
}

}  // namespace gilspy::platform
