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

// Scripts and style have files and tests of their own, and so has what a page carries as data: in a golden file they
// would only drown what changed.
inline std::string without_assets(std::string text) {
  for (const std::string tag : {"script", "style"}) {
    for (std::size_t at = text.find("<" + tag); at != text.npos; at = text.find("<" + tag, at + 1)) {
      const std::size_t content = text.find('>', at) + 1;
      const std::size_t end = text.find("</" + tag, at);
      if (end == text.npos) break;
      text.replace(content, end - content, "...");
    }
  }
  return text;
}

inline std::string rendered(const Profile& profile, const Format& format) {
  return without_assets(format.render(profile, verdict::judge(profile), {}));
}

}  // namespace gilspy
