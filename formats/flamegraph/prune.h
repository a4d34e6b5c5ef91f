// Which frames are wide enough to be drawn, and an honest sentence about the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "stack_flow.h"

namespace gilspy::flamegraph {

struct Pruning {
  std::vector<bool> drawn;       // per frame of the flow; the root always is
  double min_width_percent = 0;  // what was asked for, or more if that had left more than max_frames
  std::size_t pruned_frames = 0;
  std::uint64_t pruned_count = 0;  // of the total, in frames that are not drawn; nested ones counted once
};

Pruning prune(const Flow& flow, double min_width_percent, std::size_t max_frames);

// "0.8 % of the time lies in 231 frames below 1 pixel, not drawn"; empty if everything is drawn.
std::string statement(const Pruning& pruning, std::uint64_t total, double frames_width);

}  // namespace gilspy::flamegraph
