#include "child_status.h"

#include <sys/wait.h>

#include <cerrno>

namespace gilspy::platform {
namespace {

pid_t expected = 0;
std::optional<ExitStatus> known;

std::optional<ExitStatus> end_told_by(int status) {
  if (WIFEXITED(status)) return ExitStatus{WEXITSTATUS(status), 0};
  if (WIFSIGNALED(status)) return ExitStatus{0, WTERMSIG(status)};
  return std::nullopt;
}

}  // namespace

void expect_exit(pid_t pid) {
  expected = pid;
  known.reset();
}

void note_exit(pid_t pid, int status) {
  const auto end = end_told_by(status);
  if (end.has_value() && pid == expected) known = end;
}

// Asked without taking anything (WNOWAIT): a tracer's wait may be told of a stop here, which is for the tracer.
bool child_has_ended(Patience patience) {
  const int how = patience == Patience::kNone ? WNOHANG : 0;
  for (;;) {
    if (known.has_value()) return true;
    siginfo_t told{};
    if (::waitid(P_PID, static_cast<id_t>(expected), &told, WEXITED | WNOWAIT | how) != 0) {
      if (errno == EINTR) continue;
      return true;  // ECHILD: somebody else has taken the status, there is nothing left to wait for
    }
    if (told.si_code == CLD_EXITED || told.si_code == CLD_KILLED || told.si_code == CLD_DUMPED) return true;
    if (patience == Patience::kNone) return false;
  }
}

ExitStatus exit_of_child() {
  int status = 0;
  while (!known.has_value()) {
    const pid_t pid = ::waitpid(expected, &status, 0);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) known = ExitStatus{};
    if (pid > 0) note_exit(pid, status);
  }
  return *known;
}

}  // namespace gilspy::platform
