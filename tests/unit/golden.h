// Bytes that somebody has looked at, in files.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "gilspy/format.h"

namespace gilspy::golden {

// The formats that are made from a profile.
inline std::vector<Format> renderers() {
  std::vector<Format> made;
  for (const Format& format : formats::all()) {
    if (!format.streamed()) made.push_back(format);
  }
  return made;
}

// Script and style of the SVG have files and tests of their own; here they would only drown what changed.
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

inline std::string render(const Profile& profile, const Format& format) {
  return without_assets(format.render(profile, verdict::judge(profile), {}));
}

inline std::string first_difference(const std::string& rendered, const std::string& golden) {
  std::istringstream ours(rendered), theirs(golden);
  std::string our_line, their_line;
  while (our_line == their_line && (ours || theirs)) {
    if (!std::getline(ours, our_line)) our_line = "(end)";
    if (!std::getline(theirs, their_line)) their_line = "(end)";
    if (!ours && !theirs) break;
  }
  return "- " + their_line + "\n+ " + our_line;
}

// `test`: the name by which ctest runs this test.
inline void expect_golden(const std::string& rendered, const std::filesystem::path& path, const std::string& test) {
  if (std::getenv("GILSPY_WRITE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << rendered;
    ADD_FAILURE() << "wrote " << path << ": look at it, then run the test without GILSPY_WRITE_GOLDEN";
    return;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_TRUE(rendered == golden) << (file.is_open() ? "differs from " : "there is no ") << path << "; to write it:\n"
                                  << "  GILSPY_WRITE_GOLDEN=1 ctest --test-dir " GILSPY_BUILD_FOLDER " -R " << test
                                  << "\nthen read the difference (git diff) before it is committed. First difference:\n"
                                  << first_difference(rendered, golden);
}

}  // namespace gilspy::golden
