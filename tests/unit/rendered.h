// What the formats make of a profile, for golden files.
#pragma once

#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "gilspy/format.h"
#include "gilspy/wording.h"
#include "gunzipped.h"
#include "pprof_text.h"
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

inline std::uint64_t checksum(std::string_view text) {
  std::uint64_t sum = 14695981039346656037U;  // FNV-1a
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return sum;
}

// Traces have a line for everything that happened: of long ones the begin and the end is kept, and a number that
// changes with the rest.
inline std::string abridged(const std::string& text) {
  constexpr std::size_t kHead = 120, kTail = 20;
  std::vector<std::size_t> ends;
  for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) ends.push_back(at + 1);
  if (ends.size() <= kHead + kTail) return text;
  const std::size_t head = ends[kHead - 1], tail = ends[ends.size() - kTail - 1];
  return text.substr(0, head) + "... " + std::to_string(ends.size() - kHead - kTail) +
         " lines more; all of them: " + std::to_string(checksum(text)) + "\n" + text.substr(tail);
}

// Of what has lines that are too long to be looked at their begin is kept, and a number as above.
inline std::string narrow(const std::string& text) {
  constexpr std::size_t kWidth = 400;
  std::istringstream lines(text);
  std::string all;
  for (std::string line; std::getline(lines, line);) {
    if (line.size() > kWidth) {
      line = wording::valid_utf8(line.substr(0, kWidth)) + "... " + std::to_string(line.size() - kWidth) +
             " bytes more; all of it: " + std::to_string(checksum(line));
    }
    all += line + '\n';
  }
  return all;
}

// What somebody can look at in place of a file that is long, or not text.
inline std::optional<std::string> text_about(const Format& format, const std::string& made) {
  if (format.name == "perfetto") return abridged(trace_text(made));
  if (format.name == "chrometrace") return abridged(made);
  if (format.name == "speedscope") return abridged(narrow(made));
  if (format.name == "pprof") return abridged(pprof_text(gunzipped(made)));
  if (format.name == "firefox") return abridged(narrow(gunzipped(made)));
  return std::nullopt;
}

inline std::string rendered(const Profile& profile, const Format& format) {
  const std::string made = format.render(profile, verdict::judge(profile), {});
  const std::optional<std::string> about = text_about(format, made);
  return about.has_value() ? *about : without_assets(made);
}

// Of a golden file: what is not the file itself, but a text about it, is called so.
inline std::string golden_extension(const Format& format) {
  const bool is_about = !format.streamed() && text_about(format, format.render({}, {}, {})).has_value();
  return std::string(format.extension) + (is_about ? ".txt" : "");
}

}  // namespace gilspy
