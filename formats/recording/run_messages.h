// A run's facts as messages, and back. What comes from a message is checked: kBadRecording.
#pragma once

#include "gilspy/result.h"
#include "gilspy/run.h"
#include "recording.pb.h"

namespace gilspy::recording {

void fill(wire::Header& message, const RunFacts& facts);
Result<RunFacts> facts_of(const wire::Header& message);

void fill(wire::Update& message, const RunUpdate& update);
Result<RunUpdate> update_of(const wire::Update& message);

}  // namespace gilspy::recording
