// report: a recording, from its file to whatever `record` would have written.
#include <fmt/format.h>

#include <filesystem>

#include "commands.h"
#include "complain.h"
#include "deliver.h"
#include "stored_recording.h"

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
  auto file = StoredRecording::open(options.recording);
  if (!file.has_value()) return complain(file.error());
  const auto path = choose_path(options, file->facts().identity.pid);
  if (!path.has_value()) return complain(path.error());
  auto replayed = file->replay();
  if (!replayed.has_value()) return complain(replayed.error());
  if (!replayed->complete) say(replayed->profile.end_note);
  replayed->profile.set_loop_threshold(options.output.loop_threshold);
  return deliver(replayed->profile, options.output, *path, SummaryTo::kStdout);
}

}  // namespace gilspy::cli
