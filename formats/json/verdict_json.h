// The verdict as JSON shows it.
#pragma once

#include "gilspy/verdict.h"
#include "json_writer.h"

namespace gilspy::formats {

void write_verdict(JsonWriter& json, const Verdict& verdict);

}  // namespace gilspy::formats
