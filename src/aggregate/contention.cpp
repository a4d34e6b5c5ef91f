#include "contention.h"

#include <algorithm>

namespace gilspy {
namespace {

using std::chrono_literals::operator""us;

constexpr Nanos kShortestTenure = 1us;  // nothing passes the GIL on faster: more hand-offs than that were misread

Nanos middle(Nanos a, Nanos b) { return a + (b - a) / 2; }

Spread spread_of(const Distribution& times) {
  return {times.count(), times.quantile(0.5), times.quantile(0.99), times.longest()};
}

}  // namespace

void Contention::add(const Sample& sample, Nanos before) {
  before_ = before;
  latest_ = sample.time;
  gils_.resize(std::max(gils_.size(), sample.gils.size()));
  for (const ThreadInfo& info : sample.started) {
    if (to_int(info.index) >= threads_.size()) threads_.resize(to_int(info.index) + 1);
  }
  told_.assign(gils_.size(), 0);
  for (const Handoff& handoff : sample.handoffs) {
    const std::size_t gil = to_int(handoff.gil);
    if (gil >= gils_.size()) continue;
    look(gil, {handoff.after, handoff.by, handoff.to, handoff.count});
    told_[gil] += handoff.count;
  }
  for (std::size_t i = 0; i < sample.gils.size(); ++i) {
    const GilFacts& facts = sample.gils[i];
    if (!facts.enabled || sample.stopped) {
      close(i, gils_[i].tracker.break_off(before));
      continue;
    }
    const Nanos looked = std::clamp(sample.looked.value_or(before), before, sample.time);
    look(i, {looked, sample.time, facts.locked ? facts.last_holder : std::nullopt,
             facts.handoffs - std::min(facts.handoffs, told_[i])});
  }
}

void Contention::look(std::size_t gil, const HolderTracker::Look& look) {
  close(gil, gils_[gil].tracker.look(look));
  // Those that came and went between two looks: each had its part of the time.
  const std::optional<Tenure>& current = gils_[gil].tracker.current();
  const Nanos between = look.by - look.after;
  if (look.handoffs < 2 || !current.has_value() ||
      look.handoffs > static_cast<std::uint64_t>(between / kShortestTenure)) {
    return;
  }
  gils_[gil].tenures.add(between / static_cast<Nanos::rep>(look.handoffs), look.handoffs - 1);
}

void Contention::close(std::size_t gil, const std::optional<Tenure>& over) {
  if (!over.has_value() || to_int(over->holder) >= threads_.size()) return;
  timeline_.add(static_cast<GilIndex>(gil), *over);
  gils_[gil].tenures.add(over->to - over->from);
  Thread& thread = threads_[to_int(over->holder)];
  thread.tenures.add(over->to - over->from);
  thread.let_go = over->to;
}

// Where it is known to have let go of the GIL, or to have got it, that is the moment; else the change happened some
// time between the two samples.
void Contention::change(const ThreadInfo& info, Activity from, Activity to) {
  const bool waited = from == Activity::kWaitsForGil;
  if (waited == (to == Activity::kWaitsForGil)) return;
  Thread& thread = threads_[to_int(info.index)];
  const Nanos between = middle(before_, latest_);
  if (!waited) {
    thread.waits_since = thread.let_go > before_ ? thread.let_go : between;
    return;
  }
  if (!holds(to)) return;
  Gil& gil = gils_[to_int(info.gil)];
  const std::optional<Tenure>& tenure = gil.tracker.current();
  const bool is_dated = tenure.has_value() && tenure->holder == info.index && tenure->from >= before_;
  const Nanos wait = (is_dated ? middle(tenure->from, tenure->from + tenure->within) : between) - thread.waits_since;
  thread.waits.add(wait);
  gil.waits.add(wait);
}

void Contention::finish(Profile& profile) {
  for (std::size_t i = 0; i < gils_.size(); ++i) close(i, gils_[i].tracker.break_off(latest_));
  for (std::size_t i = 0; i < std::min(gils_.size(), profile.gils.size()); ++i) {
    profile.gils[i].tenure = spread_of(gils_[i].tenures);
    profile.gils[i].to_get_gil = spread_of(gils_[i].waits);
  }
  for (std::size_t i = 0; i < std::min(threads_.size(), profile.threads.size()); ++i) {
    profile.threads[i].tenure = spread_of(threads_[i].tenures);
    profile.threads[i].to_get_gil = spread_of(threads_[i].waits);
  }
}

}  // namespace gilspy
