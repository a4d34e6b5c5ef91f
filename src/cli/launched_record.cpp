#include "launched_record.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "complain.h"
#include "followers.h"
#include "gilspy/launch.h"
#include "launched_python.h"
#include "recording_run.h"
#include "rights.h"

namespace gilspy::cli {
namespace {

enum class Outcome { kWritten, kTooShort, kFailed };

// Each line once: what was told while the command ran is not repeated at its end.
class Told {
 public:
  void operator()(const std::string& line) {
    if (line != last_) say(line);
    last_ = line;
  }

 private:
  std::string last_;
};

// One run after another; the longest is kept.
class LongestRun {
 public:
  LongestRun(const OutputOptions& output, std::string path)
      : streamed_(output.format->streamed()), path_(std::move(path)) {}

  bool any() const { return longest_.has_value(); }
  // What went through a pipe cannot be taken back for a longer one.
  bool may_be_followed() const {
    std::error_code ignored;
    return !streamed_ || std::filesystem::is_regular_file(path_, ignored);
  }
  // Where the recording of another Python goes as long as it is not known which of them lasts longer.
  std::string place() const { return any() ? path_ + ".next" : path_; }
  void offer(Recorded run) {
    if (!any()) return begin_with(std::move(run));
    const bool longer = run.profile.duration > longest_->profile.duration;
    if (streamed_ && longer) take_the_place(run);
    if (streamed_ && !longer) leave();
    if (longer) longest_ = std::move(run);
  }
  Recorded take() { return std::move(*longest_); }

 private:
  // A link stays one: what replaces the file that it leads to has to be in the same folder.
  void begin_with(Recorded run) {
    longest_ = std::move(run);
    std::error_code unknown;
    const std::filesystem::path real = std::filesystem::canonical(path_, unknown);
    if (streamed_ && !unknown) path_ = real;
  }
  void take_the_place(Recorded& run) const {
    std::error_code error;
    std::filesystem::rename(place(), path_, error);
    if (!error || !run.kept.has_value()) return;
    run.kept =
        fail(ErrorCode::kCannotWrite, fmt::format("cannot write {}: {}; it is in {}", path_, error.message(), place()));
  }
  void leave() const {
    std::error_code ignored;
    std::filesystem::remove(place(), ignored);
  }

  bool streamed_;
  std::string path_;
  std::optional<Recorded> longest_;
};

// A launcher written in Python executes the program that is meant, and a server may execute itself once more: each of
// them is recorded, and the one that lasted longest is the one that was meant.
Result<Recorded> record_to_its_end(const RecordOptions& options, const std::string& path, platform::Child& child,
                                   Told& told) {
  const platform::StopFlag no_stop = platform::StopFlag::never();
  LongestRun runs(options.output, path);
  RecordingPlan plan = plan_of(options);
  plan.to_its_end = !options.duration.has_value();
  std::optional<PriorityGuard> priority;
  for (bool last_one_went = true; last_one_went;) {
    auto python = await_python(child, options.stopping, [&](const std::string& line) {
      if (!runs.any()) told(line);
    });
    if (!python.has_value() && runs.any()) break;
    if (!python.has_value()) return tl::unexpected(std::move(python).error());
    if (!priority) {
      plan.priority = &priority.emplace(options.rate_hz);
      give_up_rights(work_of(options, path), options.verbose);
    }
    auto run = record_to(runs.place(), **python, plan, options.output, no_stop);
    if (!run.has_value() && run.error().code() == ErrorCode::kGone) continue;
    if (!run.has_value()) return run;
    last_one_went = run->process_went && run->kept.has_value();
    runs.offer(std::move(*run));
    if (!runs.may_be_followed()) break;
  }
  return runs.take();
}

// All that the command starts, and whatever it executes instead of itself.
Result<Recorded> record_program(const RecordOptions& options, const std::string& path, platform::Child& child) {
  RecordingPlan plan = plan_of(options);
  plan.to_its_end = !options.duration.has_value();
  PriorityGuard priority(options.rate_hz);
  plan.priority = &priority;
  give_up_rights(work_of(options, path), options.verbose);
  Followers program(child.pid(), options.stopping);
  return record_to(path, program, std::move(plan), options.output, platform::StopFlag::never());
}

Outcome record_and_deliver(const RecordOptions& options, platform::Child& child) {
  Told told;
  const auto path = choose_output(options.output, fmt::format("gilspy-{}", to_int(child.pid())));
  if (!path.has_value()) {
    told(path.error().message());
    return Outcome::kFailed;
  }
  auto recorded =
      options.subprocesses ? record_program(options, *path, child) : record_to_its_end(options, *path, child, told);
  if (!recorded.has_value()) {
    if (recorded.error().code() == ErrorCode::kGone) return Outcome::kTooShort;
    told(recorded.error().message());
    return Outcome::kFailed;
  }
  recorded->profile.set_loop_threshold(options.output.loop_threshold);
  const int written = deliver(*recorded, options.output, *path, SummaryTo::kStderr);
  return written == kExitOk ? Outcome::kWritten : Outcome::kFailed;
}

int exit_code_of(Outcome outcome, platform::ExitStatus status) {
  if (outcome == Outcome::kWritten) return status.shell_code();
  if (outcome == Outcome::kFailed) return kExitLauncher;
  const std::string how =
      status.signal != 0 ? fmt::format("signal {}", status.signal) : fmt::format("exit status {}", status.code);
  say(fmt::format("the command ended before the first sample ({}): nothing was recorded", how));
  return status.shell_code() != 0 ? status.shell_code() : static_cast<int>(kExitLauncher);
}

}  // namespace

int record_launched(const RecordOptions& options) {
  // Before the command does anything: its name is known only afterwards.
  if (const auto writable = choose_output(options.output, "gilspy"); !writable.has_value()) {
    say(writable.error().message());
    return kExitLauncher;
  }
  const auto child = platform::launch(options.command);
  if (!child.has_value()) {
    say(child.error().message());
    const ErrorCode why = child.error().code();
    const bool never_ran = why == ErrorCode::kNoCommand || why == ErrorCode::kCannotExecute;
    return never_ran ? exit_code(why) : kExitLauncher;
  }
  const Outcome outcome = record_and_deliver(options, **child);
  return exit_code_of(outcome, (*child)->wait());
}

}  // namespace gilspy::cli
