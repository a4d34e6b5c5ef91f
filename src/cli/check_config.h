// The rules of a check from a file: section [check] of a TOML file, keys named as the options.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gilspy/check.h"
#include "gilspy/result.h"

namespace gilspy::cli {

// Errors: kUsage, with file, line and the key that was probably meant: whatever is not understood is a mistake, since a
// rule that is silently ignored would let everything pass.
Result<std::vector<Rule>> rules_of_file(const std::string& path);
// The same of its text; `path` is for messages.
Result<std::vector<Rule>> rules_of_text(std::string_view text, const std::string& path);

}  // namespace gilspy::cli
