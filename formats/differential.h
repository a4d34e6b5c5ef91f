// The flame graph of a comparison: HEAD's stacks, coloured by what changed since BASE.
#pragma once

#include <string>

#include "gilspy/comparison_format.h"

namespace gilspy::formats {

std::string render_differential(const Compared& compared, const ComparisonOptions& options);

}  // namespace gilspy::formats
