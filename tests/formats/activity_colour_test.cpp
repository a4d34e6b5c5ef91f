#include "formats/flamegraph/activity_colour.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "svg_frames.h"

namespace gilspy::flamegraph {
namespace {

using ::testing::HasSubstr;

struct FamilyCase {
  std::string_view name;
  Rgb base;
  Texture texture = Texture::kPlain;
};
constexpr std::array<FamilyCase, 8> kFamilyCases{{
    {"holds the GIL", {0xE6, 0x9F, 0x00}},
    {"holds the GIL off CPU", {0xE6, 0x9F, 0x00}, Texture::kHatched},
    {"waits for the GIL", {0xD5, 0x5E, 0x00}},
    {"runs without the GIL", {0x00, 0x9E, 0x73}},
    {"waits for a lock", {0xCC, 0x79, 0xA7}},
    {"stop-the-world", {0x00, 0x72, 0xB2}},
    {"blocked", {0xBB, 0xBB, 0xBB}},
    {"unknown", {0xFF, 0xFF, 0xFF}, Texture::kDotted},
}};

std::vector<Rgb> shades(std::string_view family) {
  std::vector<Rgb> all;
  for (int i = 0; i < 300; ++i) {
    all.push_back(activity_colour(family, "frame_" + std::to_string(i)));
  }
  return all;
}

TEST(Colour, TheFamilyItselfHasThePalettesColour) {
  for (const FamilyCase& c : kFamilyCases) {
    EXPECT_EQ(activity_colour(c.name, c.name), c.base) << c.name;
    EXPECT_EQ(activity_texture(c.name), c.texture) << c.name;
    EXPECT_TRUE(is_activity(c.name));
  }
  EXPECT_FALSE(is_activity("main"));
  EXPECT_FALSE(is_activity(""));
}

TEST(Colour, ShadesAreReadableUnderBlackTextAndKeepTheirHue) {
  for (const FamilyCase& c : kFamilyCases) {
    for (const Rgb shade : shades(c.name)) {
      EXPECT_GE(contrast_with_black(shade), 4.5) << c.name;
      EXPECT_EQ(c.base.r >= c.base.b, shade.r >= shade.b) << c.name;
      EXPECT_GE(shade.r, c.base.r);
    }
  }
}

// To eyes that cannot tell red from green the two differ by lightness alone.
TEST(Colour, TheLightestVermilionIsDarkerThanTheDarkestOrange) {
  double lightest = 0;
  for (const Rgb shade : shades("waits for the GIL")) {
    lightest = std::max(lightest, contrast_with_black(shade));
  }
  EXPECT_LT(lightest, contrast_with_black(activity_colour("holds the GIL", "holds the GIL")));
}

TEST(Colour, ShadesDependOnTheNameOnly) {
  EXPECT_EQ(activity_colour("blocked", "read"), activity_colour("blocked", "read"));
  auto all = shades("waits for the GIL");
  std::ranges::sort(all);
  EXPECT_EQ(std::unique(all.begin(), all.end()) - all.begin(), 7);
}

TEST(Colour, FramesTakeTheFamilyOfTheirStack) {
  const auto frames = frames_of(render(Lines{{"waits for the GIL;f", 9}, {"blocked;f", 1}}, everything()));
  EXPECT_EQ(frame_called(frames, "waits for the GIL").fill, "rgb(213,94,0)");
  EXPECT_EQ(frame_called(frames, "waits for the GIL").label, "waits for the GIL: 90.0 %");
  EXPECT_EQ(frame_called(frames, "blocked").fill, "rgb(187,187,187)");
  const auto fs = std::ranges::count(frames, std::string("f"), &Drawn::name);
  ASSERT_EQ(fs, 2);
  EXPECT_NE(frames[1].fill, frames[3].fill);
}

TEST(Colour, TheFamilyMayStandBehindTheThread) {
  const auto frames = frames_of(render(Lines{{"worker-1;waits for the GIL;f", 9}, {"worker-1;main", 1}}, everything()));
  EXPECT_EQ(frame_called(frames, "waits for the GIL").fill, "rgb(213,94,0)");
  const Rgb f = activity_colour("waits for the GIL", "f");
  EXPECT_EQ(frame_called(frames, "f").fill,
            "rgb(" + std::to_string(f.r) + "," + std::to_string(f.g) + "," + std::to_string(f.b) + ")");
  const Rgb neutral = activity_colour("worker-1", "main");
  EXPECT_EQ(neutral, activity_colour("anything else", "main"));
}

TEST(Colour, TheCallerMayNameTheFamilyOfAllFrames) {
  Options options = everything();
  options.family = "waits for the GIL";
  const auto frames = frames_of(render(Lines{{"main;f", 9}}, options));
  const auto as_family = frames_of(render(Lines{{"waits for the GIL;main;f", 9}}, everything()));
  EXPECT_EQ(frame_called(frames, "f").fill, frame_called(as_family, "f").fill);
}

TEST(Colour, TexturesAreClassesOnRectanglesThatKeepTheirFill) {
  const std::string svg = render(Lines{{"holds the GIL off CPU;f", 9}, {"holds the GIL", 1}}, everything());
  const auto frames = frames_of(svg);
  const Drawn& hog = frame_called(frames, "holds the GIL off CPU");
  EXPECT_EQ(hog.fill, "rgb(230,159,0)");
  ASSERT_FALSE(hog.css_class.empty());
  EXPECT_THAT(svg, HasSubstr("<pattern id=\"" + hog.css_class + "\""));
  EXPECT_THAT(svg, HasSubstr("." + hog.css_class + " { fill:url(#" + hog.css_class + "); }"));
  EXPECT_EQ(frame_called(frames, "holds the GIL").css_class, "");
}

TEST(Colour, TheRootIsNeutralAndNotAskedFor) {
  Options options = everything();
  options.colour = [](std::string_view, std::string_view frame) {
    EXPECT_NE(frame, "all");
    return Rgb{1, 2, 3};
  };
  const auto frames = frames_of(render(Lines{{"a", 1}}, options), true);
  EXPECT_EQ(frame_called(frames, "a").fill, "rgb(1,2,3)");
  EXPECT_EQ(frame_called(frames, "all").fill, "rgb(228,226,220)");
}

}  // namespace
}  // namespace gilspy::flamegraph
