// What a claim rests on, in numbers, and how sure it is.
#pragma once

#include <vector>

#include "gilspy/verdict.h"
#include "numbers.h"

namespace gilspy::verdict {

std::vector<Evidence> evidence(VerdictCode code, const Numbers& numbers, const TargetFacts& target);

// From 0 to 1. Right at a threshold it is 0.5, since the next rule would do as well there; from twice the threshold on
// (half of it, where little is asked for) it is 1; the weakest number counts, with the end of its interval that is
// nearer to the threshold. A recording that is too short for intervals is as good as right at it. What was not seen
// takes from it: few ticks, unknown time, and half as much the ticks between which the GIL went through several hands.
double confidence(VerdictCode code, const std::vector<Evidence>& evidence, const Numbers& numbers);

}  // namespace gilspy::verdict
