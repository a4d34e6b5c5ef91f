#include "recorder.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "gil_reasons.h"
#include "glance_budget.h"
#include "priority_guard.h"
#include "profile_builder.h"
#include "run_watch.h"
#include "ticker.h"

namespace gilspy::cli {
namespace {

using std::chrono_literals::operator""ms;

constexpr Nanos kProgressEvery = 250ms;
constexpr Nanos kUpkeepEvery = 50ms;
constexpr Nanos kLateEvery = 5ms;
constexpr Nanos kUpdateEvery = 1000ms;  // what a recording loses when gilspy is killed
constexpr Nanos kFirstUpdate = 100ms;   // short ones shall not lose all

std::string_view words(Stopping stopping) {
  switch (stopping) {
    case Stopping::kNever: break;
    case Stopping::kToComplete: return "to complete";
    case Stopping::kAlways: return "always";
  }
  return "never";
}

RunFacts facts_of(const Attachment& attachment, const RecordingPlan& plan) {
  RunFacts facts;
  facts.gilspy_version = GILSPY_VERSION;
  facts.identity = attachment.target->identity();
  facts.python = attachment.location.version;
  facts.free_threaded = attachment.location.free_threaded;
  facts.cpus = platform::cpu_facts(facts.identity.pid);
  facts.rate_hz = plan.rate_hz;
  facts.system_calls_told = attachment.target->tells_system_calls();
  facts.wall_minus_clock = std::chrono::system_clock::now().time_since_epoch() - platform::now();
  facts.stopping = words(plan.stopping);
  if (facts.free_threaded) {
    facts.gil_set_by = gil_set_by(facts.identity.command, platform::started_with(facts.identity.pid, "PYTHON_GIL"));
  }
  return facts;
}

class Recorder {
 public:
  Recorder(Attachment& attachment, const RecordingPlan& plan, const platform::StopFlag& stop)
      : attachment_(attachment),
        plan_(plan),
        stop_(stop),
        started_(platform::now()),
        ticker_(plan.rate_hz, started_),
        watch_(attachment.location.free_threaded),
        glances_(plan.gil_rate_hz) {}

  Result<Recorded> run() {
    const RunFacts facts = facts_of(attachment_, plan_);
    builder_.begin(facts);
    if (plan_.sink != nullptr) plan_.sink->begin(facts);
    sample_.period = ticker_.period();
    PriorityGuard priority(ticker_.period());
    while (!over()) {
      priority.check(now_);
      auto taken = tick();
      if (!taken.has_value() && ticks_ == 0) return tl::unexpected(std::move(taken).error());
      if (!taken.has_value()) {
        process_went_ = taken.error().code() == ErrorCode::kGone;
        const bool ended = process_went_ && attachment_.target->liveness() == Liveness::kEnded;
        if (!ended || !plan_.to_its_end) end_note_ = taken.error().message();
        break;
      }
      upkeep();
    }
    return finish();
  }

 private:
  bool over() {
    if (stop_.stop_requested()) return ticks_ > 0;
    if (plan_.sink != nullptr && plan_.sink->failed()) {
      end_note_ = "the recording could not be written";
      return true;
    }
    return plan_.duration.has_value() && platform::now() - started_ >= *plan_.duration && ticks_ > 1;
  }

  Result<void> tick() {
    const Nanos deadline = next_deadline();
    if (ticks_ > 0 && attachment_.sampler->takes_turns()) glance_until(deadline);
    sleep_until(deadline);
    now_ = platform::now();
    const bool late = ticker_.period().count() > 0 && now_ - deadline > ticker_.period();
    if (late) watch_.count_late();
    GILSPY_CHECK(attachment_.sampler->tick(now_, sample_));
    if (ticks_ == 0) begin();
    watch_.add(sample_);
    builder_.add(sample_);
    if (plan_.sink != nullptr) plan_.sink->add(sample_);
    ++ticks_;
    return {};
  }

  // Threads pass the GIL on more often than stacks can be read.
  void glance_until(Nanos deadline) {
    const Nanos begin = platform::now();
    if (begin >= deadline) return;
    const std::int64_t looks = glances_.plan(deadline - begin);
    for (std::int64_t i = 1; i <= looks; ++i) {
      const bool measured = glances_.measures_next();
      const Nanos cpu_before = measured ? platform::thread_cpu_time() : Nanos{0};
      if (!sleep_until(begin + (deadline - begin) * i / (looks + 1))) return;
      attachment_.sampler->glance(platform::now());
      watch_.count_glance();
      if (measured) glances_.add_cost(platform::thread_cpu_time() - cpu_before);
    }
  }

  // False when a signal came first. A thread that takes long to stop is let go as soon as it stands: its process must
  // not wait for the next tick, which may be seconds away.
  bool sleep_until(Nanos deadline) {
    for (Nanos now = platform::now(); now < deadline; now = platform::now()) {
      const bool late = attachment_.target->release_late();
      if (!platform::sleep_until(late ? std::min(deadline, now + kLateEvery) : deadline)) return false;
    }
    return true;
  }

  Nanos next_deadline() {
    if (ticks_ == 0) return started_;
    const Nanos next = ticker_.next(platform::now());
    return plan_.duration.has_value() ? std::min(next, started_ + *plan_.duration) : next;
  }

  // The first sample meets every thread, which takes a while where there are thousands. The recording begins behind it.
  void begin() {
    watch_.look_around(*attachment_.target, platform::now());
    started_ = now_ = sample_.time = platform::now();
    ticker_ = Ticker(plan_.rate_hz, started_);
    next_update_ = started_ + kFirstUpdate;
  }

  void upkeep() {
    if (now_ >= next_upkeep_) {
      next_upkeep_ = now_ + kUpkeepEvery;
      watch_.look_at_cpu(*attachment_.target, now_);
    }
    if (now_ >= next_update_ || (plan_.sink != nullptr && plan_.sink->block_is_full())) {
      next_update_ = now_ + kUpdateEvery;
      RunUpdate update = take_update();
      if (plan_.sink != nullptr) plan_.sink->end_block(std::move(update));
    }
    if (plan_.progress && now_ >= next_progress_) {
      next_progress_ = now_ + kProgressEvery;
      plan_.progress(now_ - started_, ticks_);
    }
  }

  RunUpdate take_update() {
    watch_.look_around(*attachment_.target, platform::now());
    RunUpdate update = watch_.take(*attachment_.sampler);
    builder_.update(update);
    return update;
  }

  Recorded finish() {
    watch_.look_at_cpu(*attachment_.target, platform::now());
    RunUpdate update = take_update();
    Recorded recorded;
    if (plan_.sink != nullptr) recorded.kept = plan_.sink->end(std::move(update), end_note_);
    recorded.profile = builder_.finish(std::move(*attachment_.stacks), end_note_);
    recorded.process_went = process_went_;
    return recorded;
  }

  Attachment& attachment_;
  const RecordingPlan& plan_;
  const platform::StopFlag& stop_;
  Nanos started_;
  Ticker ticker_;
  Sample sample_;
  RunWatch watch_;
  GlanceBudget glances_;
  ProfileBuilder builder_;
  Nanos now_{0}, next_upkeep_{0}, next_update_{0}, next_progress_{0};
  std::uint64_t ticks_ = 0;
  bool process_went_ = false;
  std::string end_note_;
};

}  // namespace

Result<Recorded> record(Attachment& attachment, const RecordingPlan& plan, const platform::StopFlag& stop) {
  return Recorder(attachment, plan, stop).run();
}

}  // namespace gilspy::cli
