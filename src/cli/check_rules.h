// Rules of a check as people write them, on the command line or in a file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gilspy/check.h"
#include "gilspy/result.h"

namespace gilspy::cli {

// What "30%", "20ms" or "serialized_by_gil,event_loop_blocked" asks for: one rule, of kFailOn one a verdict. What could
// be meant in two ways (30, 20) is refused. `where`: what an error calls the rule ("--max-gil-wait"). Errors: kUsage.
Result<std::vector<Rule>> parse_rule(RuleKind kind, const std::string& text, std::string_view where);

std::vector<std::string> verdict_names();

}  // namespace gilspy::cli
