// A recording of any bytes, read and judged. The input is taken twice: as a file, and as the messages of two blocks
// whose checksums are right, which random bytes never are.
#include <cstdint>
#include <string_view>

#include "tests/unit/recording/files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gilspy::recording;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static_cast<void>(replay_text(input));
  const std::size_t half = size / 2;
  static_cast<void>(replay_text(file_header() + packed(input)));
  static_cast<void>(replay_text(file_header() + packed(input.substr(0, half)) + packed(input.substr(half))));
  return 0;
}
