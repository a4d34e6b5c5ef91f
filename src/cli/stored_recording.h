// A recording by the name of its file, "-" for standard input. Errors: kBadRecording, with that name.
#pragma once

#include <memory>
#include <string>

#include "formats/recording/recording_reader.h"
#include "gilspy/platform.h"
#include "gilspy/result.h"
#include "replay.h"

namespace gilspy::cli {

class StoredRecording {
 public:
  static Result<StoredRecording> open(const std::string& path);

  const RunFacts& facts() const { return reader_->facts(); }
  Result<Replayed> replay();  // once

 private:
  StoredRecording() = default;

  std::string path_;
  std::unique_ptr<platform::ByteSource> source_;
  std::unique_ptr<recording::RecordingReader> reader_;
};

Result<Replayed> replay_file(const std::string& path);

}  // namespace gilspy::cli
