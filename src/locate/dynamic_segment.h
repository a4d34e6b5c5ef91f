// What the dynamic linker reads of a file: exported symbols and needed libraries, by way of the program headers. It is
// there in every file that can be loaded, also without section headers, and in the memory of the process as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace gilspy::locate {

// A PT_LOAD segment: file bytes [offset, offset + file_size) are seen at `address` (before the load bias).
struct Segment {
  std::uint64_t offset = 0;
  std::uint64_t file_size = 0;
  std::uint64_t address = 0;
  std::uint64_t memory_size = 0;
};

// A view: what it is made of must outlive it. No offset is followed before it is known to lie inside the bytes.
class DynamicSegment {
 public:
  // `bytes` is a whole 64-bit file, `table` its PT_DYNAMIC segment. A linker that has loaded the file may have added
  // `bias` to the addresses in the table.
  DynamicSegment(std::span<const std::byte> bytes, std::span<const Segment> segments, const Segment& table,
                 std::uint64_t bias);

  // Address of a variable that the file defines for others.
  std::optional<std::uint64_t> symbol(std::string_view name) const;
  // Does it ask for a library whose name starts like this?
  bool needs(std::string_view library) const;

 private:
  std::span<const std::byte> at(std::uint64_t address) const;  // to the end of its segment's bytes
  std::span<const std::byte> pointed_to_by(std::int64_t tag) const;
  std::optional<std::uint64_t> value(std::int64_t tag) const;
  std::uint64_t symbol_count() const;

  std::span<const std::byte> bytes_;
  std::span<const Segment> segments_;
  std::span<const std::byte> table_;
  std::uint64_t bias_ = 0;
};

}  // namespace gilspy::locate
