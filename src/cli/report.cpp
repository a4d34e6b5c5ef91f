// report: a recording, from its file to whatever `record` would have written.
#include <fmt/format.h>

#include <filesystem>

#include "commands.h"
#include "complain.h"
#include "deliver.h"
#include "gilspy/platform.h"
#include "replay.h"

namespace gilspy::cli {
namespace {

// Without what the recording is called, "x.svg" for "somewhere/x.gilspy".
std::string stem_of(const std::string& recording, Pid pid) {
  const std::string stem = std::filesystem::path(recording).stem().string();
  return recording == "-" || stem.empty() ? fmt::format("gilspy-{}", to_int(pid)) : stem;
}

Result<std::string> choose_path(const ReportOptions& options, Pid pid) {
  GILSPY_TRY(std::string path, choose_output(options.output, stem_of(options.recording, pid)));
  std::error_code not_both_exist;
  if (std::filesystem::equivalent(path, options.recording, not_both_exist)) {
    return fail(ErrorCode::kUsage, fmt::format("--output is the recording itself, {}", options.recording));
  }
  return path;
}

}  // namespace

int run(const ReportOptions& options) {
  const auto source = platform::open_source(options.recording);
  if (!source.has_value()) return complain(Error(ErrorCode::kBadRecording, source.error().message()));
  const auto reader = recording::RecordingReader::open(**source);
  if (!reader.has_value()) return complain(about(options.recording, reader.error()));
  const auto path = choose_path(options, (*reader)->facts().identity.pid);
  if (!path.has_value()) return complain(path.error());
  const auto replayed = replay(**reader);
  if (!replayed.has_value()) return complain(about(options.recording, replayed.error()));
  if (!replayed->complete) say(replayed->profile.end_note);
  return deliver(replayed->profile, options.output, *path, SummaryTo::kStdout);
}

}  // namespace gilspy::cli
