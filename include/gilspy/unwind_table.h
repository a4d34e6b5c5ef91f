// native: the table of functions that unwinders search, .eh_frame_hdr (Linux Standard Base, Core).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "gilspy/native.h"

namespace gilspy {

// Behind a header, sorted entries of two 4-byte numbers, relative to the table's begin: where a function begins, and
// where it is described.
inline constexpr std::uint64_t kUnwindHeaderBytes = 12;
inline constexpr std::uint64_t kUnwindEntryBytes = 8;

// How many entries it has. Nothing: there is none, or it is not as all linkers write it: version 1, a pointer
// and a count of 4 bytes each, such entries.
inline std::optional<std::uint32_t> unwind_entries(NativeMemory& memory, const NativeImage& image) {
  std::array<std::uint8_t, kUnwindHeaderBytes> header{};
  if (image.unwind_table.is_null() || image.unwind_size < kUnwindHeaderBytes) return std::nullopt;
  if (!memory.read(image.unwind_table, std::as_writable_bytes(std::span(header)))) return std::nullopt;
  constexpr std::uint8_t kFourBytes = 0x03, kOfItsSize = 0x07;
  const bool is_usual = header[0] == 1 && (header[1] & kOfItsSize) == kFourBytes && header[2] == 0x03;
  if (!is_usual || header[3] != 0x3b) return std::nullopt;
  std::uint32_t count = 0;
  std::memcpy(&count, &header[8], sizeof count);
  if (count > (image.unwind_size - kUnwindHeaderBytes) / kUnwindEntryBytes) return std::nullopt;
  return count;
}

}  // namespace gilspy
