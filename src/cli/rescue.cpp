#include "rescue.h"

#include <fmt/format.h>

#include "gilspy/platform.h"
#include "gilspy/rights.h"

namespace gilspy::cli {

std::optional<std::string> rescue(const Contents& contents, const std::string& stem, std::string_view extension) {
  constexpr int kTries = 100;  // names that are taken
  const std::string chosen = platform::trusted_variable("TMPDIR");
  const std::string folder = chosen.empty() ? "/tmp" : chosen;
  for (int i = 1; i <= kTries; ++i) {
    const std::string number = i == 1 ? "" : fmt::format("-{}", i);
    const std::string path = fmt::format("{}/{}{}{}", folder, stem, number, extension);
    if (platform::create_file(path, contents).has_value()) return path;
  }
  return std::nullopt;
}

}  // namespace gilspy::cli
