// What stands around the blocks. docs/recording-format.md is the description for others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gilspy::recording {

// The first byte is no text in any encoding, the last two show whether something took the file for text.
inline constexpr std::array<unsigned char, 12> kMagic{0x8e, 'g', 'i', 'l', 's', 'p', 'y', ' ', 'r', 'e', '\r', '\n'};
// Raised when readers of the one before would misunderstand, not when facts are added.
inline constexpr std::uint32_t kOfOneProcess = 1;
inline constexpr std::uint32_t kOfSeveral = 2;
inline constexpr std::size_t kFileHeaderBytes = kMagic.size() + 4;  // and the version
// Before each block: the length of its zstd frame, and the same with all bits inverted, so that damage there is not
// mistaken for an end.
inline constexpr std::size_t kBlockHeaderBytes = 8;

// No block of ours comes near: what is larger was not written by gilspy.
inline constexpr std::size_t kMostBlockBytes = 16U << 20;
// A block ends after the tick with which it grows beyond this.
inline constexpr std::size_t kFullBlockBytes = 1U << 20;

inline void put_u32(std::byte* to, std::uint32_t value) {  // little-endian
  for (int i = 0; i < 4; ++i) to[i] = static_cast<std::byte>(value >> (8 * i));
}
inline std::uint32_t get_u32(const std::byte* from) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(from[i]) << (8 * i);
  return value;
}

}  // namespace gilspy::recording
