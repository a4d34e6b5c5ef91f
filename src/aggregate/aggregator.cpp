#include <algorithm>
#include <utility>

#include "contention.h"
#include "deadlock_watch.h"
#include "gilspy/aggregate.h"
#include "loop_watch.h"
#include "timeline_builder.h"

namespace gilspy {
namespace {

// A tenure this many switch intervals long, while somebody waits, is not bytecode: the interpreter would have let go.
constexpr int kHogIntervals = 4;

constexpr double kMostTaskTime = 1e18;  // ns of a stack: recordings can claim anything

std::pair<std::uint64_t, std::uint64_t> stack_key(ThreadIndex thread, StackId stack, Activity activity) {
  return {(std::uint64_t{to_int(thread)} << 32) | to_int(stack), index_of(activity)};
}

}  // namespace

Aggregator::Aggregator() = default;
Aggregator::~Aggregator() = default;

Aggregator::Thread* Aggregator::find(ThreadIndex thread) {
  return to_int(thread) < threads_.size() ? &threads_[to_int(thread)] : nullptr;
}

void Aggregator::add(const Sample& sample, const std::vector<ActivityChange>& changes) {
  if (sample.pause > Nanos{0}) pauses_.add(sample.pause);
  if (sample.stop_denied) ++quality_.pauses.denied;
  if (sample.failed) {
    ++quality_.errors;
    return;
  }
  if (!first_.has_value()) begin(sample.time);
  Weight weight = weight_of(sample.time - last_, sample.period);
  if (sample.stopped) {
    weight = {Nanos{0}, weight.known + weight.unknown};
    quality_.stopped += weight.unknown;
  } else {
    quality_.gaps += weight.unknown;
  }
  if (weight.unknown > Nanos{0}) timeline_->add_gap(last_, last_ + weight.unknown);
  loops_->begin_sample({last_, last_ + weight.unknown});
  contention_->add(sample, last_);
  seen_from_ = last_ + weight.unknown;
  last_ = sample.time;
  gils_.resize(std::max(gils_.size(), sample.gils.size()));
  // A thread's first sample weighs like any other, and the one that misses it does not: threads that live for a tick or
  // two are seen as long as they are on average.
  start_threads(sample);
  take_locks(sample);
  take_loops(sample);
  take_changes(sample, changes);
  until_ = sample.time;
  known_ += weight.known;
  unknown_ += weight.unknown;
  take_tasks(sample);
  loops_->account(weight.known, [&](ThreadIndex thread) {
    const Thread* const one = find(thread);
    const std::size_t gil = one != nullptr ? to_int(one->info.gil) : sample.gils.size();
    if (gil >= sample.gils.size()) return false;
    const GilFacts& facts = sample.gils[gil];
    return facts.enabled && facts.locked && facts.last_holder.has_value() && *facts.last_holder != thread;
  });
  for (std::size_t i = 0; i < sample.gils.size(); ++i) account_gil(i, sample, weight.known);
  for (const LockIndex lock : waited_for_) account_lock(locks_[to_int(lock)], weight.known);
  if (!waited_for_.empty() && deadlocks_->is_due(sample.time)) look_for_deadlocks();
  ++quality_.ticks;
  quality_.retried += sample.stack_retries;
  quality_.discarded += sample.holder_stack_lost ? 1 : 0;
  if (std::ranges::any_of(sample.gils, [](const GilFacts& gil) { return gil.handoffs >= 2; })) ++quality_.blurred;
}

void Aggregator::begin(Nanos time) {
  first_ = last_ = until_ = time;
  timeline_ = std::make_unique<TimelineBuilder>(time);
  contention_ = std::make_unique<Contention>(*timeline_);
  deadlocks_ = std::make_unique<DeadlockWatch>();
  loops_ = std::make_unique<LoopWatch>();
}

void Aggregator::start_threads(const Sample& sample) {
  for (const ThreadInfo& info : sample.started) {
    if (Thread* const earlier = find(info.index)) settle(*earlier);  // it comes back to an interpreter
    if (to_int(info.index) >= threads_.size()) threads_.resize(to_int(info.index) + 1);
    Thread& thread = threads_[to_int(info.index)];
    thread.info = info;
    thread.alive = true;
    thread.dormant = false;
    thread.known_since = known_;
    thread.unknown_since = unknown_;
    thread.settled = thread.context_since = until_;
    thread.loop = {};
  }
}

void Aggregator::take_locks(const Sample& sample) {
  for (const LockInfo& info : sample.locks) locks_.emplace_back().info = info;
  for (const LockOwner& change : sample.owners) {
    if (to_int(change.lock) >= locks_.size()) continue;
    Lock& lock = locks_[to_int(change.lock)];
    lock.owner = change.owner;
    lock.inferred = change.inferred;
  }
}

void Aggregator::take_loops(const Sample& sample) {
  for (const ThreadFacts& facts : sample.threads) {
    const Thread* const thread = find(facts.thread);
    if (thread == nullptr || (!facts.loop.has_value() && !facts.ended)) continue;
    loops_->look(facts.thread, facts.ended ? LoopFacts{} : *facts.loop, thread->doing.activity, seen_from_, last_);
  }
}

// Each time some of them stand for all, since the time before; where that is long ago there were none.
void Aggregator::take_tasks(const Sample& sample) {
  constexpr Nanos kLongAgo = std::chrono::milliseconds(50);
  if (sample.tasks.empty()) return;
  const Nanos time = std::min(known_ - std::exchange(tasks_known_, known_), kLongAgo);
  for (const WaitingTask& task : sample.tasks) {
    tasks_[{task.thread, task.stack}] += double(time.count()) * task.stands_for / double(sample.tasks.size());
  }
}

void Aggregator::take_changes(const Sample& sample, const std::vector<ActivityChange>& changes) {
  for (const ActivityChange& change : changes) {
    Thread* const thread = find(change.thread);
    if (thread == nullptr) continue;
    Doing doing = thread->doing;
    doing.activity = change.activity;
    loops_->change(change.thread, change.activity, seen_from_, last_);
    move(*thread, doing);
  }
  for (const ThreadFacts& facts : sample.threads) {
    Thread* const thread = find(facts.thread);
    if (thread == nullptr || !thread->alive) continue;
    if (facts.ended) {
      move(*thread, {});
      end_context(*thread);
      thread->alive = false;
      continue;
    }
    if (facts.dormant.has_value() && *facts.dormant != thread->dormant) {
      settle(*thread);
      thread->dormant = *facts.dormant;
    }
    if (facts.on_cpu.has_value()) {
      if (!thread->first_on_cpu.has_value()) thread->first_on_cpu = facts.on_cpu;
      thread->on_cpu = *facts.on_cpu - *thread->first_on_cpu;
    }
    holders_queued_ += facts.run_queue_delay;
    Doing doing = thread->doing;
    if (facts.os_read) {
      doing.blocked_in = facts.blocked_in;
      doing.lock.reset();
    }
    if (facts.lock.has_value() && to_int(facts.lock->lock) < locks_.size()) {
      doing.lock = facts.lock->lock;
      thread->gives_up = facts.lock->timed;
    }
    count_native(facts.native);
    if (facts.quality != StackQuality::kUnchanged) {
      if (facts.quality == StackQuality::kTruncated) ++quality_.truncated;
      const bool lost = facts.quality == StackQuality::kLost;
      if (!lost) take_context(*thread, facts);
      doing.stack = lost ? kNoStack : facts.stack;
    }
    move(*thread, doing);
  }
}

void Aggregator::count_native(NativeQuality quality) {
  switch (quality) {
    case NativeQuality::kNotAsked: break;
    case NativeQuality::kWhole: ++quality_.native.whole; break;
    case NativeQuality::kCut: ++quality_.native.cut; break;
    case NativeQuality::kLost: ++quality_.native.lost; break;
  }
}

// A callback may run others in contexts of their own: where the loop counts its callbacks, that says which one it is.
void Aggregator::take_context(Thread& thread, const ThreadFacts& facts) {
  const bool same =
      thread.loop.state == LoopFacts::State::kRuns ? !facts.loop.has_value() : facts.context_switches == 0U;
  thread.loop = facts.loop.value_or(thread.loop);
  if (!same) end_context(thread);
}

void Aggregator::end_context(Thread& thread) {
  timeline_->add_context(thread.info.index, std::exchange(thread.context_since, until_), until_);
}

// Books the time since the last booking under what the thread was doing with the stack it had.
void Aggregator::settle(Thread& thread) {
  if (!thread.alive || !thread.info.python) return;
  const Nanos known = known_ - thread.known_since;
  const Nanos unknown = unknown_ - thread.unknown_since;
  thread.known_since = known_;
  thread.unknown_since = unknown_;
  const Nanos from = std::exchange(thread.settled, until_);
  if (thread.dormant) return;
  const Doing& doing = thread.doing;
  timeline_->add(thread.info.index,
                 {from, until_, doing.stack, doing.activity,
                  doing.activity == Activity::kBlocked ? doing.blocked_in : BlockedIn::kNothing, doing.lock_number()});
  const auto book = [&](Activity activity, StackId stack, Nanos time) {
    if (time.count() == 0) return;
    thread.times[index_of(activity)] += time;
    stacks_[stack_key(thread.info.index, stack, activity)] += time;
  };
  book(doing.activity, doing.stack, known);
  if (doing.activity == Activity::kBlocked) thread.blocked[static_cast<std::size_t>(doing.blocked_in)] += known;
  book(Activity::kUnknown, kNoStack, unknown);
}

// What a thread was last found blocked in, unless it does something else by now.
std::optional<LockIndex> Aggregator::Doing::waits_for() const {
  switch (activity) {
    case Activity::kWaitsForLock:
    case Activity::kStopTheWorld:
    case Activity::kBlocked: return lock;
    default: return std::nullopt;
  }
}

std::uint16_t Aggregator::Doing::lock_number() const {
  const auto index = waits_for();
  return index.has_value() ? number_of(*index) : std::uint16_t{0};
}

void Aggregator::move(Thread& thread, const Doing& doing) {
  if (thread.doing == doing) return;
  settle(thread);
  count_waiter(thread, -1);
  count_lock_waiter(thread, -1);
  contention_->change(thread.info, thread.doing.activity, doing.activity);
  thread.doing = doing;
  count_waiter(thread, +1);
  count_lock_waiter(thread, +1);
}

void Aggregator::count_lock_waiter(const Thread& thread, int by) {
  const auto index = thread.doing.waits_for();
  if (!index.has_value()) return;
  Lock& lock = locks_[to_int(*index)];
  if (lock.waiter_count == 0) waited_for_.push_back(*index);
  const auto place = lock.waiters.try_emplace(thread.doing.stack, 0U).first;
  place->second += static_cast<std::uint32_t>(by);
  lock.waiter_count += static_cast<std::uint32_t>(by);
  if (place->second == 0) lock.waiters.erase(place);
  if (lock.waiter_count == 0) std::erase(waited_for_, *index);
}

// Its waiters' time goes to whoever has it at this moment.
void Aggregator::account_lock(Lock& lock, Nanos weight) {
  lock.waited += weight * lock.waiter_count;
  if (!is_contention(lock.info.kind) || weight.count() == 0) return;
  const Thread* const owner = lock.owner.has_value() ? find(*lock.owner) : nullptr;
  ThreadIndex thread = Blame::kNobody;
  StackId stack = kNoStack;
  if (owner != nullptr && owner->alive) {
    thread = *lock.owner;
    stack = owner->doing.stack;
    const Nanos time = weight * lock.waiter_count;
    lock.owner_did[index_of(owner->doing.activity)] += time;
    lock.owners[thread] += time;
    if (lock.inferred) lock.owned_by_inference += time;
    const auto next = owner->doing.waits_for();
    if (next.has_value() && owner->doing.activity == Activity::kWaitsForLock) lock.owners_wait_for[*next] += time;
  }
  for (const auto& [waiter_stack, count] : lock.waiters) lock.blame[{thread, stack, waiter_stack}] += weight * count;
}

void Aggregator::look_for_deadlocks() {
  std::map<ThreadIndex, DeadlockWatch::Wait> waits;
  for (const Thread& thread : threads_) {
    const auto index = thread.alive && !thread.dormant ? thread.doing.waits_for() : std::nullopt;
    if (!index.has_value()) continue;
    const Lock& lock = locks_[to_int(*index)];
    if (lock.owner.has_value() && has_owner(lock.info.kind))
      waits[thread.info.index] = {*index, *lock.owner, thread.doing.stack, thread.settled, thread.gives_up};
  }
  deadlocks_->look(last_, waits);
}

void Aggregator::count_waiter(const Thread& thread, int by) {
  if (thread.doing.activity != Activity::kWaitsForGil) return;
  Gil& gil = gils_[to_int(thread.info.gil)];
  const auto place = gil.waiters.try_emplace(thread.doing.stack, 0U).first;
  place->second += static_cast<std::uint32_t>(by);
  gil.waiter_count += static_cast<std::uint32_t>(by);
  if (place->second == 0) gil.waiters.erase(place);
}

void Aggregator::account_gil(std::size_t index, const Sample& sample, Nanos weight) {
  Gil& gil = gils_[index];
  const GilFacts& facts = sample.gils[index];
  gil.observed += weight;
  if (!facts.enabled) return;
  gil.enabled += weight;
  if (facts.locked) gil.held += weight;
  gil.waiting += weight * gil.waiter_count;
  gil.handoffs += facts.handoffs;
  gil.switch_interval = facts.switch_interval;
  blame(index, facts, weight);
  account_hog(index, sample, weight);
}

void Aggregator::account_hog(std::size_t index, const Sample& sample, Nanos weight) {
  Gil& gil = gils_[index];
  const std::optional<Tenure>& tenure = contention_->tenure(index);
  const bool goes_on = tenure.has_value() && tenure->from + tenure->within < sample.time;
  if (!goes_on) {
    gil.tenure_contended = Nanos{0};
    return;
  }
  if (gil.waiter_count > 0) gil.tenure_contended += weight;
  if (sample.time - tenure->from - tenure->within < kHogIntervals * sample.gils[index].switch_interval) return;
  gil.hogged += gil.tenure_contended;
  gil.tenure_contended = Nanos{0};
}

// Every waiter's time goes to whoever holds the GIL at this moment: the sum is the sum of waiting.
void Aggregator::blame(std::size_t index, const GilFacts& facts, Nanos weight) {
  const Gil& gil = gils_[index];
  if (gil.waiter_count == 0 || weight.count() == 0) return;
  ThreadIndex holder = Blame::kNobody;
  StackId stack = kNoStack;
  if (facts.locked && facts.last_holder.has_value()) {
    holder = *facts.last_holder;
    if (const Thread* const thread = find(holder)) stack = thread->doing.stack;
  }
  for (const auto& [waiter_stack, count] : gil.waiters) blame_[{holder, stack, waiter_stack}] += weight * count;
}

void Aggregator::finish(Profile& profile) {
  profile.duration = first_.has_value() ? last_ - *first_ : Nanos{0};
  finish_threads(profile);
  finish_gils(profile);
  profile.holders_queued = holders_queued_;
  if (timeline_ != nullptr) {
    contention_->finish(profile);
    profile.timeline = timeline_->finish();
    loops_->finish(last_, profile);
    finish_locks(profile);
  }
  for (const auto& [key, time] : stacks_) {
    StackTime row;
    row.thread = static_cast<ThreadIndex>(key.first >> 32);
    row.stack = static_cast<StackId>(key.first & 0xffffffffU);
    row.activity = kActivities[key.second];
    row.time = time;
    profile.stacks.push_back(row);
  }
  std::ranges::sort(profile.stacks, {},
                    [](const StackTime& row) { return std::tuple(row.thread, row.stack, row.activity); });
  for (const auto& [key, time] : tasks_) {
    profile.tasks.push_back({key.first, key.second, Nanos(static_cast<std::int64_t>(std::min(time, kMostTaskTime)))});
  }
  for (const auto& [key, time] : blame_) {
    profile.blame.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), time});
  }
  const Quality asked = profile.quality;
  profile.quality = quality_;
  profile.quality.ticks_asked = asked.ticks_asked;
  profile.quality.rate_hz = asked.rate_hz;
  profile.quality.late = asked.late;
  profile.quality.lateness = asked.lateness;
  profile.quality.glances = asked.glances;
  profile.quality.system_calls_told = asked.system_calls_told;
  profile.quality.pauses = pauses();
}

Pauses Aggregator::pauses() const {
  return {pauses_.count(),        quality_.pauses.denied, pauses_.quantile(0.5),
          pauses_.quantile(0.99), pauses_.longest(),      pauses_.total()};
}

void Aggregator::finish_threads(Profile& profile) {
  std::unordered_map<Tid, Nanos> in_python;  // what OS threads computed while they had a thread state
  for (Thread& thread : threads_) {
    settle(thread);
    if (thread.alive && thread.info.python) end_context(thread);
    ThreadProfile row;
    row.info = thread.info;
    row.times = thread.times;
    row.blocked = thread.blocked;
    row.cpu = thread.on_cpu;
    if (thread.info.python) {
      in_python[thread.info.tid] +=
          row.times[index_of(Activity::kHoldsGil)] + row.times[index_of(Activity::kRunsWithoutGil)];
    }
    profile.threads.push_back(std::move(row));
  }
  // Threads of C code that call Python now and then have a row for either; the kernel's account is of both.
  for (ThreadProfile& row : profile.threads) {
    const auto known = in_python.find(row.info.tid);
    if (!row.info.python && known != in_python.end()) row.cpu = std::max(row.cpu - known->second, Nanos{0});
  }
}

void Aggregator::finish_gils(Profile& profile) const {
  for (std::size_t i = 0; i < gils_.size(); ++i) {
    const Gil& gil = gils_[i];
    GilProfile row;
    row.index = static_cast<GilIndex>(i);
    row.held = gil.held;
    row.observed = gil.observed;
    row.enabled = gil.enabled;
    row.handoffs = gil.handoffs;
    row.hogged = gil.hogged;
    row.switch_interval = gil.switch_interval;
    if (gil.observed.count() > 0) row.mean_waiters = double(gil.waiting.count()) / double(gil.observed.count());
    profile.gils.push_back(std::move(row));
  }
}

void Aggregator::finish_locks(Profile& profile) {
  profile.deadlocks = deadlocks_->take(last_);
  for (Deadlock& deadlock : profile.deadlocks)
    deadlock.time = {deadlock.time.from - *first_, deadlock.time.to - *first_};
  for (Lock& lock : locks_) {
    if (lock.waited.count() == 0) continue;
    profile.locks.push_back(finished(lock));
    profile.locks.back().observed = known_;
  }
  std::ranges::stable_sort(profile.locks, std::greater(), &LockProfile::waited);
  number_locks(profile);
}

// Locks by their indices, as they were met.
LockProfile Aggregator::finished(Lock& lock) {
  const auto by_time = [](const auto& entry) { return entry.second; };
  LockProfile row;
  row.info = std::move(lock.info);
  row.waited = lock.waited;
  row.owner_did = lock.owner_did;
  Nanos owned{0};
  for (const auto& [owner, time] : lock.owners) owned += time;
  row.owner_inferred = 2 * lock.owned_by_inference > owned;
  // Owners that were inferred for little of the time say nothing about the rest: somebody else had it then.
  const bool says_nothing = row.owner_inferred && 2 * owned < lock.waited;
  const auto most = std::ranges::max_element(lock.owners, {}, by_time);
  if (most != lock.owners.end() && !says_nothing) row.owner = most->first;
  if (const auto next = std::ranges::max_element(lock.owners_wait_for, {}, by_time);
      next != lock.owners_wait_for.end()) {
    row.owner_waits_for = number_of(next->first);
    row.owner_waited = next->second;
  }
  for (const auto& [key, time] : lock.blame) {
    row.blame.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), time});
  }
  return row;
}

// By their places in the profile.
void Aggregator::number_locks(Profile& profile) const {
  std::vector<std::uint16_t> numbers(locks_.size() + 1, 0);
  for (std::size_t i = 0; i < std::min(profile.locks.size(), kMostNumberedLocks); ++i) {
    numbers[to_int(profile.locks[i].info.index) + 1] = static_cast<std::uint16_t>(i + 1);
  }
  renumber_locks(profile, numbers);
}

}  // namespace gilspy
