#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "gilspy/platform.h"

namespace gilspy::platform {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};

std::atomic<bool> requested{false};
std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler must not wait");
std::array<struct sigaction, kSignals.size()> previous;

void on_signal(int number) {
  if (number == SIGINT && interrupted.exchange(true)) ::_exit(128 + SIGINT);
  requested.store(true);
}

}  // namespace

StopFlag::StopFlag() {
  requested.store(false);
  interrupted.store(false);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &previous[i]);
    // nohup. SIGINT is different: a shell script ignores it for what it starts with '&', and then sends it to stop us.
    if (kSignals[i] == SIGHUP && previous[i].sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = on_signal;  // without SA_RESTART: a sleep is to end
    ::sigemptyset(&action.sa_mask);
    ::sigaction(kSignals[i], &action, nullptr);
  }
}

StopFlag::~StopFlag() {
  if (!listens_) return;
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &previous[i], nullptr);
}

bool StopFlag::stop_requested() const { return listens_ && requested.load(std::memory_order_relaxed); }

}  // namespace gilspy::platform
