// Folded stacks become frames with a place and a width, the way a left-to-right walk over the sorted lines finds them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flamegraph.h"

namespace gilspy::flamegraph {

struct FlowFrame {
  std::string_view name;   // into the lines' stacks, or made_names
  std::size_t parent = 0;  // index of the frame below; the root's own for the root
  std::size_t depth = 0;   // 0 = root
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::optional<std::int64_t> delta = {};  // of a differential line

  std::uint64_t width() const { return end - start; }
};

struct Flow {
  std::vector<FlowFrame> frames;     // parents before children; [0] is the root "all"
  std::vector<std::size_t> closing;  // indices in the order in which frames end: the order of drawing
  std::uint64_t largest_delta = 1;   // whatever its sign
  std::deque<std::string> made_names;
  std::uint64_t total() const { return frames.front().end; }
};

// The lines must outlive the result. Counts that would overflow the total are cut.
Flow flow(std::span<const FoldedLine> lines);

}  // namespace gilspy::flamegraph
