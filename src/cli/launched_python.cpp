#include "launched_python.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace gilspy::cli {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// A program that has just been executed is looked at again and again, so that little of a short one is missed; one that
// has been something else for a while is left in peace, apart from a cheap look whether it has executed another.
constexpr Nanos kShortestPause = 1ms;
constexpr Nanos kLongestPause = 1s;
constexpr Nanos kBetweenLooks = 5ms;
constexpr Nanos kSettled = 250ms;  // a Python is known as one by then
constexpr Nanos kLasting = 2s;     // what is so for that long will be so in a minute, too

class PythonWatch {
 public:
  PythonWatch(platform::Child& child, Stopping stopping, const Tell& tell)
      : child_(child), stopping_(stopping), tell_(tell) {
    meet_program();
  }

  Result<std::unique_ptr<Attachment>> await() {
    while (!child_.poll().has_value()) {
      auto made = attach_now(child_.pid(), stopping_);
      if (made.has_value()) return made;
      learn(std::move(made).error());
      pause();
    }
    return tl::unexpected(obstacle().value_or(Error(ErrorCode::kGone, "the command ended before the first sample")));
  }

 private:
  void meet_program() {
    since_ = seen_ = platform::now();
    why_.reset();
    python_child_.reset();
    auto target = platform::attach(child_.pid());
    program_ = target.has_value() ? std::move(*target) : nullptr;
  }

  void learn(Error error) {
    const bool ending = error.code() == ErrorCode::kGone || error.code() == ErrorCode::kNoProcess;
    if (ending) return;
    seen_ = platform::now();
    if (error.code() == ErrorCode::kNotPython) look_for_python_child();
    why_ = std::move(error);
    const bool child_lasts = python_child_.has_value() && seen_ - python_child_since_ >= kLasting;
    const bool will_stay = why_->code() == ErrorCode::kUnsupported || why_->code() == ErrorCode::kDenied;
    if (child_lasts || (will_stay && seen_ - since_ >= kLasting)) tell_(obstacle()->message());
  }

  void look_for_python_child() {
    if (!program_) return;
    const auto pythons = locate::python_descendants(*program_);
    if (pythons.empty()) return;
    if (!python_child_.has_value() || python_child_->pid != pythons.front().pid) python_child_since_ = seen_;
    python_child_ = pythons.front();
  }

  // What prevents a recording, as far as that is certain. A program that ended while it was still starting could have
  // become anything.
  std::optional<Error> obstacle() const {
    if (!why_.has_value()) return std::nullopt;
    if (why_->code() == ErrorCode::kUnsupported || why_->code() == ErrorCode::kDenied) return why_;
    if (why_->code() == ErrorCode::kNotPython && python_child_.has_value()) {
      const std::string itself = program_ ? locate::named_process(program_->identity()) : "the command";
      return Error(
          ErrorCode::kNotPython,
          fmt::format("process {} is not Python, its child {} is: record all that the command starts with -s, let "
                      "it start that one with `exec`, or record it with --pid {} while it runs",
                      itself, locate::named_process(*python_child_), to_int(python_child_->pid)));
    }
    if (seen_ - since_ < kSettled) return std::nullopt;
    if (why_->code() == ErrorCode::kNotPython) {
      return Error(ErrorCode::kNotPython, why_->message() + ", and never became one: nothing was recorded");
    }
    return why_;
  }

  void pause() {
    const Nanos begin = platform::now();
    const Nanos end = begin + std::clamp((begin - since_) / 8, kShortestPause, kLongestPause);
    for (Nanos now = begin; now < end; now = platform::now()) {
      platform::sleep_until(std::min(end, now + kBetweenLooks));
      const Liveness liveness = program_ ? program_->liveness() : Liveness::kAlive;
      if (liveness == Liveness::kReplaced) return meet_program();
      if (liveness == Liveness::kEnded || child_.poll().has_value()) return;
    }
  }

  platform::Child& child_;
  Stopping stopping_;
  const Tell& tell_;
  std::unique_ptr<Target> program_;  // that the process runs now; none where we may not look
  Nanos since_{0}, seen_{0};         // the first and the last look at it
  std::optional<Error> why_;         // it cannot be sampled, according to the last look
  std::optional<ProcessIdentity> python_child_;
  Nanos python_child_since_{0};
};

}  // namespace

Result<std::unique_ptr<Attachment>> await_python(platform::Child& child, Stopping stopping, const Tell& tell) {
  return PythonWatch(child, stopping, tell).await();
}

}  // namespace gilspy::cli
