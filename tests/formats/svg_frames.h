// The frames of a rendered SVG, for tests to assert on.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/flamegraph/flamegraph.h"

namespace gilspy::flamegraph {

using Lines = std::vector<FoldedLine>;

struct Drawn {
  std::string name;
  std::uint64_t start = 0;
  std::uint64_t width = 0;
  int y = 0;
  std::string fill;
  std::string css_class;
  std::string label;
  bool operator==(const Drawn&) const = default;
};

// What stands between the first `open` and the next `close` behind it; empty if they do not occur.
inline std::string between(std::string_view text, std::string_view open, std::string_view close) {
  const std::size_t at = text.find(open);
  if (at == std::string_view::npos) {
    return {};
  }
  const std::string_view rest = text.substr(at + open.size());
  return std::string(rest.substr(0, rest.find(close)));
}

inline Drawn frame_of(std::string_view group) {
  const std::string title = between(group, "<title>", "</title>");
  const std::string rect = between(group, "<rect ", "/>");
  Drawn frame;
  frame.name = title.substr(0, title.rfind(" ("));
  frame.start = std::stoull(between(rect, "fg:x=\"", "\""));
  frame.width = std::stoull(between(rect, "fg:w=\"", "\""));
  frame.y = std::stoi(between(rect, " y=\"", "\""));
  frame.fill = between(rect, "fill=\"", "\"");
  frame.css_class = between(rect, "class=\"", "\"");
  frame.label = between(group.substr(group.rfind("<text ")), ">", "</text>");
  return frame;
}

// The frames of an SVG, without the root unless it is asked for.
inline std::vector<Drawn> frames_of(std::string_view svg, bool with_root = false) {
  std::vector<Drawn> found;
  for (std::size_t at = svg.find("<g><title>"); at != std::string_view::npos; at = svg.find("<g><title>", at + 1)) {
    found.push_back(frame_of(svg.substr(at, svg.find("</g>", at) - at)));
  }
  std::erase_if(found, [&](const Drawn& f) { return f.name == "all" && !with_root; });
  return found;
}

inline std::vector<std::string> names_of(const std::vector<Drawn>& frames) {
  std::vector<std::string> names;
  for (const Drawn& frame : frames) {
    names.push_back(frame.name);
  }
  return names;
}

inline const Drawn& frame_called(const std::vector<Drawn>& frames, std::string_view name) {
  const auto found = std::ranges::find(frames, name, &Drawn::name);
  EXPECT_NE(found, frames.end()) << name;
  static const Drawn kNone;
  return found == frames.end() ? kNone : *found;
}

inline Options everything() {
  Options options;
  options.min_width_percent = 0;
  return options;
}

}  // namespace gilspy::flamegraph
