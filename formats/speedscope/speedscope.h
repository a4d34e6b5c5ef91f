// speedscope's own file format: of each thread its stacks and, beside them, what it did.
//
// All profiles have the recording's clock: where a thread is blocked (without --idle) or does not live there is an
// empty stack. Times are nanoseconds; sums are the profile's.
#pragma once

#include "gilspy/format.h"

namespace gilspy::formats {

// Written profile by profile. Of the view only "blame" matters: then that profile is shown first.
void write_speedscope(const Profile& profile, const Verdict& verdict, const RenderOptions& options, ByteSink& to);

}  // namespace gilspy::formats
