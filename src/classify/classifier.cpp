// Who waits, decided without stopping anybody.
//
//   blocked in a futex of the GIL                 -> waits for the GIL
//   blocked elsewhere                             -> blocked; with the GIL in hand: holds it off CPU
//   running, holds the GIL                        -> holds the GIL
//   running, does not hold it                     -> either computes without it, or was woken and has no CPU yet
//
// The last case is the hard one: /proc says "running" for both. The condition variables' own count of waiters includes
// those that were woken and have not left yet, so as many running threads as the count exceeds the threads seen in them
// are waiting: those that were seen there, or held the GIL, last. One kind is not counted: a thread that was made to
// let go and lost its CPU before it reached a condition variable. It had the GIL and a CPU for a switch interval; a
// thread that lets go of its own accord, to compute natively, had it for less, or in a long native call for much more.
// So for one interval more it counts as waiting.
//
// Where a free-threaded build runs without a GIL, a thread's own attach state decides; of a detached one, /proc.
#include <algorithm>

#include "gilspy/activity.h"

namespace gilspy {
namespace {

constexpr std::uint64_t kTicksToWake = 10;  // a woken thread gets a CPU before that, on all but a starved machine
constexpr int kIntervalsInPython = 2;       // Python code does not keep the GIL for so many intervals while others wait

}  // namespace

Classifier::Thread* Classifier::find(ThreadIndex thread) {
  const auto found = threads_.find(to_int(thread));
  return found == threads_.end() ? nullptr : &found->second;
}

const std::vector<ActivityChange>& Classifier::classify(const Sample& sample) {
  changes_.clear();
  if (sample.failed) return changes_;
  ++tick_;
  holders_.resize(sample.gils.size());
  in_cond_.resize(sample.gils.size());
  take_facts(sample);
  for (std::size_t i = 0; i < sample.gils.size(); ++i) {
    if (!sample.gils[i].enabled) continue;
    decide_holder(sample, sample.gils[i]);
    decide_running(sample, static_cast<GilIndex>(i));
    const GilFacts& gil = sample.gils[i];
    const std::optional<ThreadIndex> holder = gil.locked ? gil.last_holder : std::nullopt;
    if (holders_[i].has_value() && holders_[i] != holder) {
      // It let go. If nothing was read that says what it does instead, that is not known.
      const Thread* const before = find(*holders_[i]);
      if (before != nullptr && holds(before->activity)) set(*holders_[i], Activity::kUnknown);
    }
    holders_[i] = holder;
  }
  previous_ = sample.time;
  return changes_;
}

void Classifier::set(ThreadIndex thread, Activity activity) {
  Thread* const known = find(thread);
  if (known == nullptr || known->activity == activity) return;
  known->activity = activity;
  changes_.push_back({thread, activity});
}

void Classifier::take_facts(const Sample& sample) {
  for (const LockInfo& lock : sample.locks) locks_.push_back(lock.kind);
  for (const ThreadInfo& info : sample.started) {
    if (!info.python) continue;
    if (const Thread* const earlier = find(info.index); earlier != nullptr) {  // a thread that visits again
      if (earlier->place == WaitPlace::kGilCond) --in_cond_[to_int(earlier->gil)];
      std::erase(running_, info.index);
    }
    Thread thread;
    thread.gil = info.gil;
    threads_[to_int(info.index)] = thread;
    changes_.push_back({info.index, Activity::kUnknown});
  }
  for (const ThreadFacts& facts : sample.threads) {
    Thread* const thread = find(facts.thread);
    if (thread == nullptr) continue;
    std::uint32_t& in_cond = in_cond_[to_int(thread->gil)];
    if (facts.dormant.has_value()) thread->dormant = *facts.dormant;
    if (facts.ended || facts.os_read || thread->dormant) {
      if (thread->place == WaitPlace::kGilCond) --in_cond;
      std::erase(running_, facts.thread);
    }
    if (facts.ended) {
      threads_.erase(to_int(facts.thread));
      continue;
    }
    if (thread->dormant) {
      thread->place = WaitPlace::kNone;
      set(facts.thread, Activity::kBlocked);
      continue;
    }
    thread->preempted += facts.run_queue_delay;
    if (facts.attach_state != AttachState::kNotRead) {
      thread->attach_state = facts.attach_state;
      if (!facts.os_read) thread->os = SyscallFacts::State::kRunning;  // what was read before is out of date
    }
    const GilFacts& gil = sample.gils[to_int(thread->gil)];
    if (!facts.os_read) {
      if (!gil.enabled) set(facts.thread, in_free_threading(*thread));
      continue;
    }
    thread->os = facts.os;
    thread->place = facts.place;
    thread->blocked_in = facts.blocked_in;
    thread->lock.reset();
    if (facts.lock.has_value() && to_int(facts.lock->lock) < locks_.size()) {
      thread->lock = locks_[to_int(facts.lock->lock)];
    }
    if (facts.os != SyscallFacts::State::kRunning) thread->leaving_until = Nanos{0};
    if (facts.place == WaitPlace::kGilCond) {
      ++in_cond;
      thread->cond_tick = tick_;
    }
    if (facts.os == SyscallFacts::State::kRunning) running_.push_back(facts.thread);
    if (!gil.enabled) set(facts.thread, in_free_threading(*thread));
    if (!gil.enabled || (gil.locked && gil.last_holder == facts.thread)) continue;
    if (const auto activity = without_gil(*thread)) set(facts.thread, *activity);
  }
}

// What a thread does that does not hold the GIL, unless it runs: then the others decide.
std::optional<Activity> Classifier::without_gil(const Thread& thread) {
  switch (thread.os) {
    case SyscallFacts::State::kInSyscall:
      return thread.place == WaitPlace::kNone ? blocked(thread) : Activity::kWaitsForGil;
    case SyscallFacts::State::kElsewhere: return Activity::kBlocked;
    case SyscallFacts::State::kUnreadable: return Activity::kUnknown;
    case SyscallFacts::State::kRunning: break;
  }
  return std::nullopt;
}

Activity Classifier::blocked(const Thread& thread) {
  if (!thread.lock.has_value() || !is_contention(*thread.lock)) return Activity::kBlocked;
  return thread.lock == LockKind::kStopTheWorld ? Activity::kStopTheWorld : Activity::kWaitsForLock;
}

Activity Classifier::in_free_threading(const Thread& thread) {
  if (thread.attach_state == AttachState::kNotRead) return Activity::kUnknown;
  if (thread.attach_state == AttachState::kSuspended) {
    // The futex of a thread that stands still is its own, unless it was found to be something else's.
    const bool is_parked = thread.blocked_in == BlockedIn::kFutex || thread.blocked_in == BlockedIn::kNothing;
    const bool runs = thread.os == SyscallFacts::State::kRunning;
    return runs || (is_parked && !thread.lock.has_value()) ? Activity::kStopTheWorld : blocked(thread);
  }
  switch (thread.os) {
    case SyscallFacts::State::kInSyscall:
    case SyscallFacts::State::kElsewhere: return blocked(thread);
    case SyscallFacts::State::kUnreadable:
      if (thread.attach_state != AttachState::kAttached) return Activity::kUnknown;
      break;
    case SyscallFacts::State::kRunning: break;
  }
  return Activity::kRunsWithoutGil;
}

void Classifier::decide_holder(const Sample& sample, const GilFacts& gil) {
  Thread* const holder = gil.locked && gil.last_holder.has_value() ? find(*gil.last_holder) : nullptr;
  if (holder == nullptr) return;
  if (gil.handoffs > 0 || holder->held_tick + 1 != tick_) {
    holder->held_since = sample.time;
    holder->held_preempted = Nanos{0};
  }
  holder->held_tick = tick_;
  holder->leaving_until = Nanos{0};
  // It was blocked while it held the GIL only if it still held it when we looked; in a futex of the GIL itself it is
  // on its way out.
  const bool blocked = holder->os == SyscallFacts::State::kInSyscall || holder->os == SyscallFacts::State::kElsewhere;
  bool off_cpu = blocked && gil.steady && holder->place == WaitPlace::kNone;
  const Nanos weight = weight_of(sample.time - previous_, sample.period).known;
  if (!off_cpu && holder->preempted >= weight && weight.count() > 0) {
    holder->preempted -= weight;
    holder->held_preempted += weight;
    off_cpu = true;
  }
  set(*gil.last_holder, off_cpu ? Activity::kHoldsGilOffCpu : Activity::kHoldsGil);
}

void Classifier::decide_running(const Sample& sample, GilIndex index) {
  const GilFacts& gil = sample.gils[to_int(index)];
  std::vector<ThreadIndex> candidates;
  for (const ThreadIndex thread : running_) {
    if (threads_.at(to_int(thread)).gil != index) continue;
    if (gil.locked && gil.last_holder == thread) continue;
    candidates.push_back(thread);
  }
  std::ranges::stable_sort(candidates, [this](ThreadIndex a, ThreadIndex b) {
    return threads_.at(to_int(a)).gil_tick() > threads_.at(to_int(b)).gil_tick();
  });
  std::uint32_t woken = 0;
  if (gil.cond_waiters.has_value()) {
    const std::uint32_t seen = in_cond_[to_int(index)];
    woken = *gil.cond_waiters > seen ? *gil.cond_waiters - seen : 0;
  }
  const bool contended = gil.handoffs > 0 || in_cond_[to_int(index)] > 0 || gil.cond_waiters.value_or(0) > 0;
  for (const ThreadIndex candidate : candidates) {
    Thread& thread = threads_.at(to_int(candidate));
    if (thread.held_tick != 0 && thread.held_tick + 1 == tick_) {
      const Nanos held = previous_ - thread.held_since;
      const bool on_demand = held + 2 * sample.period >= gil.switch_interval &&
                             held - thread.held_preempted < kIntervalsInPython * gil.switch_interval;
      thread.leaving_until = contended && on_demand ? sample.time + gil.switch_interval : Nanos{0};
    }
    bool waits = sample.time < thread.leaving_until;
    if (!gil.cond_waiters.has_value()) {
      // No count. A thread that was in the condition variable a moment ago has not got the GIL yet.
      waits = waits || (thread.cond_tick > thread.held_tick && tick_ - thread.cond_tick <= kTicksToWake);
    } else if (woken > 0) {
      waits = true;
      --woken;
    }
    set(candidate, waits ? Activity::kWaitsForGil : Activity::kRunsWithoutGil);
  }
}

}  // namespace gilspy
