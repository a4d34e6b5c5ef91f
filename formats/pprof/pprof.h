// pprof's profile.proto, gzipped: what threads did, by their stacks.
#pragma once

#include "gilspy/format.h"

namespace gilspy::formats {

// Values are nanoseconds and sum to the profile's. Labels: thread, tid, state (the activity's key), interpreter; of
// gil_blame thread and tid are those of the holder, and `waiting` is the function that waited. Of the view only the
// type of value depends that is shown first.
void write_pprof(const Profile& profile, const Verdict& verdict, const RenderOptions& options, ByteSink& to);

}  // namespace gilspy::formats
