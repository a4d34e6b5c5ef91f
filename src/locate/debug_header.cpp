#include "debug_header.h"

#include <array>
#include <string_view>

#include "gilspy/memory.h"

namespace gilspy::locate {

std::optional<PythonVersion> version_of_hex(std::uint64_t hex) {
  PythonVersion version;
  version.major = static_cast<int>(hex >> 24 & 0xff);
  version.minor = static_cast<int>(hex >> 16 & 0xff);
  version.micro = static_cast<int>(hex >> 8 & 0xff);
  const std::uint64_t level = hex >> 4 & 0xf;  // alpha, beta, candidate, final
  if (hex >> 32 != 0 || version.major != 3 || level < 0xa) return std::nullopt;
  return version;
}

Result<std::optional<DebugHeader>> read_debug_header(MemoryReader& memory, RemoteAddr runtime) {
  struct {
    std::array<char, 8> cookie{};
    std::uint64_t version = 0;
    std::uint64_t free_threaded = 0;
  } words;
  GILSPY_TRY(words, read_value<decltype(words)>(memory, runtime));
  if (std::string_view(words.cookie.data(), words.cookie.size()) != "xdebugpy") return std::nullopt;
  const auto version = version_of_hex(words.version);
  if (!version) return std::nullopt;
  return DebugHeader{*version, words.free_threaded == 1};
}

}  // namespace gilspy::locate
