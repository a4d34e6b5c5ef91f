// A flame graph as one self-contained SVG, from folded stacks. The rectangles, ids and attributes are those that
// inferno-flamegraph 0.12.8 writes for the same folded file, so tools that read its SVGs read these too; script, style
// and colours are our own. Independent of the rest of gilspy: no clock, no file, no environment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "activity_colour.h"

namespace gilspy::flamegraph {

// One line of a folded file without its trailing count. `stack` is root first, frames separated by ';'. An empty stack
// is legal: its count is the root's own.
//
// A line that has another count to be compared with is a differential one. Its innermost frame, where no line before
// has it, is coloured by how much more (red) or less (blue) it has than that, all others are white: so
// inferno-diff-folded and inferno-flamegraph do it.
struct FoldedLine {
  std::string stack;
  std::uint64_t count = 0;
  std::optional<std::uint64_t> before = {};
};

struct Options {
  std::string title;     // shrunk, then cut, to what fits; whole in the document's title
  std::string subtitle;  // a statement about frames that are not drawn is put behind it
  std::string count_name = "samples";
  double width = 1200;                      // pixels; never below kMinWidth
  double min_width_percent = 100.0 / 1180;  // of all counts; 1 pixel of the default width. 0 draws everything
  std::size_t max_frames = 15'000;  // browsers need about a second for 10,000. 0: all, long runs of recursion as well
  // Which activity all frames belong to, for views whose stacks do not name one ("waits for the GIL" for the view of
  // waits). Empty: the activity is read from the first or second frame of each stack.
  std::string family;
  std::function<Rgb(std::string_view family, std::string_view frame)> colour = activity_colour;
  std::function<Texture(std::string_view family)> texture = activity_texture;
  bool negate = false;  // `count` is that of the earlier one: less than `before` is red
};

inline constexpr double kMinWidth = 200;

// Lines may come in any order and repeat. Bytes that are not UTF-8 and control characters become U+FFFD; names that
// differ only in those stay separate frames.
std::string render(std::span<const FoldedLine> lines, const Options& options);

}  // namespace gilspy::flamegraph
