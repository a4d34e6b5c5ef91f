#include "unwind_table.h"

#include <array>
#include <cstring>

namespace gilspy::native {
namespace {

constexpr std::uint64_t kHeader = 12;
constexpr std::uint64_t kEntry = 8;

}  // namespace

std::optional<RemoteAddr> function_begin(NativeMemory& memory, const NativeImage& image, RemoteAddr address) {
  std::array<std::uint8_t, kHeader> header{};
  if (image.unwind_table.is_null() || image.unwind_size < kHeader) return std::nullopt;
  if (!memory.read(image.unwind_table, std::as_writable_bytes(std::span(header)))) return std::nullopt;
  // Version 1, a count of 4 bytes, entries of two 4-byte numbers relative to the table: what linkers write.
  if (header[0] != 1 || header[2] != 0x03 || header[3] != 0x3b) return std::nullopt;
  std::uint32_t count = 0;
  std::memcpy(&count, &header[8], sizeof count);
  if (count > (image.unwind_size - kHeader) / kEntry) return std::nullopt;
  std::optional<RemoteAddr> found;
  std::uint64_t low = 0, high = count;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    std::int32_t offset = 0;
    const RemoteAddr entry = image.unwind_table + kHeader + middle * kEntry;
    if (!memory.read(entry, std::as_writable_bytes(std::span(&offset, 1)))) return std::nullopt;
    const RemoteAddr begin = image.unwind_table + static_cast<std::uint64_t>(std::int64_t{offset});
    if (begin <= address) {
      found = begin;
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return found;
}

bool begins_function(NativeMemory& memory, const NativeImage& image, RemoteAddr address) {
  return function_begin(memory, image, address) == address;
}

}  // namespace gilspy::native
