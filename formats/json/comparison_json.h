// All figures of a comparison for programs. docs/diff.md describes every key; keys are only ever added.
#pragma once

#include <string>

#include "gilspy/comparison_format.h"

namespace gilspy::formats {

// The options do not matter: there are no stacks in it.
std::string render_comparison_json(const Compared& compared, const ComparisonOptions& options);

}  // namespace gilspy::formats
