// The frames of a rendered SVG, for tests to assert on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

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

// The frames of an SVG, without the root unless it is asked for.
inline std::vector<Drawn> frames_of(const std::string& svg, bool with_root = false) {
  static const std::regex kFrame(
      R"re(<g><title>(.*) \([^()]*\)</title><rect x="[^"]*" y="(\d+)" width="[^"]*" height="15" fill="([^"]*)")re"
      R"re((?: class="(\w+)")? fg:x="(\d+)" fg:w="(\d+)"/><text [^>]*>(.*)</text></g>)re");
  std::vector<Drawn> found;
  for (std::sregex_iterator i(svg.begin(), svg.end(), kFrame), end; i != end; ++i) {
    const auto& m = *i;
    found.push_back({m[1], std::stoull(m[5]), std::stoull(m[6]), std::stoi(m[2]), m[3], m[4], m[7]});
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
