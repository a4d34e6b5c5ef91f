// Damage to memory as a torn read, a freed object or a layout that does not fit would show it: pointers that lead
// elsewhere or in circles, giant lengths, flipped bytes, words and ranges that are gone.
#pragma once

#include <array>
#include <limits>
#include <span>
#include <vector>

#include "input.h"
#include "platform/replay/fake_target.h"

namespace gilspy::fuzz {

using Reads = std::span<const FakeTarget::Read>;

enum class Damage : std::uint8_t {
  kPointToStart,
  kPointInside,
  kPointToItself,
  kZero,
  kGiant,
  kSmall,
  kFlipByte,
  kCopyWord,
  kRemove,
  kAnyWord,
  kCount,
};

inline void damage_word(FakeTarget& target, Reads reads, Damage kind, RemoteAddr where, Input& input) {
  constexpr std::array<std::uint64_t, 8> kGiants{~0ULL,      1ULL << 63, 1ULL << 40,   (1ULL << 63) - 1,
                                                 1ULL << 32, 1ULL << 31, 0xffff'ffffU, 1ULL << 24};
  const FakeTarget::Read& other = reads[input.below(reads.size())];
  const RemoteAddr inside = other.from + input.below(other.size + 1) / 8 * 8;
  switch (kind) {
    case Damage::kPointToStart: return target.memory.put(where, other.from);
    case Damage::kPointInside: return target.memory.put(where, inside);
    case Damage::kPointToItself: return target.memory.put(where, where);
    case Damage::kZero: return target.memory.put(where, std::uint64_t{0});
    case Damage::kGiant: return target.memory.put(where, kGiants[input.below(kGiants.size())]);
    case Damage::kSmall: return target.memory.put(where, std::uint64_t{input.take<std::uint8_t>()});
    case Damage::kFlipByte: return target.memory.put(where + input.below(8), input.take<std::uint8_t>());
    case Damage::kCopyWord: {
      std::array<std::byte, 8> word{};
      if (target.memory.copy(inside, word)) target.memory.put_bytes(where, word);
      return;
    }
    case Damage::kRemove: return target.memory.remove(where, 1 + input.below(256));
    case Damage::kAnyWord:
    case Damage::kCount: return target.memory.put(where, input.take<std::uint64_t>());
  }
}

// One thing in the memory that was read. `reads` may not be empty.
inline void damage(FakeTarget& target, Reads reads, Input& input) {
  const auto kind = static_cast<Damage>(input.take<std::uint8_t>() % static_cast<unsigned>(Damage::kCount));
  const FakeTarget::Read& read = reads[input.below(reads.size())];
  damage_word(target, reads, kind, read.from + input.below(read.size + 1) / 8 * 8, input);
}

// The same a second time would only make it likelier to be chosen.
inline std::vector<FakeTarget::Read> different_reads(Reads reads) {
  std::vector<FakeTarget::Read> different;
  for (const FakeTarget::Read& read : reads) {
    if (std::find(different.begin(), different.end(), read) == different.end()) different.push_back(read);
  }
  return different;
}

}  // namespace gilspy::fuzz
