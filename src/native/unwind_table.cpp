#include "unwind_table.h"

#include "gilspy/unwind_table.h"

namespace gilspy::native {

std::optional<RemoteAddr> function_begin(NativeMemory& memory, const NativeImage& image, RemoteAddr address) {
  const auto count = unwind_entries(memory, image);
  if (!count.has_value()) return std::nullopt;
  std::optional<RemoteAddr> found;
  std::uint64_t low = 0, high = *count;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    std::int32_t offset = 0;
    const RemoteAddr entry = image.unwind_table + kUnwindHeaderBytes + middle * kUnwindEntryBytes;
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
