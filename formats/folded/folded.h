// "frame;frame;... N": one line a stack, N in microseconds of thread-time.
#pragma once

#include <string>

#include "gilspy/format.h"

namespace gilspy::formats {

std::string render_folded(const Profile& profile, const Verdict& verdict, const RenderOptions& options);

}  // namespace gilspy::formats
