// Who made others wait, in the order of time: what Profile::blame adds up.
#pragma once

#include <functional>

#include "gilspy/profile.h"

namespace gilspy::compare {

// From `from` to `to`, so many threads waited for whoever held the GIL with this stack.
using BlameVisitor = std::function<void(Nanos from, Nanos to, StackId holder, double waiters)>;

// Where the timeline is coarse, the waiting in a window is shared by how long each holder had the GIL in it. Waiting
// that nobody is to blame for, because nobody held the GIL, is left out.
void walk_blame(const Profile& profile, const BlameVisitor& visit);

}  // namespace gilspy::compare
