// Who makes others wait, by function.
#pragma once

#include <vector>

#include "gilspy/verdict.h"

namespace gilspy::verdict {

// Most first. Shares are of all waiting, hand-offs included, so they may sum to less than 1.
std::vector<Culprit> culprits(const Profile& profile);

// The stack without the frames of libraries at its inner end; kNoStack: it has no others.
StackId own_part(const StackTable& table, StackId stack);

}  // namespace gilspy::verdict
