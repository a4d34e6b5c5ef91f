// A comparison as at most 60 lines of Markdown, for a comment on a pull request.
#pragma once

#include <string>

#include "gilspy/comparison_format.h"

namespace gilspy::formats {

// The options do not matter: there are no stacks in it.
std::string render_comparison_markdown(const Compared& compared, const ComparisonOptions& options);

}  // namespace gilspy::formats
