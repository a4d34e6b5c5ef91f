#include "loop_watch.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gilspy {
namespace {

// Of a change that was seen at a sample, and was not yet at the one before.
Nanos about(Nanos before, Nanos now) { return before + (now - before) / 2; }

constexpr Nanos kFine = std::chrono::milliseconds(1);  // what becomes due in that time has the same lag
constexpr std::int64_t kMostPieces = 64;               // of a span

}  // namespace

void LoopWatch::look(ThreadIndex thread, const LoopFacts& facts, Activity activity, Nanos before, Nanos now) {
  using enum LoopFacts::State;
  const auto known = loops_.find(thread);
  if (known == loops_.end() && facts.state == kNone) return;
  Loop& loop = known == loops_.end() ? loops_[thread] : known->second;
  const LoopFacts last = std::exchange(loop.facts, facts);
  loop.activity = activity;
  if (last.state == kNone) loop.since = loop.counted = now;
  const Nanos changed = std::max(about(before, now), loop.since);
  count_ready(loop, changed, last.left);
  loop.most_ready = std::max(loop.most_ready, facts.left);
  if (facts.state == kNone) {
    if (last.state != kNone) stop(loop, changed);
    return;
  }
  if (facts.state == kRuns && last.state == kRuns && facts.round == last.round) {
    if (facts.timer) meet_timers(loop, changed, changed);
    return;
  }
  // While nobody saw it, it may have done anything, unless one round follows the other.
  const bool follows = facts.state == kRuns && last.state == kRuns && !facts.unseen;
  if (!unseen_.empty() && last.state != kNone && !follows) leave_out_unseen(loop);
  // Between two rounds.
  if (facts.state == kWaits && is_late(loop) && loop.span.has_value()) return;
  // The loop's own clock dates rounds better than samples do, unless it is not the clock of samples.
  const bool is_dated = facts.state == kRuns && facts.round >= loop.span.value_or(loop.since) && facts.round <= now;
  const Nanos at = is_dated ? facts.round : changed;
  if (!is_late(loop)) return close_span(loop, at);
  begin_span(loop, at);
  if (facts.unseen) return meet_timers(loop, at, before);
  if (facts.timer) meet_timers(loop, at, at);
}

void LoopWatch::leave_out_unseen(Loop& loop) const {
  stop(loop, std::max(unseen_.from, loop.since));
  loop.since = loop.counted = unseen_.to;
}

void LoopWatch::change(ThreadIndex thread, Activity activity, Nanos before, Nanos now) {
  const auto known = loops_.find(thread);
  if (known == loops_.end()) return;
  Loop& loop = known->second;
  loop.activity = activity;
  if (loop.facts.state != LoopFacts::State::kWaits) return;
  const Nanos at = std::max(about(before, now), loop.since);
  if (!is_late(loop)) return close_span(loop, at);
  if (!loop.span.has_value()) begin_span(loop, at);
  loop.woken = loop.woken || activity == Activity::kWaitsForGil;
}

// It does not wait for events: it runs callbacks, or is on its way to them.
bool LoopWatch::is_late(const Loop& loop) {
  if (loop.facts.state != LoopFacts::State::kWaits) return loop.facts.state == LoopFacts::State::kRuns;
  return loop.activity != Activity::kBlocked && loop.activity != Activity::kUnknown;
}

// Right behind the present one, if there is any.
void LoopWatch::begin_span(Loop& loop, Nanos at) {
  meet_timers(loop, at, at);
  if (loop.span.has_value() && at > *loop.span) {
    loop.due = {*loop.span, at};
    loop.busy += at - *loop.span;
    if (loop.woken) loop.wakes.add(at - *loop.span);
  }
  loop.woken = false;
  loop.span = at;
}

// The loop has nothing more to do: what became due until now begins.
void LoopWatch::close_span(Loop& loop, Nanos at) {
  if (!loop.span.has_value()) return;
  begin_span(loop, at);
  meet_timers(loop, at, at);
  loop.span.reset();
}

// `surely`: not before then. Where rounds were missed, the longest that anybody waited is not known any better.
void LoopWatch::meet_timers(Loop& loop, Nanos at, Nanos surely) {
  if (!loop.due.has_value()) return;
  const TimeRange due = *std::exchange(loop.due, std::nullopt);
  const std::int64_t pieces = std::clamp(due.length() / kFine, std::int64_t{1}, kMostPieces);
  const double us = double(due.length().count()) / 1e3 / double(pieces);
  for (std::int64_t i = 0; i < pieces; ++i) {
    const double part = (double(i) + 0.5) / double(pieces);
    const Nanos lag = at - due.from - Nanos(std::llround(part * double(due.length().count())));
    loop.lag.add(lag, static_cast<std::uint64_t>(std::llround(us)));
    loop.lags += double(lag.count()) * us;
  }
  loop.longest = std::max(loop.longest, surely - due.from);
}

void LoopWatch::count_ready(Loop& loop, Nanos at, std::uint32_t left) {
  if (at <= loop.counted) return;
  loop.ready += double(left) * double((at - loop.counted).count());
  loop.counted = at;
}

void LoopWatch::stop(Loop& loop, Nanos at) {
  close_span(loop, at);
  count_ready(loop, at, loop.facts.left);
  if (at > loop.since) loop.observed += at - loop.since;
}

LoopLag LoopWatch::lag_of(Loop& loop) {
  constexpr int kParts = 50;
  const Nanos idle = std::max(loop.observed - loop.busy, Nanos{0});
  // While another thread has the GIL, what became due would wait for it, as long as what did become due.
  const Nanos contended = loop.wakes.count() > 0 ? std::min(loop.contended, idle) : Nanos{0};
  const double part_us = double(contended.count()) / 1e3 / kParts;
  for (int i = 0; i < kParts && contended > Nanos{0}; ++i) {
    const Nanos wake = loop.wakes.quantile((i + 0.5) / kParts);
    loop.lag.add(wake, static_cast<std::uint64_t>(std::llround(part_us)));
    loop.lags += double(wake.count()) * part_us;
  }
  loop.lag.add(Nanos{0}, static_cast<std::uint64_t>(std::llround(double((idle - contended).count()) / 1e3)));
  LoopLag lag;
  lag.mean = Nanos(std::llround(loop.lags * 1e3 / std::max(double(loop.observed.count()), 1.0)));
  lag.median = loop.lag.quantile(0.5);
  lag.p90 = loop.lag.quantile(0.9);
  lag.p99 = loop.lag.quantile(0.99);
  lag.longest = loop.longest;
  return lag;
}

void LoopWatch::finish(Nanos end, Profile& profile) {
  for (auto& [thread, loop] : loops_) {
    if (loop.facts.state != LoopFacts::State::kNone) stop(loop, end);
    if (loop.observed <= Nanos{0}) continue;
    LoopProfile row;
    row.thread = thread;
    row.observed = loop.observed;
    row.busy = std::min(loop.busy, loop.observed);
    row.lag = lag_of(loop);
    row.ready = loop.ready / double(loop.observed.count());
    row.most_ready = loop.most_ready;
    profile.loops.push_back(row);
  }
}

}  // namespace gilspy
