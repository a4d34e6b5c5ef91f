#include "recorder.h"

#include <algorithm>

#include "gilspy/activity.h"
#include "gilspy/aggregate.h"
#include "ticker.h"

namespace gilspy::cli {
namespace {

using std::chrono_literals::operator""ms;

constexpr Nanos kProgressEvery = 250ms;
constexpr Nanos kUpkeepEvery = 50ms;
constexpr double kMostOfACpuAtHighPriority = 0.25;
constexpr Nanos kShortestPeriodAtHighPriority = std::chrono::microseconds(250);
constexpr Nanos kPriorityCheckEvery = 250ms;

// The target's CPU time between the first and the last look at it.
class CpuMeter {
 public:
  void look(Target& target, Nanos now) {
    const auto cpu = target.cpu_time();
    if (!cpu.has_value()) return;
    if (!first_.has_value()) first_ = last_ = {now, *cpu};
    last_ = {now, *cpu};
  }
  // Spread over `duration`: the last look can be a little older than the last tick.
  Nanos over(Nanos duration) const {
    if (!first_.has_value() || last_->at == first_->at) return Nanos{0};
    const double share = double((last_->cpu - first_->cpu).count()) / double((last_->at - first_->at).count());
    return Nanos(static_cast<std::int64_t>(share * double(duration.count())));
  }

 private:
  struct Reading {
    Nanos at{0};
    Nanos cpu{0};
  };
  std::optional<Reading> first_, last_;
};

// Runs above the target's priority so that a busy machine does not make us late, but never at its expense: a sampler
// that works without a pause, or takes a large part of a CPU, goes back to normal.
class PriorityGuard {
 public:
  explicit PriorityGuard(Nanos period) : raised_(period >= kShortestPeriodAtHighPriority) {
    if (raised_) platform::raise_priority();
  }
  ~PriorityGuard() { lower(); }
  PriorityGuard(const PriorityGuard&) = delete;
  PriorityGuard& operator=(const PriorityGuard&) = delete;

  void check(Nanos now) {
    if (!raised_ || now - since_ < kPriorityCheckEvery) return;
    const Nanos cpu = platform::self_usage().cpu;
    const bool measured = since_.count() != 0;
    if (measured && double((cpu - cpu_).count()) > kMostOfACpuAtHighPriority * double((now - since_).count())) lower();
    since_ = now;
    cpu_ = cpu;
  }

 private:
  void lower() {
    if (std::exchange(raised_, false)) platform::restore_priority();
  }
  bool raised_;
  Nanos since_{0};
  Nanos cpu_{0};
};

class Recorder {
 public:
  Recorder(Attachment& attachment, const RecordingPlan& plan, const platform::StopFlag& stop)
      : attachment_(attachment), plan_(plan), stop_(stop), started_(platform::now()), ticker_(plan.rate_hz, started_) {}

  Result<Profile> run() {
    sample_.period = ticker_.period();
    PriorityGuard priority(ticker_.period());
    while (!over()) {
      priority.check(now_);
      auto taken = tick();
      if (!taken.has_value() && ticks_ == 0) return tl::unexpected(std::move(taken).error());
      if (!taken.has_value()) {
        end_note_ = taken.error().message();
        break;
      }
      upkeep();
    }
    return finish();
  }

 private:
  bool over() {
    if (stop_.stop_requested()) return ticks_ > 0;
    return plan_.duration.has_value() && platform::now() - started_ >= *plan_.duration && ticks_ > 1;
  }

  Result<void> tick() {
    const Nanos deadline = ticks_ == 0 ? started_ : ticker_.next(platform::now());
    if (deadline > platform::now()) platform::sleep_until(deadline);
    now_ = platform::now();
    if (ticker_.period().count() > 0 && now_ - deadline > ticker_.period()) ++late_;
    GILSPY_CHECK(attachment_.sampler->tick(now_, sample_));
    if (ticks_ == 0) begin();
    aggregator_.add(sample_, classifier_.classify(sample_));
    ++ticks_;
    return {};
  }

  // The first sample meets every thread, which takes a while where there are thousands. The recording begins behind it.
  void begin() {
    started_ = now_ = sample_.time = platform::now();
    ticker_ = Ticker(plan_.rate_hz, started_);
  }

  void upkeep() {
    if (now_ >= next_upkeep_) {
      next_upkeep_ = now_ + kUpkeepEvery;
      cpu_.look(*attachment_.target, now_);
    }
    if (plan_.progress && now_ >= next_progress_) {
      next_progress_ = now_ + kProgressEvery;
      plan_.progress(now_ - started_, ticks_);
    }
  }

  Profile finish() {
    cpu_.look(*attachment_.target, platform::now());
    Profile profile;
    profile.quality.rate_hz = plan_.rate_hz;
    profile.quality.late = late_;
    profile.quality.system_calls_told = attachment_.target->tells_system_calls();
    aggregator_.finish(profile);
    const Nanos period = ticker_.period();
    profile.quality.ticks_asked =
        period.count() > 0 ? static_cast<std::uint64_t>(profile.duration / period) + 1 : profile.quality.ticks;
    profile.cpu_time = cpu_.over(profile.duration);
    profile.cpus = platform::cpu_facts(attachment_.target->identity().pid);
    profile.end_note = end_note_;
    for (ThreadProfile& thread : profile.threads) thread.info = attachment_.sampler->thread(thread.info.index);
    for (const InterpreterInfo& interpreter : attachment_.sampler->interpreters()) {
      profile.gils.at(to_int(interpreter.gil)).interpreters.push_back(interpreter.id);
    }
    describe_target(profile.target, std::ranges::any_of(profile.gils, [](const GilProfile& gil) {
                      return 2 * gil.enabled > gil.observed;
                    }));
    profile.table = std::move(*attachment_.stacks);
    const platform::SelfUsage self = platform::self_usage();
    profile.self = {self.cpu, self.peak_rss_bytes};
    return profile;
  }

  void describe_target(TargetFacts& facts, bool gil_on) const {
    const ProcessIdentity& identity = attachment_.target->identity();
    facts.pid = identity.pid;
    facts.command = identity.command;
    facts.executable = identity.executable;
    facts.working_folder = identity.working_folder;
    facts.python = attachment_.location.version;
    facts.free_threaded = attachment_.location.free_threaded;
    facts.gil_enabled = !facts.free_threaded || gil_on;
  }

  Attachment& attachment_;
  const RecordingPlan& plan_;
  const platform::StopFlag& stop_;
  Nanos started_;
  Ticker ticker_;
  Sample sample_;
  Classifier classifier_;
  Aggregator aggregator_;
  CpuMeter cpu_;
  Nanos now_{0}, next_upkeep_{0}, next_progress_{0};
  std::uint64_t ticks_ = 0, late_ = 0;
  std::string end_note_;
};

}  // namespace

Result<Profile> record(Attachment& attachment, const RecordingPlan& plan, const platform::StopFlag& stop) {
  return Recorder(attachment, plan, stop).run();
}

}  // namespace gilspy::cli
