#include "pressure_meter.h"

#include <algorithm>
#include <utility>

namespace gilspy::cli {
namespace {

constexpr std::size_t kMostThreads = 500;

// A cgroup that is made anew counts from zero.
std::uint64_t since(std::uint64_t then, std::uint64_t now) { return now > then ? now - then : 0; }

}  // namespace

void PressureMeter::look(Target& target, Nanos now) {
  look_at_queues(target);
  if (has_quota_) look_at_quota(target.identity().pid);
  if (!first_) first_ = now;
  so_far_.watched = now - *first_;
}

// A thread that came since the last look has queued since then only; what one did that ended since is not known.
void PressureMeter::look_at_queues(Target& target) {
  auto threads = target.threads();
  if (!threads.has_value()) return;
  if (threads->size() > kMostThreads) threads->resize(kMostThreads);
  std::unordered_map<std::int32_t, Nanos> queued;
  for (const Tid tid : *threads) {
    const auto facts = target.sched_of(tid);
    if (!facts.has_value()) continue;
    queued[to_int(tid)] = facts->run_queue;
    if (!first_) continue;
    const auto before = queued_.find(to_int(tid));
    so_far_.queued += std::max(facts->run_queue - (before == queued_.end() ? Nanos{0} : before->second), Nanos{0});
  }
  queued_ = std::move(queued);
}

void PressureMeter::look_at_quota(Pid pid) {
  const auto now = platform::throttling(pid);
  has_quota_ = now.has_value();
  if (!now) return;
  if (!throttling_) throttling_ = now;
  so_far_.periods = since(throttling_->periods, now->periods);
  so_far_.throttled_periods = since(throttling_->throttled_periods, now->throttled_periods);
  so_far_.throttled = std::max(now->throttled - throttling_->throttled, Nanos{0});
}

}  // namespace gilspy::cli
