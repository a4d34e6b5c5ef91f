// Who makes others wait, by function.
#pragma once

#include <vector>

#include "gilspy/verdict.h"

namespace gilspy::verdict {

// Most first. Shares are of all waiting, hand-offs included, so they may sum to less than 1.
std::vector<Culprit> culprits(const Profile& profile);

}  // namespace gilspy::verdict
