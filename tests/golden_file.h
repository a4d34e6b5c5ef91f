// What a test made against a file that somebody has looked at. Such a file is never born silently.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace gilspy {

inline std::string first_difference(const std::string& made, const std::string& golden) {
  std::istringstream ours(made), theirs(golden);
  std::string our_line, their_line;
  while (our_line == their_line && (ours || theirs)) {
    if (!std::getline(ours, our_line)) our_line = "(end)";
    if (!std::getline(theirs, their_line)) their_line = "(end)";
    if (!ours && !theirs) break;
  }
  return "- " + their_line + "\n+ " + our_line;
}

// `test`: by its name in ctest.
inline void expect_golden(const std::string& made, const std::filesystem::path& path, const std::string& test) {
  if (std::getenv("GILSPY_WRITE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << made;
    ADD_FAILURE() << "wrote " << path << ": look at it, then run the test without GILSPY_WRITE_GOLDEN";
    return;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_TRUE(made == golden) << (file.is_open() ? "differs from " : "there is no ") << path << "; to write it:\n"
                              << "  GILSPY_WRITE_GOLDEN=1 ctest --test-dir " GILSPY_BUILD_FOLDER " -R '^" << test
                              << "$'\n"
                              << "then read the difference (git diff) before it is committed. First difference:\n"
                              << first_difference(made, golden);
}

}  // namespace gilspy
