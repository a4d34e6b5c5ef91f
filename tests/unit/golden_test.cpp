// Every format renders every profile of sample_profile.h to exactly the bytes of its golden file, which somebody has
// looked at. A format without one fails.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "rendered.h"
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
  return folder() / (profile.name + golden_extension(format));
}

class Golden : public ::testing::TestWithParam<Format> {};

TEST_P(Golden, RendersWhatSomebodyLookedAt) {
  for (const NamedProfile& profile : kProfiles) {
    expect_golden(rendered(profile.make(), GetParam()), golden_file(profile, GetParam()), "formats_test");
  }
}

TEST_P(Golden, RenderingTwiceGivesTheSameBytes) {
  for (const NamedProfile& profile : kProfiles) {
    EXPECT_EQ(rendered(profile.make(), GetParam()), rendered(profile.make(), GetParam()));
  }
}

TEST_P(Golden, AnEmptyProfileRenders) {
  const Profile profile;
  for (const View view : {View::kAll, View::kHeld, View::kWait, View::kBlame}) {
    RenderOptions options;
    options.view = view;
    GetParam().render(profile, verdict::judge(profile), options);
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, Golden, ::testing::ValuesIn(renderers()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(GoldenFolder, HasNoFileWithoutAFormat) {
  std::set<std::filesystem::path> known;
  for (const NamedProfile& profile : kProfiles) {
    for (const Format& format : renderers()) known.insert(golden_file(profile, format));
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    EXPECT_EQ(known.count(entry.path()), 1u) << entry.path();
  }
}

TEST(Registry, FindsFormatsByName) {
  for (const Format& format : formats::all()) EXPECT_EQ(formats::find(format.name)->extension, format.extension);
  EXPECT_EQ(formats::find("pdf"), nullptr);
  EXPECT_EQ(formats::all().front().name, "flamegraph");  // the default
  EXPECT_FALSE(formats::all().front().streamed());
}

TEST(Registry, TheLongestEndingCounts) {
  EXPECT_EQ(formats::of_file("x.json")->name, "json");
  EXPECT_EQ(formats::of_file("x.trace.json")->name, "chrometrace");
  EXPECT_EQ(formats::of_file("X.TRACE.JSON")->name, "chrometrace");
  EXPECT_EQ(formats::of_file("trace.json")->name, "json");
  EXPECT_EQ(formats::of_file("x.speedscope.json")->name, "speedscope");
  EXPECT_EQ(formats::of_file("x.firefox.json.gz")->name, "firefox");
  EXPECT_EQ(formats::of_file("x.pb.gz")->name, "pprof");
  EXPECT_EQ(formats::of_file("x.json.gz"), nullptr);
  EXPECT_EQ(formats::of_file("x.pftrace")->name, "perfetto");
  EXPECT_EQ(formats::of_file("x"), nullptr);
}

}  // namespace
}  // namespace gilspy
