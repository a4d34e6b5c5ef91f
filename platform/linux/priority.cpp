#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "gilspy/platform.h"

namespace gilspy::platform {
namespace {

constexpr int kWantedNice = -10;

// What the thread was before, so that it can be that again.
struct Before {
  bool raised = false;
  int nice = 0;
  int policy = SCHED_OTHER;
  sched_param parameters{};
  int timer_slack = 0;
};
thread_local Before before;

bool become_realtime() {
  sched_param parameters{};
  parameters.sched_priority = 1;
  return ::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) == 0;
}

// RLIMIT_NICE may permit a part of the way. As with the other, threads that are started later are not raised.
bool become_nice(int from) {
  ::sched_setscheduler(0, before.policy | SCHED_RESET_ON_FORK, &before.parameters);
  for (int nice = kWantedNice; nice < from; ++nice) {
    if (::setpriority(PRIO_PROCESS, 0, nice) == 0) return true;
  }
  return false;
}

}  // namespace

Priority raise_priority() {
  if (!before.raised) {
    before.raised = true;
    before.nice = ::getpriority(PRIO_PROCESS, 0);  // 0 means this thread, on Linux
    before.policy = ::sched_getscheduler(0);
    ::sched_getparam(0, &before.parameters);
    before.timer_slack = ::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
  }
  ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);  // a sleep ends up to 50 us late otherwise
  if (become_realtime()) return Priority::kRealtime;
  return become_nice(before.nice) ? Priority::kNice : Priority::kNormal;
}

void restore_priority() {
  if (!before.raised) return;
  // Without privileges the flag can be set but not be taken away again.
  if (::sched_setscheduler(0, before.policy, &before.parameters) != 0) {
    ::sched_setscheduler(0, before.policy | SCHED_RESET_ON_FORK, &before.parameters);
  }
  ::setpriority(PRIO_PROCESS, 0, before.nice);
  ::prctl(PR_SET_TIMERSLACK, before.timer_slack > 0 ? before.timer_slack : 0, 0, 0, 0);
  before = Before{};
}

}  // namespace gilspy::platform
