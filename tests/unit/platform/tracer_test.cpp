// Stopping threads of a real process: they stand still, go on, and nothing is left behind.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <new>
#include <thread>

#include "child_process.h"
#include "gilspy/platform.h"
#include "platform/linux/proc_files.h"
#include "platform/linux/proc_text.h"

namespace gilspy::platform {
namespace {

using test::ChildProcess;
using test::eventually;

// For threads that do stop, on a machine that may stand still for a while.
constexpr Nanos kAmple = std::chrono::seconds(20);

// Counts in shared memory as long as it runs.
class Counting {
 public:
  explicit Counting(int threads = 1)
      : counts_(shared_counts()), child_([this, threads](int tell) {
          for (int i = 1; i < threads; ++i) std::thread([this, i] { count(i); }).detach();
          ::signal(SIGUSR1, [](int) {});
          test::tell(tell, "ready");
          count(0);
        }) {
    child_.hear();
    target_ = std::move(*attach(child_.pid()));
    eventually([&] { return target_->threads()->size() == static_cast<std::size_t>(threads); });
  }

  Pid pid() const { return child_.pid(); }
  Target& target() { return *target_; }
  std::vector<Tid> tids() { return *target_->threads(); }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const auto& number : counts_->numbers) sum += number.load();
    return sum;
  }
  bool counts_on() const {
    const std::uint64_t before = total();
    return eventually([&] { return total() > before; });
  }
  std::string state() const {
    return std::string(status_value(read_file(proc_path(pid(), "status")).value_or(""), "State")).substr(0, 1);
  }
  std::string tracer() const {
    return std::string(status_value(read_file(proc_path(pid(), "status")).value_or(""), "TracerPid"));
  }

 private:
  struct Counts {
    std::atomic<std::uint64_t> numbers[8];
  };
  static Counts* shared_counts() {
    void* const memory = ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return new (memory) Counts();
  }
  void count(int which) {
    for (;;) counts_->numbers[which].fetch_add(1, std::memory_order_relaxed);
  }

  Counts* counts_;
  ChildProcess child_;
  std::unique_ptr<Target> target_;
};

TEST(Tracer, AStoppedThreadStandsStillAndGoesOn) {
  Counting child;
  auto stop = child.target().stop(child.tids());
  ASSERT_TRUE(stop.has_value()) << stop.error().message();
  EXPECT_TRUE((*stop)->holds(child.tids().front()));
  const std::uint64_t there = child.total();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(child.total(), there);
  EXPECT_GE((*stop)->release(), std::chrono::milliseconds(20));
  EXPECT_FALSE((*stop)->holds(child.tids().front()));
  EXPECT_TRUE(child.counts_on());
  EXPECT_EQ(child.tracer(), "0");
}

TEST(Tracer, SeveralThreadsStandStillTogether) {
  Counting child(4);
  auto stop = child.target().stop(child.tids());
  ASSERT_TRUE(stop.has_value()) << stop.error().message();
  for (const Tid tid : child.tids()) EXPECT_TRUE((*stop)->holds(tid));
  const std::uint64_t there = child.total();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(child.total(), there);
  stop->reset();
  EXPECT_TRUE(child.counts_on());
}

TEST(Tracer, ManyStopsLeaveNoTrace) {
  Counting child(3);
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(child.target().stop(child.tids()).has_value());
  EXPECT_TRUE(child.counts_on());
  EXPECT_EQ(child.tracer(), "0");
}

TEST(Tracer, AThreadThatIsNotThereIsLeftOut) {
  Counting child;
  const std::vector<Tid> tids{child.tids().front(), Tid{0x3fffff}};
  const auto stop = child.target().stop(tids);
  ASSERT_TRUE(stop.has_value()) << stop.error().message();
  EXPECT_TRUE((*stop)->holds(tids[0]));
  EXPECT_FALSE((*stop)->holds(tids[1]));
}

TEST(Tracer, ASignalThatArrivesMeanwhileIsDelivered) {
  for (int i = 0; i < 30; ++i) {
    Counting child;
    std::thread killer([&] { ::kill(to_int(child.pid()), SIGTERM); });
    { const auto stop = child.target().stop(child.tids()); }
    killer.join();
    int status = 0;
    const auto ended = [&] { return ::waitpid(to_int(child.pid()), &status, WNOHANG) != 0; };
    ASSERT_TRUE(eventually(ended)) << i;
    // As its tracer we may have been told already.
    EXPECT_TRUE(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM)) << i;
  }
}

TEST(Tracer, AProcessThatWasStoppedBeforeStaysSo) {
  Counting child;
  ::kill(to_int(child.pid()), SIGSTOP);
  ASSERT_TRUE(eventually([&] { return child.state() == "T"; }));
  { const auto stop = child.target().stop(child.tids()); }
  EXPECT_TRUE(eventually([&] { return child.state() == "T"; }));
  const std::uint64_t there = child.total();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(child.total(), there);
  ::kill(to_int(child.pid()), SIGCONT);
  EXPECT_TRUE(child.counts_on());
}

TEST(Tracer, ASecondTracerIsToldWhoTheFirstIs) {
  Counting child;
  ASSERT_EQ(::ptrace(PTRACE_SEIZE, to_int(child.pid()), nullptr, nullptr), 0);
  const auto stop = child.target().stop(child.tids());
  ASSERT_FALSE(stop.has_value());
  EXPECT_EQ(stop.error().code(), ErrorCode::kDenied);
  EXPECT_NE(stop.error().message().find(std::to_string(::getpid())), std::string::npos) << stop.error().message();
  const auto may = child.target().may_stop();
  ASSERT_FALSE(may.has_value());
  EXPECT_EQ(may.error().message(), stop.error().message());
}

// epoll_wait is not taken up again when its thread was stopped.
TEST(Tracer, ToAskWhetherItMayStopInterruptsNobody) {
  ChildProcess child([](int tell) {
    const int nothing = ::epoll_create1(0);
    test::tell(tell, "ready");
    epoll_event event{};
    ::epoll_wait(nothing, &event, 1, -1);
    test::tell(tell, "interrupted");
  });
  child.hear();
  const auto target = std::move(*attach(child.pid()));
  ASSERT_TRUE(eventually(
      [&] { return target->syscall_of(target->threads()->front())->state == SyscallFacts::State::kInSyscall; }));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(target->may_stop().has_value());
  EXPECT_FALSE(child.tells_within(std::chrono::milliseconds(100)));
}

// As in a container whose profile allows process_vm_readv alone.
TEST(Tracer, AFilterOfSystemCallsIsSaid) {
  ChildProcess child([](int tell) {
    const auto target = std::move(*attach(Pid{::getppid()}));
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{4, filter};
    const bool before = target->may_stop().has_value();
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    const auto after = target->may_stop();
    test::tell(tell, !before ? "not even before" : after.has_value() ? "it may" : after.error().message());
  });
  EXPECT_NE(child.hear().find("the kernel forbids ptrace here"), std::string::npos);
}

TEST(Tracer, AProcessThatIsKilledWhileItStandsIsGone) {
  Counting child(2);
  auto stop = child.target().stop(child.tids());
  ::kill(to_int(child.pid()), SIGKILL);
  EXPECT_TRUE(eventually([&] { return child.target().liveness() == Liveness::kEnded; }));
  (*stop)->release();
  const auto again = child.target().stop({});
  EXPECT_TRUE(again.has_value());
}

// A vfork keeps its caller in a state that no tracer can interrupt, here until the child is spoken to.
class InVfork : public ChildProcess {
 public:
  InVfork()
      : ChildProcess([](int tell) {
          if (::vfork() == 0) {
            char word = 0;
            while (::read(STDIN_FILENO, &word, 1) < 0 && errno == EINTR) continue;
            ::_exit(0);
          }
          test::tell(tell, "after");
          for (;;) ::pause();
        }),
        target(std::move(*attach(pid()))) {
    eventually([&] { return status("State").starts_with('D'); });
  }
  void leave() const { say("x"); }
  std::string status(std::string_view key) const {
    return std::string(status_value(read_file(proc_path(pid(), "status")).value_or(""), key));
  }

  std::unique_ptr<Target> target;
};

TEST(Tracer, AThreadThatCannotBeInterruptedIsAwaitedAndLetGo) {
  InVfork parent;
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    parent.leave();
  });
  { const auto stop = parent.target->stop(*parent.target->threads()); }
  later.join();
  EXPECT_EQ(parent.hear(), "after");
}

TEST(Tracer, OneThatStopsOnlyAfterAllPatienceIsLetGoThen) {
  InVfork parent;
  EXPECT_FALSE(parent.target->release_late());
  const std::vector<Tid> tids = *parent.target->threads();
  const auto stop = parent.target->stop(tids);
  ASSERT_TRUE(stop.has_value()) << stop.error().message();
  EXPECT_FALSE((*stop)->holds(tids.front()));
  EXPECT_TRUE(parent.target->release_late());
  parent.leave();
  EXPECT_TRUE(eventually([&] { return !parent.target->release_late(); }));
  ASSERT_EQ(parent.status("TracerPid"), "0");
  EXPECT_EQ(parent.hear(), "after");
}

TEST(Tracer, RegistersOfAThreadThatStands) {
  Counting child(2);
  const std::vector<Tid> tids = child.tids();
  auto stop = child.target().stop(tids);
  ASSERT_TRUE(stop.has_value()) << stop.error().message();
  const auto mappings = child.target().mappings();
  ASSERT_TRUE(mappings.has_value());
  const auto mapping_of = [&](RemoteAddr address) {
    const auto found = std::ranges::find_if(
        *mappings, [&](const Mapping& mapping) { return address.in(mapping.begin, mapping.end.since(mapping.begin)); });
    return found == mappings->end() ? Mapping{} : *found;
  };
  for (const Tid tid : tids) {
    const auto registers = (*stop)->registers(tid);
    ASSERT_TRUE(registers.has_value()) << registers.error().message();
    for (std::size_t i = 0; i < Registers::kCount; ++i) EXPECT_TRUE(registers->has(i)) << i;
    EXPECT_TRUE(mapping_of(registers->instruction()).executable);
    EXPECT_TRUE(mapping_of(registers->stack_pointer()).writable);
    const auto again = (*stop)->registers(tid);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(*again, *registers) << "it stands";
  }
  EXPECT_NE((*stop)->registers(tids[0])->stack_pointer(), (*stop)->registers(tids[1])->stack_pointer());
}

TEST(Tracer, RegistersOfNobodyElse) {
  Counting child(2);
  const std::vector<Tid> tids = child.tids();
  auto stop = child.target().stop_briefly(tids[0], kAmple);
  ASSERT_TRUE(stop.has_value()) << stop.error().message();
  ASSERT_TRUE((*stop)->holds(tids[0]));
  EXPECT_TRUE((*stop)->registers(tids[0]).has_value());
  for (const Tid other : {tids[1], Tid{0x3fffff}, Tid{::getpid()}}) {
    const auto registers = (*stop)->registers(other);
    ASSERT_FALSE(registers.has_value());
    EXPECT_EQ(registers.error().code(), ErrorCode::kGone);
  }
  (*stop)->release();
  EXPECT_FALSE((*stop)->registers(tids[0]).has_value()) << "it went on";
}

#if defined(__x86_64__)
// By DWARF's numbers: not the order in which the kernel has them.
TEST(Tracer, RegistersAreThoseThatTheThreadHas) {
  ChildProcess child([](int tell) {
    test::tell(tell, "ready");
    asm volatile(
        "mov $100, %%rax\n mov $101, %%rdx\n mov $102, %%rcx\n mov $103, %%rbx\n mov $104, %%rsi\n mov $105, %%rdi\n"
        "mov $106, %%rbp\n mov $108, %%r8\n mov $109, %%r9\n mov $110, %%r10\n mov $111, %%r11\n mov $112, %%r12\n"
        "mov $113, %%r13\n mov $114, %%r14\n mov $115, %%r15\n 1: jmp 1b" ::
            : "memory");
  });
  child.hear();
  const auto target = std::move(*attach(child.pid()));
  const Tid tid = target->threads()->front();
  Registers registers;
  ASSERT_TRUE(eventually([&] {
    const auto stop = target->stop_briefly(tid, kAmple);
    if (stop && (*stop)->holds(tid)) registers = *(*stop)->registers(tid);
    return registers.values[15] == 115;
  }));
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_TRUE(registers.values[i] == 100 + i || i == Registers::kStackPointer) << i;
  }
  std::array<std::uint8_t, 2> code{};
  const ReadRange range{registers.instruction(), std::as_writable_bytes(std::span(code))};
  EXPECT_EQ(*target->read_batch({&range, 1}), 1U);
  const std::array<std::uint8_t, 2> to_itself{0xeb, 0xfe}, to_itself_in_full{0xe9, 0xfb};  // as assemblers choose
  EXPECT_TRUE(code == to_itself || code == to_itself_in_full) << int{code[0]} << " " << int{code[1]};
}
#endif

TEST(Tracer, AThreadThatEndsAsItStandsHasNone) {
  Counting child;
  const Tid tid = child.tids().front();
  auto stop = child.target().stop_briefly(tid, kAmple);
  ASSERT_TRUE(stop.has_value() && (*stop)->holds(tid));
  ::kill(to_int(child.pid()), SIGKILL);
  EXPECT_TRUE(eventually([&] { return !(*stop)->registers(tid).has_value(); }));
}

TEST(Tracer, OneThreadIsStoppedForAMoment) {
  Counting child(2);
  const std::vector<Tid> tids = child.tids();
  for (int i = 0; i < 100; ++i) {
    auto stop = child.target().stop_briefly(tids[1], kAmple);
    ASSERT_TRUE(stop.has_value()) << stop.error().message();
    EXPECT_TRUE((*stop)->holds(tids[1]));
    EXPECT_FALSE((*stop)->holds(tids[0]));
    EXPECT_GT((*stop)->release(), Nanos{0});
  }
  const auto stop = child.target().stop_briefly(tids[1], kAmple);
  EXPECT_TRUE(child.counts_on()) << "the other one";
  EXPECT_EQ(child.tracer(), "0");
}

TEST(Tracer, OneThatDoesNotStopInTimeIsLeftOutAndLetGoLater) {
  InVfork parent;
  const Tid tid = parent.target->threads()->front();
  {
    const auto stop = parent.target->stop_briefly(tid, std::chrono::milliseconds(2));
    ASSERT_TRUE(stop.has_value()) << stop.error().message();
    EXPECT_FALSE((*stop)->holds(tid));
    EXPECT_FALSE((*stop)->registers(tid).has_value());
  }
  EXPECT_TRUE(parent.target->release_late());
  const auto again = parent.target->stop_briefly(tid, std::chrono::milliseconds(2));
  ASSERT_TRUE(again.has_value());
  EXPECT_FALSE((*again)->holds(tid)) << "it is awaited already";
  parent.leave();
  EXPECT_TRUE(eventually([&] { return !parent.target->release_late(); }));
  EXPECT_EQ(parent.hear(), "after");
}

TEST(Tracer, AStopForAMomentOfWhoIsNotThere) {
  Counting child;
  const auto stop = child.target().stop_briefly(Tid{0x3fffff}, std::chrono::milliseconds(2));
  ASSERT_TRUE(stop.has_value());
  EXPECT_FALSE((*stop)->holds(Tid{0x3fffff}));
  EXPECT_EQ((*stop)->release(), Nanos{0});
}

TEST(Tracer, AStopForAMomentThatAnotherTracerForbids) {
  Counting child;
  ASSERT_EQ(::ptrace(PTRACE_SEIZE, to_int(child.pid()), nullptr, nullptr), 0);
  const auto stop = child.target().stop_briefly(child.tids().front(), std::chrono::milliseconds(2));
  ASSERT_FALSE(stop.has_value());
  EXPECT_EQ(stop.error().code(), ErrorCode::kDenied);
}

}  // namespace
}  // namespace gilspy::platform
