#include "rescue.h"

#include <fmt/format.h>

#include <cstdlib>

#include "gilspy/platform.h"

namespace gilspy::cli {

std::optional<std::string> rescue(std::string_view text, const std::string& stem, std::string_view extension) {
  constexpr int kTries = 100;  // names that are taken
  const char* chosen = std::getenv("TMPDIR");
  const std::string folder = chosen != nullptr && *chosen != '\0' ? chosen : "/tmp";
  for (int i = 1; i <= kTries; ++i) {
    const std::string number = i == 1 ? "" : fmt::format("-{}", i);
    const std::string path = fmt::format("{}/{}{}{}", folder, stem, number, extension);
    if (platform::create_file(path, text).has_value()) return path;
  }
  return std::nullopt;
}

}  // namespace gilspy::cli
