#include "walk.h"

#include <algorithm>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

#include "sampling.h"

namespace gilspy::timeline_walk {
namespace {

enum class Rank : std::uint8_t { kEnd, kBegin, kPoint };  // of what happens at the same moment

// Tells one thing after the other, all about the same lane.
class Teller {
 public:
  virtual ~Teller() = default;
  virtual void tell(Visitor& visitor) = 0;  // what happens at at(), then moves on

  bool has_more() const { return has_more_; }
  std::pair<Nanos, Rank> when() const { return {at_, rank_}; }

 protected:
  void stop() { has_more_ = false; }
  void go_on(Nanos at, Rank rank) {
    has_more_ = true;
    at_ = at;
    rank_ = rank;
  }

 private:
  Nanos at_{0};
  Rank rank_ = Rank::kBegin;
  bool has_more_ = false;
};

class States : public Teller {
 public:
  States(ThreadIndex thread, const Lane& lane) : lane_(lane) {
    state_.thread = thread;
    find_next();
  }

  void tell(Visitor& visitor) override {
    if (when().second == Rank::kBegin) {
      visitor.begin(state_);
      go_on(state_.to, Rank::kEnd);
    } else {
      visitor.end(state_);
      find_next();
    }
  }

 private:
  void find_next() {
    if (next_ == lane_.size()) return stop();
    const Stretch& first = lane_[next_];
    state_.activity = first.activity;
    state_.lock = first.lock;
    state_.from = first.from;
    state_.to = first.to;
    for (++next_; next_ < lane_.size() && continues(lane_[next_]); ++next_) state_.to = lane_[next_].to;
    go_on(state_.from, Rank::kBegin);
  }
  bool continues(const Stretch& next) const {
    return next.from == state_.to && next.activity == state_.activity && next.lock == state_.lock;
  }

  const Lane& lane_;
  std::size_t next_ = 0;
  State state_;
};

class Holdings : public Teller {
 public:
  Holdings(GilIndex gil, const std::vector<Tenure>& tenures, std::uint64_t first_number)
      : tenures_(tenures), number_(first_number) {
    holding_.gil = gil;
    find_next();
  }

  void tell(Visitor& visitor) override {
    if (when().second == Rank::kBegin) {
      visitor.begin(holding_);
      go_on(holding_.tenure.to, Rank::kEnd);
    } else {
      visitor.end(holding_);
      find_next();
    }
  }

 private:
  void find_next() {
    if (next_ == tenures_.size()) return stop();
    holding_.tenure = tenures_[next_];
    holding_.number = number_ + next_;
    holding_.handed_over = std::exchange(holding_.handed_on, false);
    ++next_;
    if (next_ < tenures_.size()) holding_.handed_on = tenures_[next_].holder != holding_.tenure.holder;
    go_on(holding_.tenure.from, Rank::kBegin);
  }

  const std::vector<Tenure>& tenures_;
  std::uint64_t number_;
  std::size_t next_ = 0;
  Holding holding_;
};

class Shots : public Teller {
 public:
  Shots(ThreadIndex thread, const Lane& lane, const Options& options)
      : thread_(thread), moments_(lane, options.shots, options.shoot_blocked) {
    find_next();
  }

  void tell(Visitor& visitor) override {
    const Stretch& stretch = *moment_->stretch;
    visitor.shot({.thread = thread_, .stack = stretch.stack, .activity = stretch.activity, .at = moment_->at});
    find_next();
  }

 private:
  void find_next() {
    moment_ = moments_.next();
    if (!moment_) return stop();
    go_on(moment_->at, Rank::kPoint);
  }

  ThreadIndex thread_;
  Moments moments_;
  std::optional<Moments::Moment> moment_;
};

// Nobody knows what was used in the holes.
class Cpus : public Teller {
 public:
  explicit Cpus(const std::vector<CpuUse>& uses) : uses_(uses) { find_next(); }

  void tell(Visitor& visitor) override {
    const bool begins = when().second == Rank::kBegin;
    visitor.cpus(when().first, begins ? uses_[next_].cpus : 0);
    if (begins) {
      const bool goes_on = next_ + 1 < uses_.size() && uses_[next_ + 1].from == uses_[next_].to;
      if (!goes_on) return go_on(uses_[next_].to, Rank::kEnd);
    }
    ++next_;
    find_next();
  }

 private:
  void find_next() {
    if (next_ == uses_.size()) return stop();
    go_on(uses_[next_].from, Rank::kBegin);
  }

  const std::vector<CpuUse>& uses_;
  std::size_t next_ = 0;
};

// Counts those that wait while it hands on what it is told.
class CountingWaiters : public Visitor {
 public:
  CountingWaiters(const Profile& profile, Visitor& visitor)
      : profile_(profile), visitor_(visitor), gils_(profile.gils.size()) {
    for (std::size_t gil = 0; gil < gils_.size(); ++gil) {
      gils_[gil].changed = is_used(profile, GilIndex(static_cast<std::uint32_t>(gil)));
    }
  }

  void move_to(Nanos at) {
    if (at == at_) return;
    tell();
    at_ = at;
  }
  void tell() {
    for (std::size_t gil = 0; gil < gils_.size(); ++gil) {
      if (!std::exchange(gils_[gil].changed, false)) continue;
      visitor_.waiters(GilIndex(static_cast<std::uint32_t>(gil)), at_, gils_[gil].count);
    }
  }

  void begin(const State& state) override {
    count(state, 1);
    visitor_.begin(state);
  }
  void end(const State& state) override {
    count(state, -1);
    visitor_.end(state);
  }
  void begin(const Holding& holding) override { visitor_.begin(holding); }
  void end(const Holding& holding) override { visitor_.end(holding); }
  void shot(const Shot& shot) override { visitor_.shot(shot); }
  void cpus(Nanos at, double count) override { visitor_.cpus(at, count); }

 private:
  struct Gil {
    std::uint32_t count = 0;
    bool changed = false;
  };

  void count(const State& state, int by) {
    const std::uint32_t gil = to_int(profile_.threads[to_int(state.thread)].info.gil);
    if (state.activity != Activity::kWaitsForGil || gil >= gils_.size()) return;
    gils_[gil].count += static_cast<std::uint32_t>(by);
    gils_[gil].changed = true;
  }

  const Profile& profile_;
  Visitor& visitor_;
  std::vector<Gil> gils_;
  Nanos at_{0};
};

using Tellers = std::vector<std::unique_ptr<Teller>>;

Tellers tellers_of(const Profile& profile, const Options& options) {
  Tellers tellers;
  const Timeline& timeline = profile.timeline;
  for (std::size_t i = 0; i < std::min(timeline.lanes.size(), profile.threads.size()); ++i) {
    const auto thread = ThreadIndex(static_cast<std::uint32_t>(i));
    tellers.push_back(std::make_unique<States>(thread, timeline.lanes[i]));
    if (options.shots > Nanos{0}) tellers.push_back(std::make_unique<Shots>(thread, timeline.lanes[i], options));
  }
  std::uint64_t number = 1;
  for (std::size_t i = 0; i < std::min(timeline.tenures.size(), profile.gils.size()); ++i) {
    const auto gil = GilIndex(static_cast<std::uint32_t>(i));
    tellers.push_back(std::make_unique<Holdings>(gil, timeline.tenures[i], number));
    number += timeline.tenures[i].size();
  }
  tellers.push_back(std::make_unique<Cpus>(timeline.cpus));
  return tellers;
}

}  // namespace

void walk(const Profile& profile, const Options& options, Visitor& visitor) {
  const Tellers tellers = tellers_of(profile, options);
  const auto later = [&](std::size_t a, std::size_t b) {
    return std::pair(tellers[a]->when(), a) > std::pair(tellers[b]->when(), b);
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> queue(later);
  for (std::size_t i = 0; i < tellers.size(); ++i) {
    if (tellers[i]->has_more()) queue.push(i);
  }
  CountingWaiters counting(profile, visitor);
  while (!queue.empty()) {
    const std::size_t next = queue.top();
    queue.pop();
    counting.move_to(tellers[next]->when().first);
    tellers[next]->tell(counting);
    if (tellers[next]->has_more()) queue.push(next);
  }
  counting.tell();
}

bool is_used(const Profile& profile, GilIndex gil) {
  const std::size_t index = to_int(gil);
  const auto& tenures = profile.timeline.tenures;
  return (index < tenures.size() && !tenures[index].empty()) ||
         (index < profile.gils.size() && profile.gils[index].mean_waiters > 0);
}

}  // namespace gilspy::timeline_walk
