// From an instruction to its line: co_lnotab (up to 3.9, Objects/lnotab_notes.txt of CPython), co_linetable of 3.10
// (same file) and of 3.11 and later (Objects/locations.md, or InternalDocs/code_objects.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gilspy/layout.h"

namespace gilspy::sample {

class LineTable {
 public:
  LineTable() = default;
  LineTable(LineFormat format, std::span<const std::byte> table, int first_line);

  // The line of the instruction at `offset` bytes from the first one; 0 where the table has none.
  int line_at(std::uint32_t offset) const;

 private:
  struct Run {
    std::uint32_t begin = 0;
    int line = 0;  // 0: no line
  };
  void read_lnotab(std::span<const std::byte> table, int first_line);
  void read_ranges(std::span<const std::byte> table, int first_line);
  void read_locations(std::span<const std::byte> table, int first_line);
  void append(std::uint32_t size, int line);

  std::vector<Run> runs_;
  std::uint32_t end_ = 0;
};

}  // namespace gilspy::sample
