// The result of a check, for people and for scripts.
#pragma once

#include <cstddef>
#include <string>

#include "gilspy/check.h"

namespace gilspy::cli {

// The answer in its first line, then every rule, then what happened where one failed. Wrapped at `width` columns; where
// that is kOneLine, a line is a rule.
inline constexpr std::size_t kOneLine = 1 << 20;
std::string check_text(const CheckResult& result, const Verdict& verdict, std::size_t width);

// `verdict`: nullptr when nothing could be read.
std::string check_json(const CheckResult& result, const Verdict* verdict);

}  // namespace gilspy::cli
