// The bytes that a fuzzer is given, taken off one thing after another. Behind the last byte everything is zero.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace gilspy::fuzz {

class Input {
 public:
  explicit Input(std::span<const std::byte> bytes) : bytes_(bytes) {}
  Input(const std::uint8_t* data, std::size_t size) : bytes_(std::as_bytes(std::span(data, size))) {}

  bool empty() const { return bytes_.empty(); }
  std::span<const std::byte> take_bytes(std::size_t size) {
    const auto taken = bytes_.first(std::min(size, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }
  template <typename T>
  T take() {
    T value{};
    const auto taken = take_bytes(sizeof(T));
    if (!taken.empty()) std::memcpy(&value, taken.data(), taken.size());
    return value;
  }
  // Below `count`; two bytes.
  std::size_t below(std::size_t count) { return count == 0 ? 0 : take<std::uint16_t>() % count; }
  std::span<const std::byte> rest() { return take_bytes(bytes_.size()); }
  std::string_view rest_as_text() {
    const auto taken = rest();
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

 private:
  std::span<const std::byte> bytes_;
};

// What must be true whatever the input is.
inline void require(bool condition) {
  if (!condition) __builtin_trap();
}

}  // namespace gilspy::fuzz
