// The Trace Event format of Chrome, in what all of its readers understand: names, complete events, counters.
#pragma once

#include "gilspy/format.h"

namespace gilspy::formats {

// Written event by event, in the order of time. The options do not matter: there are no stacks.
void write_chrometrace(const Profile& profile, const Verdict& verdict, const RenderOptions& options, ByteSink& to);

}  // namespace gilspy::formats
