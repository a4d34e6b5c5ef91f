// platform: what gilspy asks of the operating system. Everything that makes system calls stands behind this header and
// behind Target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gilspy/byte_sink.h"
#include "gilspy/ids.h"
#include "gilspy/native.h"
#include "gilspy/registers.h"
#include "gilspy/result.h"
#include "gilspy/target.h"

namespace gilspy::platform {

// Attaches without stopping anything. Raises the soft limit of open files to the hard one: two are kept open a thread.
// Errors: kNoProcess (also: it has ended), kDenied (the message says what to run), kNotPython (a kernel thread).
Result<std::unique_ptr<Target>> attach(Pid pid);

// Processes that others know by this number, inside of a PID namespace that is not ours: of a container, mostly. Each
// has the number here that it has for us. What may not be seen is not among them.
std::vector<ProcessIdentity> numbered_inside(Pid inner);

// `memory` must outlive it.
std::unique_ptr<Unwinder> make_unwinder(NativeMemory& memory);

// A file of ours as read-only bytes. Errors: kSystem.
Result<std::unique_ptr<FileBytes>> map_file(const std::string& path);
// Debugging information of a build, from the servers that DEBUGINFOD_URLS names; they are asked only if it is set.
// Nothing: they do not have it, or there is no debuginfod-find (elfutils). Takes as long as that does.
std::unique_ptr<FileBytes> fetch_debug_file(std::span<const std::byte> build_id);
bool may_fetch_debug_files();  // there are such servers to ask
// As map_file, of a file below a folder that somebody has as "/". Links, and "..", lead where they lead in there, and
// never out of it.
Result<std::unique_ptr<FileBytes>> map_file_below(const std::string& root, const std::string& path);

// CPUs that the target may use. `cgroup_quota` is the smallest quota of its cgroup and the cgroups above that this
// process can see (v2 cpu.max, v1 cpu.cfs_quota_us).
CpuFacts cpu_facts(Pid pid);

// What the cgroup with that quota tells, since it was made.
struct Throttling {
  std::uint64_t periods = 0;            // in which something wanted to run
  std::uint64_t throttled_periods = 0;  // those in which the quota was used up
  Nanos throttled{0};                   // for which CPUs stood still then, summed over CPUs
};
std::optional<Throttling> throttling(Pid pid);  // nothing: there is no quota

// A variable of the environment that the process was started with. Nothing: there is none, or it may not be seen.
std::optional<std::string> started_with(Pid pid, std::string_view variable);

// CLOCK_MONOTONIC.
Nanos now();
// Sleeps until now() reaches `deadline`. False when a signal came first.
bool sleep_until(Nanos deadline);

Nanos thread_cpu_time();  // user and system time of the calling thread

struct SelfUsage {
  Nanos cpu{0};  // user and system time of all threads of this process
  std::uint64_t peak_rss_bytes = 0;
};
SelfUsage self_usage();

enum class Priority : std::uint8_t { kNormal, kNice, kRealtime };
// For the calling thread: timer slack 1 ns, then the highest priority that is permitted. It can starve the target: not
// for a thread that does not sleep. Threads and children created later start at normal priority when it is kRealtime.
Priority raise_priority();
// Undoes raise_priority() on the thread that called it.
void restore_priority();

// While one lives, SIGINT, SIGTERM and SIGHUP are remembered instead of ending the process; a second SIGINT ends it at
// once. A SIGHUP that was ignored before (nohup) stays ignored. One at a time.
class StopFlag {
 public:
  StopFlag();
  // One that nobody sets and that leaves signals alone: what a launched command does decides, see launch.h.
  static StopFlag never() { return StopFlag(Never{}); }
  ~StopFlag();
  StopFlag(const StopFlag&) = delete;
  StopFlag& operator=(const StopFlag&) = delete;

  bool stop_requested() const;

 private:
  struct Never {};
  explicit StopFlag(Never) : listens_(false) {}
  bool listens_ = true;
};

// While one lives, signals do not reach the calling thread; threads that it starts meanwhile they never reach.
class WithoutSignals {
 public:
  WithoutSignals();
  ~WithoutSignals();
  WithoutSignals(const WithoutSignals&) = delete;
  WithoutSignals& operator=(const WithoutSignals&) = delete;

 private:
  struct Mask;
  std::unique_ptr<Mask> before_;
};

enum class Ownership : std::uint8_t {
  kInvokingUser,  // under sudo: the user who ran sudo
  kProcess,
};
// Writes a whole file, or none: a regular file is replaced only when all bytes have reached it. "-" is standard output;
// devices and pipes are written to directly. Errors: kCannotWrite, with the path and the reason.
Result<void> write_file(const std::string& path, std::span<const std::byte> bytes,
                        Ownership ownership = Ownership::kInvokingUser);
Result<void> write_file(const std::string& path, std::string_view text, Ownership ownership = Ownership::kInvokingUser);
Result<void> write_file(const std::string& path, const Contents& contents,
                        Ownership ownership = Ownership::kInvokingUser);

// The same for a file that must not be there yet, not even as a link: in a folder where everybody may write, nobody
// else chooses what becomes of it.
Result<void> create_file(const std::string& path, const Contents& contents);

// A file that only grows. Errors: kCannotWrite, with the path and the reason.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  // All of the bytes, or none: what was written of them is cut off again where that is possible (not in pipes).
  virtual Result<void> append(std::span<const std::byte> bytes) = 0;
  // Behind the last append. Also an error: the file has no name any more, so that nobody will find it.
  virtual Result<void> close() = 0;
};
// The file is opened, and one that has its name emptied, by the first append: until then nothing happens. "-" is
// standard output.
std::unique_ptr<AppendFile> append_file(const std::string& path, Ownership ownership = Ownership::kInvokingUser);

// Bytes from the first to the last.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // How many there were: fewer than asked for only at the end. Errors: kSystem.
  virtual Result<std::size_t> read(std::span<std::byte> into) = 0;
};
// "-" is standard input. Errors: kSystem, with the path and the reason.
Result<std::unique_ptr<ByteSource>> open_source(const std::string& path);

// Whether a file of this name could be written, as far as permissions tell. Errors: kCannotWrite, with the path and the
// reason.
Result<void> may_write(const std::string& path);
// The same of a regular file that write_file() replaces: what counts is the folder, and in one like /tmp whose it is.
bool may_replace(const std::string& path);

// "futex" for 202 on x86-64; "system call 999" for one without a name here.
std::string syscall_name(std::int64_t number);
// Of a thread that is blocked in one; without its stack pointer and instruction.
inline constexpr std::size_t kSyscallArguments = 6;
SyscallFacts facts_of_call(std::int64_t number, std::span<const std::uint64_t, kSyscallArguments> arguments);

// From the kernel's own form of them (struct user_regs_struct): NT_PRSTATUS of ptrace and of core files.
Registers general_registers(std::span<const std::byte> bytes);

bool stdout_is_terminal();
bool stderr_is_terminal();
int terminal_width();  // columns; 80 when nobody knows

}  // namespace gilspy::platform
