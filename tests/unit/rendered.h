// What the formats make of a profile, for golden files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gilspy/format.h"
#include "trace_text.h"

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

// Traces have a line for everything that happened: of long ones the begin and the end is kept, and a number that
// changes with the rest.
inline std::string abridged(const std::string& text) {
  constexpr std::size_t kHead = 120, kTail = 20;
  std::vector<std::size_t> ends;
  for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) ends.push_back(at + 1);
  if (ends.size() <= kHead + kTail) return text;
  std::uint64_t sum = 14695981039346656037U;  // FNV-1a
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211U;
  const std::size_t head = ends[kHead - 1], tail = ends[ends.size() - kTail - 1];
  return text.substr(0, head) + "... " + std::to_string(ends.size() - kHead - kTail) +
         " lines more; all of them: " + std::to_string(sum) + "\n" + text.substr(tail);
}

inline bool is_trace(const Format& format) { return format.name == "perfetto" || format.name == "chrometrace"; }

inline std::string rendered(const Profile& profile, const Format& format) {
  const std::string made = format.render(profile, verdict::judge(profile), {});
  if (is_trace(format)) return abridged(format.name == "perfetto" ? trace_text(made) : made);
  return without_assets(made);
}

// Of a golden file: what is not the file itself, but a text about it, is called so.
inline std::string golden_extension(const Format& format) {
  return std::string(format.extension) + (is_trace(format) ? ".txt" : "");
}

}  // namespace gilspy
