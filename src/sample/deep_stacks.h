// How much of a deep stack is read and told.
#pragma once

#include <cstddef>

namespace gilspy::sample {

// Objects on the heap. Up to so many are told whole.
inline constexpr std::size_t kMostWholeFrames = 4096;
inline constexpr std::size_t kInnerFrames = 2048;         // of a deeper stack, when it was last planned
inline constexpr std::size_t kLeastInnerFrames = 256;     // before it is planned anew
inline constexpr std::size_t kOuterFrames = 128;          // of both kinds
inline constexpr std::size_t kMostDeepFrames = 1U << 18;  // followed once, to find the outermost ones

// Chunks of the data stack: some 150 frames each.
inline constexpr std::size_t kMostWholeChunks = 32;
inline constexpr std::size_t kInnerChunks = 8;  // of a deeper stack, up to twice as many
inline constexpr std::size_t kMostChunks = 1U << 15;

}  // namespace gilspy::sample
