// record: a running process, from attaching to the written file.
#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>

#include "attachment.h"
#include "commands.h"
#include "complain.h"
#include "followers.h"
#include "gilspy/platform.h"
#include "launched_record.h"
#include "progress_line.h"
#include "recording_run.h"
#include "rights.h"

namespace gilspy::cli {
namespace {

constexpr Nanos kPatience = std::chrono::seconds(2);  // as attach_python

Result<Recorded> attach_and_record(const RecordOptions& options, const std::string& path) {
  const platform::StopFlag stop;
  RecordingPlan plan = plan_of(options);
  std::optional<ProgressLine> line;
  plan.progress = [&](Nanos elapsed, std::uint64_t ticks) {
    if (!line) line.emplace(options.pid, options.duration);
    line->show(elapsed, ticks);
  };
  WorkAhead work = work_of(options, path);
  std::optional<PriorityGuard> priority;
  if (options.subprocesses) {
    plan.priority = &priority.emplace(options.rate_hz);
    plan.patience = kPatience;
    give_up_rights(work, options.verbose);
    Followers program(options.pid, options.stopping);
    auto recorded = record_to(path, program, std::move(plan), options.output, stop);
    if (!recorded.has_value()) return tl::unexpected(with_number_inside(options.pid, std::move(recorded).error()));
    return recorded;
  }
  GILSPY_TRY(const std::unique_ptr<Attachment> attachment, attach_python(options.pid, options.stopping, stop));
  work.target = attachment->target.get();
  plan.priority = &priority.emplace(options.rate_hz);
  give_up_rights(work, options.verbose);
  return record_to(path, *attachment, std::move(plan), options.output, stop);
}

}  // namespace

int run(const RecordOptions& options) {
  if (options.launches()) return record_launched(options);
  const auto path = choose_output(options.output, fmt::format("gilspy-{}", to_int(options.pid)));
  if (!path.has_value()) return complain(path.error());
  auto recorded = attach_and_record(options, *path);
  if (!recorded.has_value()) return complain(recorded.error());
  recorded->profile.set_loop_threshold(options.output.loop_threshold);
  return deliver(*recorded, options.output, *path, SummaryTo::kStdout);
}

}  // namespace gilspy::cli
