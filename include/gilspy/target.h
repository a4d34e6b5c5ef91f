// The process as bytes, maps, threads and files. Linux implements it, a core file does, and a fake for tests; a
// replayed capture can. It does not know Python, and says precisely when something is gone or denied.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/registers.h"
#include "gilspy/result.h"

namespace gilspy {

struct ReadRange {
  RemoteAddr from;
  std::span<std::byte> into;
};

class MemoryReader {
 public:
  virtual ~MemoryReader() = default;

  // Copies the ranges in order, in as few system calls as possible, and returns how many leading ranges are complete:
  // a range that is not mapped ends the batch without being an error. Errors: kGone, kDenied.
  virtual Result<std::size_t> read_batch(std::span<const ReadRange> ranges) = 0;
};

struct Mapping {
  RemoteAddr begin;
  RemoteAddr end;
  std::uint64_t file_offset = 0;
  bool readable = false;
  bool writable = false;
  bool executable = false;
  std::uint64_t device = 0;  // of the file; both 0 for anonymous memory
  std::uint64_t inode = 0;
  std::string path;  // as /proc/PID/maps shows it; empty for anonymous memory
};

// The number of futex(2). A port to another architecture adds its own.
#if defined(__x86_64__)
inline constexpr std::int64_t kFutexSyscall = 202;
#elif defined(__aarch64__)
inline constexpr std::int64_t kFutexSyscall = 98;
#endif

// What a thread is blocked in, by the kernel's account.
enum class BlockedIn : std::uint8_t {
  kNothing,  // it is not blocked
  kFutex,    // locks, conditions, joins
  kSleep,
  kPoll,     // select, poll, epoll
  kReceive,  // read, recv, accept: sockets, pipes, files
  kSend,
  kProcess,  // waits for a process
  kDisk,     // flushes a file, or opens or removes one
  kFault,    // not in a system call: a page that comes from a disk, a signal
  kOther,
};
inline constexpr std::size_t kBlockedInCount = 10;

constexpr std::string_view key(BlockedIn what) {
  constexpr std::array<std::string_view, kBlockedInCount> kKeys{"nothing", "futex",   "sleep", "poll",  "receive",
                                                                "send",    "process", "disk",  "fault", "other"};
  return kKeys[static_cast<std::size_t>(what)];
}

// What a thread is doing for the kernel (from /proc/PID/task/TID/syscall).
struct SyscallFacts {
  enum class State : std::uint8_t {
    kRunning,     // on a CPU or on a run queue
    kInSyscall,   // blocked in system call `number`
    kElsewhere,   // blocked outside a system call (page fault, signal stop)
    kUnreadable,  // the kernel does not tell
  };
  State state = State::kUnreadable;
  std::int64_t number = -1;
  std::uint64_t first_argument = 0;
  bool timed = false;  // a futex: it is waited for until a point in time at most
  BlockedIn blocked_in = BlockedIn::kNothing;
  // Of a thread that is blocked; null where the kernel does not tell.
  RemoteAddr stack_pointer{};
  RemoteAddr instruction{};

  bool operator==(const SyscallFacts&) const = default;
};

// From /proc/PID/task/TID/schedstat. While a thread stays on a CPU it moves only at scheduler ticks.
struct SchedFacts {
  Nanos on_cpu{0};
  Nanos run_queue{0};
};

// A file of the target as read-only bytes; the owner keeps them mapped.
class FileBytes {
 public:
  virtual ~FileBytes() = default;
  virtual std::span<const std::byte> bytes() const = 0;
};

struct ProcessIdentity {
  Pid pid{};
  std::vector<std::string> command;  // argv
  std::string executable;            // path of the program file
  std::string working_folder;
  std::string root{};  // what it has as "/", as a folder for us; empty: there is none
};

enum class Liveness : std::uint8_t {
  kAlive,
  kStopped,  // alive, but stands still: SIGSTOP, job control, a debugger
  kEnded,
  kReplaced,  // by exec
};

// Threads that stand still because we stopped them. They go on when it is released or destroyed, or when gilspy itself
// ends, however it does.
class ThreadStop {
 public:
  virtual ~ThreadStop() = default;

  virtual bool holds(Tid tid) const = 0;  // whether this one stands still
  // Of one that stands still. Errors: kGone, kSystem.
  virtual Result<Registers> registers(Tid tid) const = 0;
  // They go on. How long the first of them stood still at most.
  virtual Nanos release() = 0;
};

class Target : public MemoryReader {
 public:
  virtual const ProcessIdentity& identity() const = 0;
  virtual Liveness liveness() = 0;
  virtual Result<std::vector<Mapping>> mappings() = 0;
  // The file behind a mapping, however the target sees it (containers, chroots, deleted files): that one, not another
  // that has its name by now. Errors: kDenied, kSystem.
  virtual Result<std::unique_ptr<FileBytes>> file_of(const Mapping& mapping) = 0;

  virtual Result<std::vector<Tid>> threads() = 0;
  // Errors: kGone when the thread has ended.
  virtual Result<SyscallFacts> syscall_of(Tid tid) = 0;
  // Whether the kernel told, when we attached, what threads are blocked in. Where it does not (a sandbox, hidden
  // /proc), syscall_of() is kUnreadable for every thread.
  virtual bool tells_system_calls() const { return true; }
  virtual Result<SchedFacts> sched_of(Tid tid) = 0;
  virtual Result<std::string> comm_of(Tid tid) = 0;
  // The number by which the target knows its thread (gettid(), native_thread_id): another than ours when it lives in a
  // PID namespace of its own (a container, seen from the host).
  virtual std::int32_t own_number_of(Tid tid) { return to_int(tid); }
  // The other way round. Nothing: the target has no such thread.
  virtual std::optional<Tid> tid_of_own_number(std::int32_t number) { return static_cast<Tid>(number); }
  // The caller will not ask for this thread again: what was kept open for it can be closed.
  virtual void forget(Tid tid) = 0;

  // Of a thread that stands still for good (a core). Nothing: it runs, or only a stop tells them.
  virtual std::optional<Registers> registers_of(Tid) { return std::nullopt; }

  // Whether stop() will work, as far as that can be told without stopping anybody. Errors: kDenied, as there.
  virtual Result<void> may_stop() = 0;
  // Stops those of the threads that can be stopped, for a read: threads that ended meanwhile, or that the kernel does
  // not let go, are left out. A thread that is blocked in the kernel may see its system call interrupted: stop running
  // ones. Errors: kDenied (the message says who is in the way).
  virtual Result<std::unique_ptr<ThreadStop>> stop(std::span<const Tid> tids) = 0;
  // The same of one, for a moment: where it does not stand still within `patience` it is left out, and let go as soon
  // as it does (release_late).
  virtual Result<std::unique_ptr<ThreadStop>> stop_briefly(Tid tid, Nanos patience) = 0;
  // Lets those go on that the kernel stopped only after stop() had given up waiting. True: some have yet to stop. They
  // will then stand until this is called again.
  virtual bool release_late() = 0;

  virtual Result<Nanos> cpu_time() = 0;  // user and system time of all threads, ended ones included
  // Processes below this one, nearest first; executables that may not be seen are empty.
  virtual std::vector<ProcessIdentity> descendants() = 0;
  // Paths of the files that another process has mapped, as its maps show them; none where we may not see them.
  virtual std::vector<std::string> files_mapped_by(Pid) { return {}; }
};

struct CpuFacts {
  std::uint32_t online = 0;
  std::uint32_t allowed = 0;           // in the target's affinity mask
  std::optional<double> cgroup_quota;  // CPUs, where a quota is set

  // CPUs that the target can use at a time; 1 where nothing is known.
  double available() const {
    const double count = allowed > 0 ? allowed : online > 0 ? online : 1;
    return cgroup_quota && *cgroup_quota > 0 && *cgroup_quota < count ? *cgroup_quota : count;
  }

  bool operator==(const CpuFacts&) const = default;
};

// How the kernel has kept a process from CPUs while it was watched.
struct CpuPressure {
  Nanos watched{0};  // 0: nobody looked
  Nanos queued{0};   // time in which threads were ready to run and had no CPU, summed over threads
  // Of the cgroup whose quota limits it, if there is one: how often its quota was renewed, and had been used up.
  std::uint64_t periods = 0;
  std::uint64_t throttled_periods = 0;
  Nanos throttled{0};  // summed over CPUs

  bool operator==(const CpuPressure&) const = default;
};

}  // namespace gilspy
