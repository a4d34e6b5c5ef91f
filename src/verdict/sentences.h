// What the verdict says: the headline, and one line for each thing that one can do about it.
#pragma once

#include <string>
#include <vector>

#include "gilspy/verdict.h"
#include "numbers.h"

namespace gilspy::verdict {

// What is known when a claim is put into words.
struct Case {
  Numbers numbers;
  std::vector<Culprit> culprits;
  const TargetFacts& target;
};

std::string sentence(VerdictCode code, const Case& found);
std::vector<std::string> advice(VerdictCode code, const Case& found);

}  // namespace gilspy::verdict
