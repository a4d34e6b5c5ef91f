// Signals that reach gilspy are meant for the command that it launched.
#pragma once

#include <signal.h>

#include <array>

namespace gilspy::platform {

// SIGTSTP is not among them: a terminal stops the whole foreground group and the shell lets all of it go on again.
inline constexpr std::array kRelayedSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

// One at a time. Signals wait from its construction until it is told where to pass them on, so that none of them ends
// gilspy just before it knows its child.
class SignalRelay {
 public:
  SignalRelay();
  ~SignalRelay();
  SignalRelay(const SignalRelay&) = delete;
  SignalRelay& operator=(const SignalRelay&) = delete;

  void pass_on_to(pid_t child);
  // Before the child is reaped: from then on its number may mean somebody else.
  void stop_passing_on();
  // In the child, between fork and exec: makes signals what they were before.
  void undo_in_child() const;

 private:
  void undo() const;

  std::array<struct sigaction, kRelayedSignals.size()> previous_{};
  struct sigaction previous_child_ {};  // SIGCHLD
  struct sigaction previous_pipe_ {};
  sigset_t previous_mask_{};
};

}  // namespace gilspy::platform
