#include "stored_recording.h"

#include <fmt/format.h>

#include <utility>

namespace gilspy::cli {
namespace {

// As an error about the recording that the user named.
Error about(const std::string& path, const Error& error) {
  if (error.code() != ErrorCode::kBadRecording) return error;
  return {error.code(), fmt::format("{}: {}", path == "-" ? "standard input" : path, error.message())};
}

}  // namespace

Result<StoredRecording> StoredRecording::open(const std::string& path) {
  StoredRecording file;
  file.path_ = path;
  auto source = platform::open_source(path);
  if (!source.has_value()) return fail(ErrorCode::kBadRecording, source.error().message());
  file.source_ = std::move(*source);
  auto reader = recording::RecordingReader::open(*file.source_);
  if (!reader.has_value()) return tl::unexpected(about(path, reader.error()));
  file.reader_ = std::move(*reader);
  return file;
}

Result<Replayed> StoredRecording::replay() {
  auto replayed = cli::replay(*reader_);
  if (!replayed.has_value()) return tl::unexpected(about(path_, replayed.error()));
  return replayed;
}

Result<Replayed> replay_file(const std::string& path) {
  GILSPY_TRY(StoredRecording file, StoredRecording::open(path));
  return file.replay();
}

}  // namespace gilspy::cli
