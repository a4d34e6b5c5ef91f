// co_linetable of 3.11 and later (PEP 626, format in CPython's Objects/locations.md): instruction offset to line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gilspy::sample {

class LineTable {
 public:
  LineTable() = default;
  LineTable(std::span<const std::byte> table, int first_line);

  // The line of the instruction at `offset` bytes from the first one; 0 where the table has none.
  int line_at(std::uint32_t offset) const;

 private:
  struct Run {
    std::uint32_t begin = 0;
    int line = 0;  // 0: no line
  };
  std::vector<Run> runs_;
  std::uint32_t end_ = 0;
};

}  // namespace gilspy::sample
