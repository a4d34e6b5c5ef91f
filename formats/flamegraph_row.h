// The flame graph as a format: a profile's stacks, drawn by formats/flamegraph.
#pragma once

#include <string>

#include "gilspy/format.h"

namespace gilspy::formats {

std::string render_flamegraph(const Profile& profile, const Verdict& verdict, const RenderOptions& options);

}  // namespace gilspy::formats
