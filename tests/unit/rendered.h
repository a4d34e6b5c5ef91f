// What the formats make of a profile, for golden files.
#pragma once

#include <string>
#include <vector>

#include "gilspy/format.h"

namespace gilspy {

// The formats that are made from a profile.
inline std::vector<Format> renderers() {
  std::vector<Format> made;
  for (const Format& format : formats::all()) {
    if (!format.streamed()) made.push_back(format);
  }
  return made;
}

// Script and style of the SVG have files and tests of their own; in a golden file they would only drown what changed.
inline std::string without_assets(std::string text) {
  for (const std::string_view tag : {"script", "style"}) {
    const std::size_t begin = text.find("<" + std::string(tag));
    const std::size_t end = text.find("</" + std::string(tag));
    if (begin == text.npos || end == text.npos) continue;
    const std::size_t content = text.find('>', begin) + 1;
    text.replace(content, end - content, "...");
  }
  return text;
}

inline std::string rendered(const Profile& profile, const Format& format) {
  return without_assets(format.render(profile, verdict::judge(profile), {}));
}

}  // namespace gilspy
