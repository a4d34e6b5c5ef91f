// A profile as folded stacks: the piece that every format of stacks shares, so that all of them show the same frames
// and the same sums.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gilspy/format.h"

namespace gilspy::stack_view {

struct Line {
  std::string stack;  // frames root first, separated by ';'; never empty
  std::uint64_t microseconds = 0;
};

// Sorted by stack, each stack once. The lines sum to the shown thread-time, rounded once: no microsecond is lost to
// rounding line by line. Stacks with less than that share of a microsecond are left out.
//
// View::kBlame: the holder's stack, and above it kWaiting with the leaf of the stack that waited.
// View::kAll of a recording that looked at all tasks: those that waited stand below kWaitingTasks, with task-time.
inline constexpr std::string_view kWaitingTasks = "tasks that wait";
inline constexpr std::string_view kWaiting = "waiting: ";
std::vector<Line> fold(const Profile& profile, const RenderOptions& options);
// With other names for the frames, by FrameId, whatever the options say about them. They must be safe_frame()s.
std::vector<Line> fold(const Profile& profile, const RenderOptions& options, std::vector<std::string> frame_names);

}  // namespace gilspy::stack_view
