// record: a running process, from attaching to the written file.
#include <fmt/format.h>

#include "attachment.h"
#include "commands.h"
#include "complain.h"
#include "deliver.h"
#include "gilspy/platform.h"
#include "launched_record.h"
#include "progress_line.h"
#include "recorder.h"

namespace gilspy::cli {
namespace {

Result<Profile> take_profile(const RecordOptions& options) {
  const platform::StopFlag stop;
  GILSPY_TRY(const std::unique_ptr<Attachment> attachment, attach_python(options.pid, options.stopping, stop));
  const ProgressLine line(options.pid, options.duration);
  RecordingPlan plan;
  plan.rate_hz = options.rate_hz;
  plan.duration = options.duration;
  plan.progress = [&line](Nanos elapsed, std::uint64_t ticks) { line.show(elapsed, ticks); };
  return record(*attachment, plan, stop);
}

}  // namespace

int run(const RecordOptions& options) {
  if (options.launches()) return record_launched(options);
  const auto path = choose_output(options.output, fmt::format("gilspy-{}", to_int(options.pid)));
  if (!path.has_value()) return complain(path.error());
  const auto profile = take_profile(options);
  if (!profile.has_value()) return complain(profile.error());
  return deliver(*profile, options.output, *path, SummaryTo::kStdout);
}

}  // namespace gilspy::cli
