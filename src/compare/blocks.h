// A recording cut into blocks of time: how much of each function, in each of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "gilspy/compare.h"
#include "gilspy/profile.h"

namespace gilspy::compare {

enum class FunctionId : std::uint32_t {};    // of both recordings
inline constexpr FunctionId kNoFunction{0};  // of a thread without Python frames

using Blocks = std::vector<double>;  // nanoseconds in each block
using FunctionBlocks = std::unordered_map<FunctionId, Blocks>;

struct BlockSums {
  std::size_t count = 0;                                   // of blocks; 0: the recording is too short to be cut
  std::array<FunctionBlocks, kMeasures.size()> functions;  // by Measure; by the innermost function
  Blocks held;
  Blocks waited;
  Blocks cpu;  // CPU time of the process; empty if that was not read

  FunctionBlocks& of(Measure measure) { return functions[static_cast<std::size_t>(measure)]; }
  const FunctionBlocks& of(Measure measure) const { return functions[static_cast<std::size_t>(measure)]; }
};

// `functions`: by FrameId.
BlockSums block_sums(const Profile& profile, const std::vector<FunctionId>& functions);

}  // namespace gilspy::compare
