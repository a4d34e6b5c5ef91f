#include "recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "gilspy/aggregate.h"
#include "glance_budget.h"
#include "process_run.h"
#include "ticker.h"

namespace gilspy::cli {
namespace {

using std::chrono_literals::operator""ms;

constexpr Nanos kProgressEvery = 250ms;
constexpr Nanos kLateEvery = 5ms;
constexpr Nanos kNobodyYet = 1ms;
// Processes that are sampled at one tick. Where there are more, each is sampled at every second tick, or third.
constexpr std::size_t kMostAtATick = 16;

std::string_view words(Stopping stopping) {
  switch (stopping) {
    case Stopping::kNever: break;
    case Stopping::kToComplete: return "to complete";
    case Stopping::kAlways: return "always";
  }
  return "never";
}

class Recorder {
 public:
  Recorder(const RecordingPlan& plan, const platform::StopFlag& stop, Followers* followers)
      : plan_(plan),
        stop_(stop),
        followers_(followers),
        started_(platform::now()),
        ticker_(plan.rate_hz, started_),
        glances_(plan.gil_rate_hz) {
    facts_.gilspy_version = GILSPY_VERSION;
    facts_.rate_hz = plan.rate_hz;
    facts_.wall_minus_clock = std::chrono::system_clock::now().time_since_epoch() - platform::now();
    facts_.stopping = words(plan.stopping);
  }

  ProcessRun& add(Attachment& attachment) {
    attachment.sampler->show_tasks(plan_.tasks);
    return *runs_.emplace_back(std::make_unique<ProcessRun>(attachment, facts_, plan_.file, plan_.native));
  }

  Result<Recorded> run() {
    while (!over()) {
      if (plan_.priority != nullptr) plan_.priority->check(now_);
      if (followers_ != nullptr) meet_processes();
      if (runs_.empty()) {
        if (nothing_will_come()) break;
        platform::sleep_until(platform::now() + kNobodyYet);
        continue;
      }
      await_tick();
      GILSPY_CHECK(tick());
      report_progress();
    }
    const auto sampled = [](const auto& run) { return run->ticks() > 0; };
    if (finished_.empty() && std::ranges::none_of(runs_, sampled)) return tl::unexpected(why_nothing());
    return finish();
  }

 private:
  bool over() {
    if (stop_.stop_requested()) return ticks_ > 0 || runs_.empty();
    if (plan_.file != nullptr && plan_.file->failed()) {
      end_note_ = "the recording could not be written";
      return true;
    }
    if (over_ || (followers_ != nullptr && root_ended())) return true;
    return plan_.duration.has_value() && platform::now() - started_ >= *plan_.duration && ticks_ > 1;
  }

  bool root_ended() {
    if (!followers_->root_ended()) return false;
    if (!plan_.to_its_end) end_note_ = "the process ended";
    process_went_ = true;
    return true;
  }

  bool nothing_will_come() const {
    return ticks_ == 0 && plan_.patience && platform::now() - started_ >= *plan_.patience;
  }

  Error why_nothing() const {
    if (error_) return *error_;
    const std::optional<Error> why = followers_->why_not_the_root();
    const bool never_was = why && why->code() == ErrorCode::kNoProcess;
    if (followers_->root_ended() && !never_was) {
      return {ErrorCode::kGone, "the process ended before the first sample"};
    }
    return why.value_or(Error(ErrorCode::kGone, "it was stopped before a process could be sampled"));
  }

  void meet_processes() {
    for (std::unique_ptr<Attachment>& attachment : followers_->take()) add(*attachment).own(std::move(attachment));
  }

  void await_tick() {
    deadline_ = next_deadline();
    const auto turns = [](const auto& run) { return run->takes_turns(); };
    if (std::ranges::any_of(runs_, turns)) glance_until(deadline_);
    sleep_until(deadline_);
    now_ = platform::now();
  }

  // Of one process: an error at its first tick is the recording's.
  Result<void> tick() {
    const std::size_t stride = (runs_.size() + kMostAtATick - 1) / kMostAtATick;
    const bool late = ticker_.period().count() > 0 && now_ - deadline_ > ticker_.period();
    bool any = false;
    ++turn_;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      if ((turn_ + i) % stride != 0) continue;
      ProcessRun& run = *runs_[i];
      if (late) run.count_late(now_ - deadline_);
      const auto taken = run.tick(ticker_.period() * static_cast<std::int64_t>(stride));
      if (taken.has_value()) {
        run.keep_up(now_);
        any = true;
        continue;
      }
      if (followers_ == nullptr && ticks_ == 0) return taken;
      end_run(runs_[i], taken.error());
    }
    std::erase(runs_, nullptr);
    if (any && ticks_++ == 0) begin();
    return {};
  }

  // The first sample meets every thread, which takes a while where there are thousands. The recording begins behind it.
  void begin() {
    started_ = platform::now();
    ticker_ = Ticker(plan_.rate_hz, started_);
  }

  void end_run(std::unique_ptr<ProcessRun>& run, const Error& error) {
    const Liveness liveness = run->liveness();
    const bool ended = error.code() == ErrorCode::kGone && liveness == Liveness::kEnded;
    if (followers_ == nullptr) {
      process_went_ = error.code() == ErrorCode::kGone;
      if (!ended || !plan_.to_its_end) end_note_ = error.message();
      over_ = true;
      return;
    }
    const bool executed = liveness == Liveness::kReplaced;
    if (executed) followers_->executed(run->pid());
    if (run->ticks() == 0 && !ended && !executed) error_ = error;
    // A copy of its parent that lived but for executing something else did nothing of its own.
    if (run->ticks() > 0 && (!executed || run->has_told() || now_ - run->began() >= kBrief)) {
      finished_.push_back(run->finish(ended ? std::string() : error.message()));
    }
    run.reset();
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
      for (const auto& run : runs_) {
        if (run->takes_turns()) run->glance(platform::now());
      }
      if (measured) glances_.add_cost(platform::thread_cpu_time() - cpu_before);
    }
  }

  // False when a signal came first. A thread that takes long to stop is let go as soon as it stands: its process must
  // not wait for the next tick, which may be seconds away.
  bool sleep_until(Nanos deadline) {
    for (Nanos now = platform::now(); now < deadline; now = platform::now()) {
      bool late = false;
      for (const auto& run : runs_) late = run->release_late() || late;
      if (!platform::sleep_until(late ? std::min(deadline, now + kLateEvery) : deadline)) return false;
    }
    return true;
  }

  Nanos next_deadline() {
    if (ticks_ == 0) return platform::now();
    const Nanos next = ticker_.next(platform::now());
    return plan_.duration.has_value() ? std::min(next, started_ + *plan_.duration) : next;
  }

  void report_progress() {
    if (!plan_.progress || now_ < next_progress_) return;
    next_progress_ = now_ + kProgressEvery;
    plan_.progress(now_ - started_, ticks_);
  }

  Recorded finish() {
    for (const auto& run : runs_) {
      if (run->ticks() > 0) finished_.push_back(run->finish(followers_ == nullptr ? end_note_ : std::string()));
    }
    Recorded recorded;
    recorded.process_went = process_went_;
    const std::vector<std::string> unread = followers_ != nullptr ? followers_->unread() : std::vector<std::string>();
    if (plan_.file != nullptr) recorded.kept = plan_.file->close(end_note_, unread);
    recorded.profile = followers_ != nullptr ? combined(std::move(finished_)) : std::move(finished_.front());
    recorded.profile.end_note = end_note_;
    recorded.profile.unread = unread;
    return recorded;
  }

  static constexpr Nanos kBrief = 100ms;

  const RecordingPlan& plan_;
  const platform::StopFlag& stop_;
  Followers* followers_;  // none: one process
  RunFacts facts_;
  Nanos started_;
  Ticker ticker_;
  GlanceBudget glances_;
  std::vector<std::unique_ptr<ProcessRun>> runs_;
  std::vector<Profile> finished_;
  std::optional<Error> error_;
  Nanos now_{0}, deadline_{0}, next_progress_{0};
  std::uint64_t ticks_ = 0;
  std::size_t turn_ = 0;  // of the processes, where not all are sampled at every tick
  bool process_went_ = false, over_ = false;
  std::string end_note_;
};

}  // namespace

Result<Recorded> record(Attachment& attachment, const RecordingPlan& plan, const platform::StopFlag& stop) {
  Recorder recorder(plan, stop, nullptr);
  recorder.add(attachment);
  return recorder.run();
}

Result<Recorded> record(Followers& program, const RecordingPlan& plan, const platform::StopFlag& stop) {
  return Recorder(plan, stop, &program).run();
}

}  // namespace gilspy::cli
