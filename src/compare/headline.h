// The answer in one line.
#pragma once

#include <string>

#include "gilspy/compare.h"

namespace gilspy::compare {

std::string headline(const Comparison& comparison);

}  // namespace gilspy::compare
