#include "replay.h"

#include <fmt/format.h>

#include "profile_builder.h"

namespace gilspy::cli {

Result<Replayed> replay(recording::RecordingReader& reader) {
  using Item = recording::RecordingReader::Item;
  ProfileBuilder builder;
  builder.begin(reader.facts());
  bool any = false;
  for (Item item = reader.next(); item != Item::kEnd; item = reader.next()) {
    if (item == Item::kSample) {
      builder.add(reader.sample());
      any = true;
    } else {
      builder.update(reader.update());
    }
  }
  const recording::Ending& ending = reader.ending();
  if (!any) return fail(ErrorCode::kBadRecording, "it ends before its first tick: nothing is in it");
  return Replayed{builder.finish(reader.take_stacks(), ending.note), ending.complete};
}

Error about(const std::string& recording, const Error& error) {
  if (error.code() != ErrorCode::kBadRecording) return error;
  const std::string_view name = recording == "-" ? std::string_view("standard input") : std::string_view(recording);
  return {error.code(), fmt::format("{}: {}", name, error.message())};
}

}  // namespace gilspy::cli
