// Recordings of real programs that must stay readable for ever, and what every format makes of them. A better judgement
// may change the golden files; what was read must not be lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "files.h"
#include "tests/golden_file.h"
#include "tests/unit/rendered.h"

namespace gilspy::recording {
namespace {

std::filesystem::path folder() { return GILSPY_RECORDINGS_FOLDER; }

std::vector<std::string> names() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    if (entry.path().extension() == ".gilspy") found.push_back(entry.path().stem());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::filesystem::path path_of(const std::string& name, std::string_view extension) {
  return folder() / (name + std::string(extension));
}

class GoldenRecording : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenRecording, RendersWhatSomebodyLookedAt) {
  std::ifstream file(path_of(GetParam(), ".gilspy"), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto replayed = replay_text(text);
  ASSERT_TRUE(replayed.has_value()) << replayed.error().message();
  EXPECT_TRUE(replayed->complete) << replayed->profile.end_note;
  for (const Format& format : renderers()) {
    expect_golden(rendered(replayed->profile, format), path_of(GetParam(), golden_extension(format)), "recording_test");
  }
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenRecording, ::testing::ValuesIn(names()), [](const auto& test) {
  std::string name = test.param;
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

TEST(GoldenRecordings, ThereAreSomeAndNothingElseBesideThem) {
  const std::vector<std::string> recordings = names();
  EXPECT_GE(recordings.size(), 3u);
  std::set<std::filesystem::path> known{folder() / "README.md"};
  for (const std::string& name : recordings) {
    for (const Format& format : formats::all()) known.insert(path_of(name, golden_extension(format)));
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    EXPECT_EQ(known.count(entry.path()), 1u) << entry.path();
  }
}

}  // namespace
}  // namespace gilspy::recording
