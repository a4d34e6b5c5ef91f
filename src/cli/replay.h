// A recording as the profile that it was once, or would be today: what was read is judged anew.
#pragma once

#include "formats/recording/recording_reader.h"
#include "gilspy/profile.h"
#include "gilspy/result.h"

namespace gilspy::cli {

struct Replayed {
  Profile profile;
  bool complete = true;  // if not, profile.end_note says what is wrong with the recording
};

// Reads it to its end. Errors: kBadRecording: there is not a single sample in it.
Result<Replayed> replay(recording::RecordingReader& reader);

// An error about the recording that the user named.
Error about(const std::string& recording, const Error& error);

}  // namespace gilspy::cli
