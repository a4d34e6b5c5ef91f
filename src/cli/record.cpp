// record: a running process, from attaching to the written file.
#include <fmt/format.h>

#include <optional>

#include "attachment.h"
#include "commands.h"
#include "complain.h"
#include "deliver.h"
#include "formats/recording/recording_sink.h"
#include "gilspy/platform.h"
#include "gilspy/wording.h"
#include "progress_line.h"
#include "recorder.h"

namespace gilspy::cli {
namespace {

Error say_what_is_kept(const Error& error, Nanos until) {
  if (until == Nanos{0}) return error;
  return {error.code(), fmt::format("{}; the first {} are in it", error.message(), wording::seconds(until))};
}

Result<Recorded> take_profile(const RecordOptions& options, const std::string& path) {
  const platform::StopFlag stop;
  GILSPY_TRY(const std::unique_ptr<Attachment> attachment, attach_python(options.pid, options.stopping, stop));
  const ProgressLine line(options.pid, options.duration);
  RecordingPlan plan;
  plan.rate_hz = options.rate_hz;
  plan.duration = options.duration;
  plan.stopping = options.stopping;
  plan.progress = [&line](Nanos elapsed, std::uint64_t ticks) { line.show(elapsed, ticks); };
  const auto file = platform::append_file(path);
  std::optional<recording::RecordingSink> sink;
  if (options.output.format->streamed()) plan.sink = &sink.emplace(*file, *attachment->stacks);
  auto recorded = record(*attachment, plan, stop);
  if (!recorded.has_value() || recorded->kept.has_value()) return recorded;
  recorded->kept = tl::unexpected(say_what_is_kept(recorded->kept.error(), sink->written_until()));
  return recorded;
}

}  // namespace

int run(const RecordOptions& options) {
  const auto path = choose_output(options.output, fmt::format("gilspy-{}", to_int(options.pid)));
  if (!path.has_value()) return complain(path.error());
  const auto recorded = take_profile(options, *path);
  if (!recorded.has_value()) return complain(recorded.error());
  if (!options.output.format->streamed()) {
    return deliver(recorded->profile, options.output, *path, SummaryTo::kStdout);
  }
  return conclude(recorded->profile, recorded->kept, *path, SummaryTo::kStdout);
}

}  // namespace gilspy::cli
