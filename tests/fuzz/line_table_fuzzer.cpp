// Line tables as they are read from a code object that may just be going away. Input: format, first line, table.
#include "input.h"
#include "src/sample/line_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gilspy;
  constexpr LineFormat kFormats[] = {LineFormat::kLnotab, LineFormat::kRanges, LineFormat::kLocations};
  fuzz::Input input(data, size);
  const LineFormat format = kFormats[input.take<std::uint8_t>() % std::size(kFormats)];
  const auto first_line = input.take<std::int32_t>();
  const sample::LineTable table(format, input.rest(), first_line);
  for (std::uint32_t offset = 0; offset < 2 * size; ++offset) fuzz::require(table.line_at(offset) >= 0);
  for (std::uint32_t offset = 1; offset != 0; offset <<= 1) {
    fuzz::require(table.line_at(offset - 1) >= 0 && table.line_at(~offset) >= 0);
  }
  return 0;
}
