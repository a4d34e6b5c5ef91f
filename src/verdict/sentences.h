// What the verdict says: the headline, and one line for each thing that one can do about it.
#pragma once

#include <string>
#include <vector>

#include "gilspy/verdict.h"
#include "numbers.h"

namespace gilspy::verdict {

// `verdict` has its code and culprits.
std::string headline(const Verdict& verdict, const Numbers& numbers);
std::vector<std::string> advice(const Verdict& verdict, const Numbers& numbers, const TargetFacts& target);

}  // namespace gilspy::verdict
