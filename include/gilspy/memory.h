// Reading typed things from a MemoryReader, bounds-checked. What is read is never trusted.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <type_traits>

#include "gilspy/ids.h"
#include "gilspy/result.h"
#include "gilspy/target.h"

namespace gilspy {

inline Result<void> read_exact(MemoryReader& memory, RemoteAddr from, std::span<std::byte> into) {
  const ReadRange range{from, into};
  GILSPY_TRY(const std::size_t complete, memory.read_batch({&range, 1}));
  if (complete != 1) return fail(ErrorCode::kBadAddress, "address is not mapped in the target");
  return {};
}

// Copies the ranges in few calls, skips those that are not mapped, and calls `there(index)` for each of the others.
template <typename There>
Result<void> read_those_there(MemoryReader& memory, std::span<const ReadRange> ranges, There there) {
  for (std::size_t done = 0; done < ranges.size(); ++done) {
    GILSPY_TRY(const std::size_t complete, memory.read_batch(ranges.subspan(done)));
    for (std::size_t i = done; i < done + complete; ++i) there(i);
    done += complete;
  }
  return {};
}

template <typename T>
Result<T> read_value(MemoryReader& memory, RemoteAddr from) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value{};
  GILSPY_CHECK(read_exact(memory, from, std::as_writable_bytes(std::span<T, 1>(&value, 1))));
  return value;
}

inline Result<RemoteAddr> read_pointer(MemoryReader& memory, RemoteAddr from) {
  GILSPY_TRY(const std::uint64_t value, read_value<std::uint64_t>(memory, from));
  return RemoteAddr(value);
}

// A copied struct, viewed with bounds. A field outside the bytes reads as zero; `holds` tells beforehand.
class StructView {
 public:
  StructView() = default;
  explicit StructView(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool holds(std::size_t offset, std::size_t size) const {
    return offset <= bytes_.size() && size <= bytes_.size() - offset;
  }
  template <typename T>
  T get(std::size_t offset) const {
    T value{};
    if (holds(offset, sizeof(T))) std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  RemoteAddr pointer(std::size_t offset) const { return RemoteAddr(get<std::uint64_t>(offset)); }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace gilspy
