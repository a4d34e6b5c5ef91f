// Python's ints: of any size and sign.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/layout.h"
#include "gilspy/result.h"
#include "gilspy/target.h"

namespace gilspy::sample {

struct BigInt {
  bool is_negative = false;
  std::uint64_t bits = 0;             // of its absolute value
  std::vector<std::uint32_t> digits;  // of 30 bits, the lowest first; empty where there are too many

  bool is_exact() const { return !digits.empty() || bits == 0; }
  std::string text() const;  // "-12"; "<int of 4,000 bits>" where there are too many digits
};

// Exact up to 210 bits, which is 63 decimal digits. Errors: kCorrupt, kBadAddress.
Result<BigInt> read_big_int(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object);

}  // namespace gilspy::sample
