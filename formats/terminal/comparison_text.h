// What a terminal shows of a comparison.
#pragma once

#include <string>

#include "gilspy/compare.h"
#include "terminal.h"

namespace gilspy::terminal {

// The first line is the answer. Lines of at most `width` columns (only the path may be longer).
std::string comparison_text(const Comparison& comparison, const TerminalOptions& options);

}  // namespace gilspy::terminal
