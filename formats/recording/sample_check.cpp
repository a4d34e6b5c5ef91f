#include "sample_check.h"

#include <algorithm>
#include <cmath>

namespace gilspy::recording {
namespace {

constexpr Nanos kLatest{std::int64_t{1} << 61};         // 73 years since the machine started
constexpr Nanos kLongestPeriod{std::int64_t{1} << 50};  // 13 days; of ticks and of switch intervals
constexpr Nanos kMostCpu{std::int64_t{1} << 55};        // of a thread
constexpr double kMostThreadTime = 2e18;                // nanoseconds that all threads have lived; 2^61
constexpr std::size_t kMostThreads = 1U << 24;
constexpr std::uint32_t kMostTasks = 100'000'000;
constexpr std::size_t kMostLocks = 1U << 20;

bool in_range(Nanos time, Nanos most) { return time.count() >= 0 && time <= most; }

}  // namespace

bool SampleCheck::accepts(const Sample& sample, std::size_t stacks) {
  if (!take_time(sample) || !take_short(sample.pause)) return false;
  if (sample.failed) return true;
  if (sample.gils.size() < gils_) return false;  // a GIL keeps its index
  gils_ = sample.gils.size();
  const auto started = [&](const ThreadInfo& info) { return take_started(info, sample); };
  const auto known = [&](const GilFacts& gil) { return is_known(gil); };
  const auto facts = [&](const ThreadFacts& thread) { return take_facts(thread, stacks); };
  const auto handoff = [&](const Handoff& change) { return take_handoff(change, sample); };
  const auto next_lock = [&](const LockInfo& lock) { return to_int(lock.index) == locks_++ && locks_ <= kMostLocks; };
  const auto owner = [&](const LockOwner& change) { return is_known(change); };
  const auto task = [&](const WaitingTask& one) {
    return to_int(one.thread) < threads_.size() && to_int(one.stack) < stacks && one.stands_for <= kMostTasks;
  };
  return std::ranges::all_of(sample.started, started) && std::ranges::all_of(sample.tasks, task) &&
         std::ranges::all_of(sample.gils, known) && std::ranges::all_of(sample.locks, next_lock) &&
         std::ranges::all_of(sample.owners, owner) && std::ranges::all_of(sample.threads, facts) &&
         std::ranges::all_of(sample.handoffs, handoff);
}

bool SampleCheck::take_time(const Sample& sample) {
  if (!in_range(sample.time, kLatest) || !in_range(sample.period, kLongestPeriod)) return false;
  if (!any_) last_ = sample.time;
  any_ = true;
  if (sample.time < last_) return false;
  sums_.thread_time += double((sample.time - last_).count()) * double(alive_);
  last_ = sample.time;
  return sums_.thread_time <= kMostThreadTime;
}

bool SampleCheck::take_started(const ThreadInfo& info, const Sample& sample) {
  const std::size_t index = to_int(info.index);
  if (index > threads_.size() || index >= kMostThreads || to_int(info.gil) >= sample.gils.size()) return false;
  if (index == threads_.size()) threads_.push_back({info.gil, info.python, false});
  Thread& thread = threads_[index];
  set_alive(thread, true);
  return thread.gil == info.gil && thread.python == info.python;
}

bool SampleCheck::is_known(const GilFacts& gil) const {
  if (gil.last_holder.has_value() && to_int(*gil.last_holder) >= threads_.size()) return false;
  return in_range(gil.switch_interval, kLongestPeriod);
}

bool SampleCheck::is_known(const LockOwner& change) const {
  if (to_int(change.lock) >= locks_) return false;
  return !change.owner.has_value() || to_int(*change.owner) < threads_.size();
}

bool SampleCheck::take_handoff(const Handoff& handoff, const Sample& sample) const {
  if (to_int(handoff.gil) >= sample.gils.size()) return false;
  if (handoff.to.has_value() && to_int(*handoff.to) >= threads_.size()) return false;
  return Nanos{0} <= handoff.after && handoff.after <= handoff.by && handoff.by <= sample.time;
}

bool SampleCheck::take_facts(const ThreadFacts& facts, std::size_t stacks) {
  if (to_int(facts.thread) >= threads_.size() || to_int(facts.stack) >= stacks) return false;
  if (facts.on_cpu.has_value() && !in_range(*facts.on_cpu, kMostCpu)) return false;
  if (facts.lock.has_value() && (to_int(facts.lock->lock) >= locks_ || !in_range(facts.lock->since, kLatest)))
    return false;
  if (facts.loop.has_value() && (!in_range(facts.loop->round, kLatest) || facts.loop->left > kMostCallbacks))
    return false;
  if (facts.ended) set_alive(threads_[to_int(facts.thread)], false);
  return take_short(facts.run_queue_delay);
}

bool SampleCheck::take_short(Nanos time) {
  sums_.short_times += std::abs(double(time.count()));
  return sums_.short_times <= kMostThreadTime;
}

void SampleCheck::set_alive(Thread& thread, bool alive) {
  if (thread.alive == alive) return;
  thread.alive = alive;
  alive_ = alive ? alive_ + 1 : alive_ - 1;
}

bool SampleCheck::accepts(const RunUpdate& update) const {
  const auto known_thread = [this](const ThreadInfo& info) {
    if (to_int(info.index) >= threads_.size()) return false;
    const Thread& thread = threads_[to_int(info.index)];
    return thread.gil == info.gil && thread.python == info.python;
  };
  const auto known_gil = [this](const InterpreterInfo& interpreter) { return to_int(interpreter.gil) < gils_; };
  return std::ranges::all_of(update.threads, known_thread) && std::ranges::all_of(update.interpreters, known_gil);
}

}  // namespace gilspy::recording
