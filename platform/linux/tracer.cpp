#include "tracer.h"

#include <elf.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <utility>

#include "child_status.h"
#include "gilspy/platform.h"
#include "proc_files.h"
#include "proc_text.h"

namespace gilspy::platform {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""us;
using std::chrono_literals::operator""s;

// A thread that runs on another CPU stops within a few microseconds: the wait spins first. One that ran on ours has
// none as long as we have it, so the wait sleeps soon, at first no longer than it takes to stop. One that is just
// entering an uninterruptible state (a page from a disk, a vfork) stops when it leaves it, and one that queues for a
// CPU when it gets that: then the naps grow.
constexpr Nanos kSpin = 8us;
constexpr Nanos kFirstNap = 1us;
constexpr Nanos kNap = 20us;
constexpr Nanos kPatience = 1s;
constexpr Nanos kFuneral = 100ms;

void nap(Nanos length = kNap) {
  const timespec time{0, length.count()};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
}

// Ctrl-Z: while one lives it has to wait, or the target would stand still as long as we do. (SIGSTOP cannot be helped.)
class NoJobControl {
 public:
  NoJobControl() {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGTSTP, SIGTTIN, SIGTTOU}) ::sigaddset(&signals, signal);
    ::pthread_sigmask(SIG_BLOCK, &signals, &before_);
  }
  ~NoJobControl() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoJobControl(const NoJobControl&) = delete;
  NoJobControl& operator=(const NoJobControl&) = delete;

 private:
  sigset_t before_{};
};

// Of whom this thread is the tracer, if it is one.
bool is_our_tracee(Pid pid) {
  const std::string status = read_file(proc_path(pid, "status")).value_or("");
  return parse_decimal(status_value(status, "TracerPid")) == ::gettid();
}

Result<Registers> registers_of(Tid tid) {
  user_regs_struct all{};
  iovec into{&all, sizeof all};
  // NT_PRSTATUS: the general registers, as core files have them.
  void* const which = std::bit_cast<void*>(std::uintptr_t{NT_PRSTATUS});
  if (::ptrace(PTRACE_GETREGSET, to_int(tid), which, &into) != 0) {
    return tl::unexpected(error_of(errno, "reading a thread's registers"));
  }
  return general_registers(std::as_bytes(std::span(&all, 1)));
}

}  // namespace

class LinuxThreadStop final : public ThreadStop {
 public:
  LinuxThreadStop(Tracer& tracer, std::unique_ptr<NoJobControl> guard, std::vector<Tracer::Tracee> stopped, Nanos since)
      : guard_(std::move(guard)), tracer_(tracer), stopped_(std::move(stopped)), since_(since) {}
  ~LinuxThreadStop() override { release(); }
  LinuxThreadStop(const LinuxThreadStop&) = delete;
  LinuxThreadStop& operator=(const LinuxThreadStop&) = delete;

  bool holds(Tid tid) const override {
    return std::ranges::any_of(stopped_, [tid](const Tracer::Tracee& tracee) { return tracee.tid == tid; });
  }

  Result<Registers> registers(Tid tid) const override {
    if (!holds(tid)) return fail(ErrorCode::kGone, "the thread does not stand still");
    return registers_of(tid);
  }

  Nanos release() override {
    if (stopped_.empty()) return Nanos{0};
    tracer_.let_go(std::exchange(stopped_, {}));
    const Nanos pause = now() - since_;
    guard_.reset();
    return pause;
  }

 private:
  std::unique_ptr<NoJobControl> guard_;
  Tracer& tracer_;
  std::vector<Tracer::Tracee> stopped_;
  Nanos since_;
};

// Reading memory takes the same rights as ptrace, and we do that. What remains is another tracer, and a filter of
// system calls: that is asked about a process that does not exist.
Result<void> Tracer::may_stop() const {
  const std::string status = read_file(proc_path(pid_, "status")).value_or("");
  if (auto taken = taken_by_another(status)) return tl::unexpected(std::move(*taken));
  if (::ptrace(PTRACE_SEIZE, 0, nullptr, nullptr) != 0 && errno != ESRCH) return tl::unexpected(forbidden());
  return {};
}

Result<std::unique_ptr<ThreadStop>> Tracer::stop(std::span<const Tid> tids) { return stop_within(tids, kPatience); }

Result<std::unique_ptr<ThreadStop>> Tracer::stop_briefly(Tid tid, Nanos patience) {
  return stop_within({&tid, 1}, patience);
}

Result<std::unique_ptr<ThreadStop>> Tracer::stop_within(std::span<const Tid> tids, Nanos patience) {
  release_late();
  auto guard = std::make_unique<NoJobControl>();
  std::vector<Tracee> seized;
  std::optional<Error> refused;
  Nanos since{0};
  for (const Tid tid : tids) {
    if (std::ranges::count(late_, tid, &Tracee::tid) > 0) continue;
    if (::ptrace(PTRACE_SEIZE, to_int(tid), nullptr, nullptr) != 0) {
      if (errno != ESRCH) refused = refusal(tid);
      continue;
    }
    if (seized.empty()) since = now();
    ::ptrace(PTRACE_INTERRUPT, to_int(tid), nullptr, nullptr);
    seized.push_back({tid});
  }
  std::vector<Tracee> arrived = arrivals(seized, since + patience, since);
  auto stopped = std::make_unique<LinuxThreadStop>(*this, std::move(guard), std::move(arrived), since);
  if (refused) return tl::unexpected(std::move(*refused));  // those that did stop go on
  return stopped;
}

// Who is late would stop one day, and nobody would be there to let it go.
Tracer::~Tracer() {
  for (const Nanos deadline = now() + kPatience; !late_.empty() && now() < deadline; nap()) release_late();
}

std::vector<Tracer::Tracee> Tracer::arrivals(std::span<Tracee> seized, Nanos deadline, Nanos& since) {
  std::vector<Tracee> stopped;
  for (Tracee& tracee : seized) {
    // Several may have to share a CPU to get there: ours, too. A thread that is alone, and has none, stands still only
    // when it gets one: what it waits until then is not our doing.
    Nanos arrived{0};
    const Arrival arrival = await(tracee, seized.size() == 1 ? kSpin : Nanos{0}, deadline, arrived);
    if (seized.size() == 1) since = std::max(since, arrived);
    if (arrival == Arrival::kStopped) stopped.push_back(tracee);
    if (arrival == Arrival::kNotYet) late_.push_back(tracee);
  }
  return stopped;
}

// `since`: the last look at which it had not come yet, once it was waited for longer than `spin`.
Tracer::Arrival Tracer::await(Tracee& tracee, Nanos spin, Nanos deadline, Nanos& since) const {
  const Nanos spin_until = now() + spin;
  Nanos length = kFirstNap;
  for (;;) {
    const Arrival arrival = look(tracee);
    if (arrival != Arrival::kNotYet) return arrival;
    const Nanos time = now();
    if (time >= deadline) return arrival;
    if (time < spin_until) continue;
    since = time;
    nap(length);
    length = std::min(2 * length, kNap);
  }
}

Tracer::Arrival Tracer::look(Tracee& tracee) const {
  int status = 0;
  const pid_t changed = ::waitpid(to_int(tracee.tid), &status, __WALL | WNOHANG);
  if (changed == 0) return Arrival::kNotYet;
  if (changed < 0) {
    // It ended, or took the number of the process in an exec, our interruption with it.
    if (to_int(tracee.tid) == to_int(pid_) || !is_our_tracee(pid_)) return Arrival::kGone;
    tracee.tid = Tid{to_int(pid_)};
    return Arrival::kNotYet;
  }
  if (!WIFSTOPPED(status)) {
    note_exit(changed, status);
    return Arrival::kGone;
  }
  const bool by_us = status >> 16 == PTRACE_EVENT_STOP;
  tracee.signal = by_us ? 0 : WSTOPSIG(status);
  return Arrival::kStopped;
}

void Tracer::let_go(std::span<const Tracee> tracees) {
  const auto has_gone_on = [](const Tracee& tracee) {
    void* const signal = std::bit_cast<void*>(std::intptr_t{tracee.signal});
    return ::ptrace(PTRACE_DETACH, to_int(tracee.tid), nullptr, signal) == 0;
  };
  bool killed = false;
  for (const Tracee& tracee : tracees) {
    if (has_gone_on(tracee)) continue;
    late_.push_back(tracee);
    killed = true;
  }
  // Until its tracer has taken note of the end of each thread, a process cannot end; the first thread is the last.
  for (const Nanos deadline = now() + kFuneral; killed && !late_.empty() && now() < deadline; nap()) release_late();
}

bool Tracer::release_late() {
  for (Tracee& tracee : std::exchange(late_, {})) {
    const Arrival arrival = look(tracee);
    if (arrival == Arrival::kStopped) let_go({&tracee, 1});
    if (arrival == Arrival::kNotYet) late_.push_back(tracee);
  }
  return !late_.empty();
}

// Nothing: the thread is ending, which the kernel refuses in the same words.
std::optional<Error> Tracer::refusal(Tid tid) const {
  const std::string status = read_file(proc_path(static_cast<Pid>(to_int(tid)), "status")).value_or("");
  if (auto taken = taken_by_another(status)) return taken;
  const std::string_view state = status_value(status, "State");
  if (state.empty() || state.starts_with('Z') || state.starts_with('X')) return std::nullopt;
  return forbidden();
}

std::optional<Error> Tracer::taken_by_another(std::string_view status) const {
  const std::int64_t tracer = parse_decimal(status_value(status, "TracerPid")).value_or(0);
  if (tracer == 0) return std::nullopt;
  std::string name = read_file(proc_path(static_cast<Pid>(tracer), "comm")).value_or("");
  if (name.ends_with('\n')) name.pop_back();
  return Error(ErrorCode::kDenied,
               fmt::format("process {} cannot be stopped for reading: process {} ({}) traces it already. Detach "
                           "that, or leave --blocking, --exact and --native away: gilspy reads without stopping then",
                           to_int(pid_), tracer, name));
}

Error Tracer::forbidden() const {
  return {ErrorCode::kDenied,
          fmt::format("process {} cannot be stopped for reading: the kernel forbids ptrace here. Leave --blocking, "
                      "--exact and --native away: gilspy reads without stopping then",
                      to_int(pid_))};
}

}  // namespace gilspy::platform
