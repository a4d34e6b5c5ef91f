// When not to trust what a recording says, in plain words. docs/verdicts.md explains it to users: keep both in step.
#pragma once

#include <vector>

#include "gilspy/verdict.h"
#include "numbers.h"

namespace gilspy::verdict {

// Whether another recording of the same would say it, too: all that it rests on is on the right side of its threshold,
// margins of error included.
bool is_certain(const Claim& claim, const Numbers& numbers);

// `first`: what the verdict is.
std::vector<Warning> warnings(const Profile& profile, const Numbers& numbers, const Claim& first);

}  // namespace gilspy::verdict
