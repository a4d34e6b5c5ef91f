#include "signal_relay.h"

#include <atomic>
#include <cerrno>

namespace gilspy::platform {
namespace {

std::atomic<pid_t> receiver{0};
static_assert(std::atomic<pid_t>::is_always_lock_free, "a signal handler must not wait");

void pass_on(int number, siginfo_t* info, void*) {
  const pid_t child = receiver.load();
  // What a terminal sends (Ctrl-C) went to its foreground group, the command included, and what the command sends to
  // its own group has reached it: a second SIGINT makes many programs give up their cleaning up.
  if (child <= 0 || info->si_code == SI_KERNEL || info->si_pid == child) return;
  const int saved = errno;
  ::kill(child, number);
  errno = saved;
}

void set(int number, void (*handler)(int), struct sigaction& previous) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(number, &action, &previous);
}

}  // namespace

SignalRelay::SignalRelay() {
  sigset_t relayed;
  ::sigemptyset(&relayed);
  for (const int number : kRelayedSignals) ::sigaddset(&relayed, number);
  ::pthread_sigmask(SIG_BLOCK, &relayed, &previous_mask_);
  for (std::size_t i = 0; i < kRelayedSignals.size(); ++i) {
    ::sigaction(kRelayedSignals[i], nullptr, &previous_[i]);
    if (previous_[i].sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_sigaction = pass_on;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigfillset(&action.sa_mask);
    ::sigaction(kRelayedSignals[i], &action, nullptr);
  }
  set(SIGCHLD, SIG_DFL, previous_child_);  // ignored, the kernel would throw the exit status away
  set(SIGPIPE, SIG_IGN, previous_pipe_);   // a summary that nobody reads must not cost the command's exit status
}

void SignalRelay::pass_on_to(pid_t child) {
  receiver.store(child);
  ::pthread_sigmask(SIG_SETMASK, &previous_mask_, nullptr);
}

void SignalRelay::stop_passing_on() { receiver.store(0); }

void SignalRelay::undo() const {
  for (std::size_t i = 0; i < kRelayedSignals.size(); ++i) ::sigaction(kRelayedSignals[i], &previous_[i], nullptr);
  ::sigaction(SIGCHLD, &previous_child_, nullptr);
  ::sigaction(SIGPIPE, &previous_pipe_, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &previous_mask_, nullptr);
}

void SignalRelay::undo_in_child() const { undo(); }

SignalRelay::~SignalRelay() {
  stop_passing_on();
  undo();
}

}  // namespace gilspy::platform
