#include "launched_record.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "complain.h"
#include "deliver.h"
#include "gilspy/launch.h"
#include "launched_python.h"
#include "recorder.h"

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

RecordingPlan plan_of(const RecordOptions& options) {
  RecordingPlan plan;
  plan.rate_hz = options.rate_hz;
  plan.duration = options.duration;
  return plan;
}

// A launcher written in Python executes the program that is meant, and a server may execute itself once more: each of
// them is recorded, and the one that lasted longest is the one that was meant.
Result<Profile> record_to_its_end(const RecordOptions& options, platform::Child& child, Told& told) {
  const platform::StopFlag no_stop = platform::StopFlag::never();
  const RecordingPlan plan = plan_of(options);
  std::optional<Profile> longest;
  for (bool last_one_ended = true; last_one_ended;) {
    auto python = await_python(child, options.stopping, [&](const std::string& line) {
      if (!longest.has_value()) told(line);
    });
    if (!python.has_value() && longest.has_value()) break;
    if (!python.has_value()) return tl::unexpected(std::move(python).error());
    auto profile = record(**python, plan, no_stop);
    if (!profile.has_value() && profile.error().code() == ErrorCode::kGone) continue;
    if (!profile.has_value()) return profile;
    last_one_ended = !profile->end_note.empty();
    if (!longest.has_value() || profile->duration > longest->duration) longest = std::move(*profile);
  }
  // Its end is what was waited for.
  if (!options.duration.has_value() && child.poll().has_value()) longest->end_note.clear();
  return std::move(*longest);
}

Outcome record_and_deliver(const RecordOptions& options, platform::Child& child) {
  Told told;
  const auto path = choose_output(options.output, fmt::format("gilspy-{}", to_int(child.pid())));
  const auto profile = record_to_its_end(options, child, told);
  if (!profile.has_value()) {
    if (profile.error().code() == ErrorCode::kGone) return Outcome::kTooShort;
    told(profile.error().message());
    return Outcome::kFailed;
  }
  if (!path.has_value()) {
    told(path.error().message());
    return Outcome::kFailed;
  }
  const int written = deliver(*profile, options.output, *path, SummaryTo::kStderr);
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
