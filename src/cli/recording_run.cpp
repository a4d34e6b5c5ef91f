#include "recording_run.h"

#include <fmt/format.h>

#include <utility>

#include "formats/recording/recording_sink.h"
#include "gilspy/platform.h"
#include "gilspy/wording.h"

namespace gilspy::cli {
namespace {

Error say_what_is_kept(const Error& error, Nanos until) {
  if (until == Nanos{0}) return error;
  return {error.code(), fmt::format("{}; the first {} are in it", error.message(), wording::seconds(until))};
}

// `what`: a process or a program.
template <typename What>
Result<Recorded> record_into(const std::string& path, What& what, recording::RecordingFile::Of of, RecordingPlan plan,
                             const OutputOptions& output, const platform::StopFlag& stop) {
  if (!output.format->streamed()) return record(what, plan, stop);
  const auto bytes = platform::append_file(path);
  recording::RecordingFile file(*bytes, of);
  plan.file = &file;
  auto recorded = record(what, plan, stop);
  if (!recorded.has_value() || recorded->kept.has_value()) return recorded;
  recorded->kept = tl::unexpected(say_what_is_kept(recorded->kept.error(), file.written_until()));
  return recorded;
}

}  // namespace

RecordingPlan plan_of(const RecordOptions& options) {
  RecordingPlan plan;
  plan.rate_hz = options.rate_hz;
  plan.gil_rate_hz = options.gil_rate_hz;
  plan.duration = options.duration;
  plan.stopping = options.stopping;
  plan.tasks = options.tasks;
  plan.native = options.native;
  return plan;
}

Result<Recorded> record_to(const std::string& path, Attachment& attachment, RecordingPlan plan,
                           const OutputOptions& output, const platform::StopFlag& stop) {
  return record_into(path, attachment, recording::RecordingFile::Of::kOneProcess, std::move(plan), output, stop);
}

Result<Recorded> record_to(const std::string& path, Followers& program, RecordingPlan plan, const OutputOptions& output,
                           const platform::StopFlag& stop) {
  return record_into(path, program, recording::RecordingFile::Of::kSeveral, std::move(plan), output, stop);
}

int deliver(const Recorded& recorded, const OutputOptions& options, const std::string& path, SummaryTo summary) {
  if (!options.format->streamed()) return deliver(recorded.profile, options, path, summary);
  return conclude(recorded.profile, recorded.kept, path, summary);
}

}  // namespace gilspy::cli
