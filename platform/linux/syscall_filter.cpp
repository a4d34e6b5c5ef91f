#include "syscall_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gilspy::platform {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif

// Of system calls that are younger than some headers: these are the same on all architectures.
constexpr std::uint32_t kIoUringSetup = 425, kFspick = 433, kClone3 = 435, kPidfdGetfd = 438, kProcessMadvise = 440,
                        kMountSetattr = 442, kProcessMrelease = 448;

constexpr std::uint32_t kPrograms[] = {SYS_execve, SYS_execveat};

constexpr std::uint32_t kNetwork[] = {SYS_socket,   SYS_socketpair, SYS_connect, SYS_bind,    SYS_listen,
                                      SYS_accept,   SYS_accept4,    SYS_sendto,  SYS_sendmsg, SYS_sendmmsg,
                                      SYS_recvfrom, SYS_recvmsg,    SYS_recvmmsg};

// Into other processes, other namespaces and roots, the kernel, and around the rights of files.
constexpr std::uint32_t kNever[] = {
    SYS_process_vm_writev,
    kPidfdGetfd,
    kProcessMadvise,
    kProcessMrelease,
    SYS_move_pages,
    SYS_migrate_pages,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_setns,
    SYS_unshare,
    kMountSetattr,
    SYS_bpf,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_reboot,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_userfaultfd,
    SYS_perf_event_open,
    SYS_open_by_handle_at,
    SYS_mknodat,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_quotactl,
    SYS_syslog,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_fanotify_init,
#if defined(__x86_64__)
    SYS_mknod,
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
#endif
};

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;
// Its flags lie in memory, where a filter cannot look: the C library takes clone instead then.
constexpr std::uint32_t kNotThere = SECCOMP_RET_ERRNO | ENOSYS;
constexpr std::uint32_t kLookAtFlags = 0;  // not an answer: of clone
constexpr std::uint32_t kNewNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

// From this number on, up to the next one's.
struct Step {
  std::uint32_t number = 0;
  std::uint32_t answer = kAllow;
};

class Steps {
 public:
  void add(std::uint32_t first, std::uint32_t last, std::uint32_t answer) { ranges_.push_back({first, last, answer}); }
  void refuse(std::span<const std::uint32_t> numbers) {
    for (const std::uint32_t number : numbers) add(number, number, kRefuse);
  }

  std::vector<Step> sorted() {
    std::ranges::sort(ranges_, {}, &Range::first);
    std::vector<Step> steps{{0, kAllow}};
    for (const Range& range : ranges_) {
      begin(steps, range.first, range.answer);
      if (range.last != UINT32_MAX) begin(steps, range.last + 1, kAllow);
    }
    return steps;
  }

 private:
  struct Range {
    std::uint32_t first = 0, last = 0, answer = 0;
  };

  static void begin(std::vector<Step>& steps, std::uint32_t number, std::uint32_t answer) {
    if (steps.back().number == number) steps.pop_back();
    if (steps.empty() || steps.back().answer != answer) steps.push_back({number, answer});
  }

  std::vector<Range> ranges_;
};

sock_filter statement(int code, std::uint32_t value) { return {static_cast<std::uint16_t>(code), 0, 0, value}; }

sock_filter jump(int code, std::uint32_t value, std::size_t if_true, std::size_t if_false) {
  return {static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(if_true), static_cast<std::uint8_t>(if_false),
          value};
}

std::vector<sock_filter> leaf(std::uint32_t answer) {
  if (answer != kLookAtFlags) return {statement(BPF_RET | BPF_K, answer)};
  constexpr std::size_t kLowHalf = std::endian::native == std::endian::little ? 0 : 4;
  return {statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args) + kLowHalf),
          jump(BPF_JMP | BPF_JSET | BPF_K, kNewNamespaces, 0, 1), statement(BPF_RET | BPF_K, kRefuse),
          statement(BPF_RET | BPF_K, kAllow)};
}

// A binary search for the last step that is not above the number.
std::vector<sock_filter> tree(std::span<const Step> steps) {
  if (steps.size() == 1) return leaf(steps.front().answer);
  const std::size_t middle = steps.size() / 2;
  const std::vector<sock_filter> below = tree(steps.first(middle)), above = tree(steps.subspan(middle));
  std::vector<sock_filter> all{jump(BPF_JMP | BPF_JGE | BPF_K, steps[middle].number, below.size(), 0)};
  all.insert(all.end(), below.begin(), below.end());
  all.insert(all.end(), above.begin(), above.end());
  return all;
}

std::vector<Step> steps_for(SyscallNeeds needs) {
  Steps steps;
  steps.refuse(kNever);
  steps.add(kIoUringSetup, kFspick, kRefuse);  // io_uring_*, and all ways to mount from open_tree to fspick
  steps.add(kClone3, kClone3, kNotThere);
  steps.add(SYS_clone, SYS_clone, kLookAtFlags);
  if (!needs.stops_threads) steps.add(SYS_ptrace, SYS_ptrace, kRefuse);
  if (!needs.starts_programs) {
    steps.refuse(kPrograms);
    steps.refuse(kNetwork);
  }
#if defined(__x86_64__)
  // x32: in numbers of its own, and with bit 30 in all.
  steps.add(512, 547, kRefuse);
  steps.add(1U << 30, UINT32_MAX, kRefuse);
#endif
  return steps.sorted();
}

}  // namespace

std::vector<sock_filter> syscall_filter(SyscallNeeds needs) {
  const std::vector<sock_filter> body = tree(steps_for(needs));
  std::vector<sock_filter> program{
      statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      jump(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
      statement(BPF_RET | BPF_K, kRefuse),  // system calls of another architecture have other numbers
      statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
  };
  program.insert(program.end(), body.begin(), body.end());
  return program;
}

bool install_syscall_filter(SyscallNeeds needs) {
  std::vector<sock_filter> steps = syscall_filter(needs);
  const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
  // Before Linux 5.16 a filter also makes the CPU careful with speculation, which slows everything down. That is for
  // programs that run the code of others.
  for (const unsigned long flags :
       {SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW, SECCOMP_FILTER_FLAG_TSYNC, 0UL}) {
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) == 0) return true;
  }
  return false;
}

}  // namespace gilspy::platform
