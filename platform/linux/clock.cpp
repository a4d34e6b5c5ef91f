#include <sys/resource.h>

#include <cerrno>
#include <ctime>

#include "gilspy/platform.h"
#include "proc_files.h"
#include "proc_text.h"

namespace gilspy::platform {
namespace {

Nanos read_clock(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + Nanos(time.tv_nsec);
}

}  // namespace

Nanos now() { return read_clock(CLOCK_MONOTONIC); }

Nanos thread_cpu_time() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

bool sleep_until(Nanos deadline) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(deadline);
  timespec until{};
  until.tv_sec = static_cast<std::time_t>(seconds.count());
  until.tv_nsec = static_cast<long>((deadline - seconds).count());
  return ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != EINTR;
}

SelfUsage self_usage() {
  SelfUsage usage;
  usage.cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
  // Not ru_maxrss: that one starts with what the process that started us had used.
  const std::string status = read_file("/proc/self/status").value_or("");
  const auto peak = parse_numbers(status_value(status, "VmHWM"));
  if (!peak.empty()) {
    usage.peak_rss_bytes = static_cast<std::uint64_t>(peak.front()) * 1024;
    return usage;
  }
  rusage own{};
  ::getrusage(RUSAGE_SELF, &own);
  usage.peak_rss_bytes = static_cast<std::uint64_t>(own.ru_maxrss) * 1024;
  return usage;
}

}  // namespace gilspy::platform
