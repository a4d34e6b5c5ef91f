// A trace for Perfetto's viewer: what every thread did, who had the GIL, how many waited for it, CPUs in use, hand-offs
// as flows, and call stacks at even distances.
#pragma once

#include "gilspy/format.h"

namespace gilspy::formats {

// Written packet by packet. `include_blocked` adds the stacks of blocked threads; what they do is always shown. The
// view does not matter.
void write_perfetto(const Profile& profile, const Verdict& verdict, const RenderOptions& options, ByteSink& to);

}  // namespace gilspy::formats
