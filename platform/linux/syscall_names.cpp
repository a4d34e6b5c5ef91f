// System calls in which threads are found blocked.
#include <fmt/format.h>
#include <sys/syscall.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "gilspy/platform.h"

namespace gilspy::platform {
namespace {

struct Name {
  std::int64_t number;
  std::string_view name;
  BlockedIn blocked_in = BlockedIn::kOther;
};

constexpr Name kNames[] = {
    {SYS_read, "read", BlockedIn::kReceive},
    {SYS_write, "write", BlockedIn::kSend},
    {SYS_close, "close"},
    {SYS_lseek, "lseek"},
    {SYS_ioctl, "ioctl"},
    {SYS_pread64, "pread64", BlockedIn::kReceive},
    {SYS_pwrite64, "pwrite64", BlockedIn::kSend},
    {SYS_readv, "readv", BlockedIn::kReceive},
    {SYS_writev, "writev", BlockedIn::kSend},
    {SYS_nanosleep, "nanosleep", BlockedIn::kSleep},
    {SYS_connect, "connect", BlockedIn::kSend},
    {SYS_accept, "accept", BlockedIn::kReceive},
    {SYS_sendto, "sendto", BlockedIn::kSend},
    {SYS_recvfrom, "recvfrom", BlockedIn::kReceive},
    {SYS_sendmsg, "sendmsg", BlockedIn::kSend},
    {SYS_recvmsg, "recvmsg", BlockedIn::kReceive},
    {SYS_wait4, "wait4", BlockedIn::kProcess},
    {SYS_flock, "flock", BlockedIn::kDisk},
    {SYS_fsync, "fsync", BlockedIn::kDisk},
    {SYS_fdatasync, "fdatasync", BlockedIn::kDisk},
    {SYS_openat, "openat", BlockedIn::kDisk},
    {SYS_futex, "futex", BlockedIn::kFutex},
    {SYS_clock_nanosleep, "clock_nanosleep", BlockedIn::kSleep},
    {SYS_waitid, "waitid", BlockedIn::kProcess},
    {SYS_pselect6, "pselect6", BlockedIn::kPoll},
    {SYS_ppoll, "ppoll", BlockedIn::kPoll},
    {SYS_epoll_pwait, "epoll_pwait", BlockedIn::kPoll},
    {SYS_accept4, "accept4", BlockedIn::kReceive},
    {SYS_recvmmsg, "recvmmsg", BlockedIn::kReceive},
    {SYS_sendmmsg, "sendmmsg", BlockedIn::kSend},
    {SYS_rt_sigtimedwait, "rt_sigtimedwait", BlockedIn::kProcess},
    {SYS_rt_sigsuspend, "rt_sigsuspend", BlockedIn::kProcess},
    {SYS_sendfile, "sendfile", BlockedIn::kSend},
    {SYS_splice, "splice", BlockedIn::kSend},
    {SYS_getrandom, "getrandom"},
    {SYS_semop, "semop"},
    {SYS_semtimedop, "semtimedop"},
    {SYS_msgrcv, "msgrcv", BlockedIn::kReceive},
    {SYS_msgsnd, "msgsnd", BlockedIn::kSend},
    {SYS_mq_timedreceive, "mq_timedreceive", BlockedIn::kReceive},
    {SYS_mq_timedsend, "mq_timedsend", BlockedIn::kSend},
    {SYS_restart_syscall, "restart_syscall"},
    {SYS_mmap, "mmap"},
    {SYS_munmap, "munmap"},
    {SYS_mprotect, "mprotect"},
    {SYS_madvise, "madvise"},
    {SYS_brk, "brk"},
    {SYS_copy_file_range, "copy_file_range", BlockedIn::kDisk},
    {SYS_fallocate, "fallocate", BlockedIn::kDisk},
    {SYS_ftruncate, "ftruncate", BlockedIn::kDisk},
    // Of all architectures as well, but newer than the headers of systems that gilspy is built on.
    {426, "io_uring_enter", BlockedIn::kPoll},
    {441, "epoll_pwait2", BlockedIn::kPoll},
#if defined(__x86_64__)  // younger architectures begin with what took their place
    {SYS_poll, "poll", BlockedIn::kPoll},
    {SYS_select, "select", BlockedIn::kPoll},
    {SYS_pause, "pause", BlockedIn::kSleep},
    {SYS_epoll_wait, "epoll_wait", BlockedIn::kPoll},
    {SYS_open, "open", BlockedIn::kDisk},
    {SYS_stat, "stat", BlockedIn::kDisk},
    {SYS_unlink, "unlink", BlockedIn::kDisk},
    {SYS_rename, "rename", BlockedIn::kDisk},
#endif
};

// select() of no files at all is how time.sleep() waits up to 3.10.
bool selects(std::int64_t number) {
#ifdef SYS_select
  if (number == SYS_select) return true;
#endif
  return number == SYS_pselect6;
}

// By what it is given first.
BlockedIn blocked_in_call(std::int64_t number, std::uint64_t first_argument) {
  if (number == kFutexSyscall) return BlockedIn::kFutex;  // what threads are mostly found in
  if (first_argument == 0 && selects(number)) return BlockedIn::kSleep;
  const auto* const found = std::ranges::find(kNames, number, &Name::number);
  return found != std::end(kNames) ? found->blocked_in : BlockedIn::kOther;
}

}  // namespace

std::string syscall_name(std::int64_t number) {
  const auto* const found = std::ranges::find(kNames, number, &Name::number);
  return found != std::end(kNames) ? std::string(found->name) : fmt::format("system call {}", number);
}

SyscallFacts facts_of_call(std::int64_t number, std::span<const std::uint64_t, kSyscallArguments> arguments) {
  constexpr std::size_t kTimeoutOfFutex = 3;  // futex(2): a struct timespec*
  SyscallFacts facts;
  facts.state = SyscallFacts::State::kInSyscall;
  facts.number = number;
  facts.first_argument = arguments[0];
  facts.timed = number == kFutexSyscall && arguments[kTimeoutOfFutex] != 0;
  facts.blocked_in = blocked_in_call(number, arguments[0]);
  return facts;
}

}  // namespace gilspy::platform
