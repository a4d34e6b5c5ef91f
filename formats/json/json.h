// All numbers of a profile for programs. docs/formats.md describes every key; keys are only ever added.
#pragma once

#include <string>

#include "gilspy/format.h"

namespace gilspy::formats {

// Durations in seconds, shares from 0 to 1. The options do not matter: there is nothing that JSON hides.
// `compact`: the same without blanks at the beginning of lines.
std::string json_document(const Profile& profile, const Verdict& verdict, bool compact);
std::string render_json(const Profile& profile, const Verdict& verdict, const RenderOptions& options);

}  // namespace gilspy::formats
