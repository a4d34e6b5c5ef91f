// Every format renders every profile of sample_profile.h to exactly the bytes of its golden file, which somebody has
// looked at. A format without one fails.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "gilspy/format.h"
#include "sample_profile.h"
#include "tests/golden_file.h"

namespace gilspy {
namespace {

struct NamedProfile {
  std::string name;
  Profile (*make)();
};
const NamedProfile kProfiles[] = {{"serialized", serialized_profile}, {"mixed", mixed_profile}};

std::filesystem::path folder() { return GILSPY_GOLDEN_FOLDER; }

std::filesystem::path golden_file(const NamedProfile& profile, const Format& format) {
  return folder() / (profile.name + std::string(format.extension));
}

// Script and style of the SVG have files and tests of their own; here they would only drown what changed.
std::string without_assets(std::string text) {
  for (const std::string_view tag : {"script", "style"}) {
    const std::size_t begin = text.find("<" + std::string(tag));
    const std::size_t end = text.find("</" + std::string(tag));
    if (begin == text.npos || end == text.npos) continue;
    const std::size_t content = text.find('>', begin) + 1;
    text.replace(content, end - content, "...");
  }
  return text;
}

std::string render(const NamedProfile& named, const Format& format) {
  const Profile profile = named.make();
  return without_assets(format.render(profile, verdict::judge(profile), {}));
}

class Golden : public ::testing::TestWithParam<Format> {};

TEST_P(Golden, RendersWhatSomebodyLookedAt) {
  for (const NamedProfile& profile : kProfiles) {
    expect_golden(render(profile, GetParam()), golden_file(profile, GetParam()), "formats_test");
  }
}

TEST_P(Golden, RenderingTwiceGivesTheSameBytes) {
  for (const NamedProfile& profile : kProfiles) EXPECT_EQ(render(profile, GetParam()), render(profile, GetParam()));
}

TEST_P(Golden, AnEmptyProfileRenders) {
  const Profile profile;
  for (const View view : {View::kAll, View::kHeld, View::kWait, View::kBlame}) {
    RenderOptions options;
    options.view = view;
    GetParam().render(profile, verdict::judge(profile), options);
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, Golden, ::testing::ValuesIn(formats::all().begin(), formats::all().end()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(GoldenFolder, HasNoFileWithoutAFormat) {
  std::set<std::filesystem::path> known;
  for (const NamedProfile& profile : kProfiles) {
    for (const Format& format : formats::all()) known.insert(golden_file(profile, format));
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    EXPECT_EQ(known.count(entry.path()), 1u) << entry.path();
  }
}

TEST(Registry, FindsFormatsByName) {
  for (const Format& format : formats::all()) EXPECT_EQ(formats::find(format.name)->extension, format.extension);
  EXPECT_EQ(formats::find("pdf"), nullptr);
  EXPECT_EQ(formats::all().front().name, "flamegraph");  // the default
}

}  // namespace
}  // namespace gilspy
