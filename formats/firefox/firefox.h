// The Firefox Profiler's processed format, version 57, gzipped; later viewers bring that version up to theirs.
//
// Of each thread: markers for what it did, with who had the GIL while it waited; samples with their stacks, below the
// activity as the outermost frame and with its category. Samples weigh the time of their stretch, a long one has two.
// Times are milliseconds with all digits of the nanoseconds.
#pragma once

#include "gilspy/format.h"

namespace gilspy::formats {

// Written thread by thread. The view does not matter.
void write_firefox(const Profile& profile, const Verdict& verdict, const RenderOptions& options, ByteSink& to);

}  // namespace gilspy::formats
