#include "recording_run.h"

#include <fmt/format.h>

#include <optional>

#include "formats/recording/recording_sink.h"
#include "gilspy/platform.h"
#include "gilspy/wording.h"

namespace gilspy::cli {
namespace {

Error say_what_is_kept(const Error& error, Nanos until) {
  if (until == Nanos{0}) return error;
  return {error.code(), fmt::format("{}; the first {} are in it", error.message(), wording::seconds(until))};
}

}  // namespace

RecordingPlan plan_of(const RecordOptions& options) {
  RecordingPlan plan;
  plan.rate_hz = options.rate_hz;
  plan.gil_rate_hz = options.gil_rate_hz;
  plan.duration = options.duration;
  plan.stopping = options.stopping;
  return plan;
}

Result<Recorded> record_to(const std::string& path, Attachment& attachment, RecordingPlan plan,
                           const OutputOptions& output, const platform::StopFlag& stop) {
  if (!output.format->streamed()) return record(attachment, plan, stop);
  const auto file = platform::append_file(path);
  recording::RecordingSink sink(*file, *attachment.stacks);
  plan.sink = &sink;
  auto recorded = record(attachment, plan, stop);
  if (!recorded.has_value() || recorded->kept.has_value()) return recorded;
  recorded->kept = tl::unexpected(say_what_is_kept(recorded->kept.error(), sink.written_until()));
  return recorded;
}

int deliver(const Recorded& recorded, const OutputOptions& options, const std::string& path, SummaryTo summary) {
  if (!options.format->streamed()) return deliver(recorded.profile, options, path, summary);
  return conclude(recorded.profile, recorded.kept, path, summary);
}

}  // namespace gilspy::cli
