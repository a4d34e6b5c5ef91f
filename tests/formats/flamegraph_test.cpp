#include "formats/flamegraph/flamegraph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "prune.h"
#include "stack_flow.h"
#include "svg_frames.h"
#include "text.h"

namespace gilspy::flamegraph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// ---- differential graphs

TEST(Differential, TheInnermostFrameHasTheColourOfTheChange) {
  const std::string svg =
      render(Lines{{"a;b", 8, 5}, {"a;c", 1, 3}, {"d", 2, 2}, {"new", 6, 0}, {"gone", 0, 4}}, everything());
  EXPECT_THAT(svg, HasSubstr("<title>b (8 samples, 47.06%; +17.65%)"));
  EXPECT_THAT(svg, HasSubstr("<title>c (1 samples, 5.88%; -11.76%)"));
  EXPECT_THAT(svg, HasSubstr("<title>a (9 samples, 52.94%; 0.00%)"));
  EXPECT_THAT(svg, HasSubstr("<title>all (17 samples, 100%)"));
  for (const char* fill : {"rgb(255,175,175)", "rgb(200,200,255)", "rgb(250,250,250)", "rgb(255,100,100)"}) {
    EXPECT_THAT(svg, HasSubstr(fill));
  }
}

TEST(Differential, NegatedMoreIsBlue) {
  Options options = everything();
  options.negate = true;
  const std::string svg = render(Lines{{"a", 3, 1}, {"b", 2, 3}}, options);
  EXPECT_THAT(svg, HasSubstr("<title>a (3 samples, 60.00%; -40.00%)"));
  EXPECT_THAT(svg, HasSubstr("rgb(100,100,255)"));
  EXPECT_THAT(svg, HasSubstr("<title>b (2 samples, 40.00%; +20.00%)"));
  EXPECT_THAT(svg, HasSubstr("rgb(255,175,175)"));
}

TEST(Differential, WithoutASecondCountNothingIsDifferential) {
  EXPECT_THAT(render(Lines{{"a", 3}}, everything()), Not(HasSubstr("; 0.00%")));
}

// ---- geometry

TEST(Geometry, RowsStandOnTheRootAndWidthsAreCounts) {
  const auto frames = frames_of(render(Lines{{"a;b", 3}, {"a;c", 5}, {"d", 2}}, everything()), true);
  ASSERT_EQ(frames.size(), 5U);
  const Drawn& root = frame_called(frames, "all");
  EXPECT_EQ(root.width, 10U);
  EXPECT_EQ(root.y, 36 + 2 * 16 + 1);
  EXPECT_EQ(frame_called(frames, "a").width, 8U);
  EXPECT_EQ(frame_called(frames, "a").y, root.y - 16);
  EXPECT_EQ(frame_called(frames, "c").start, 3U);
  EXPECT_EQ(frame_called(frames, "c").y, root.y - 32);
  EXPECT_EQ(frame_called(frames, "d").start, 8U);
}

TEST(Geometry, TitleAndRectangleCarryNumbersAsReadersExpectThem) {
  const std::string svg = render(Lines{{"a", 1'234'567}, {"b", 1'234'567}}, everything());
  EXPECT_THAT(svg, HasSubstr("<title>a (1,234,567 samples, 50.00%)</title><rect x=\"0.0000%\" y=\"37\" "
                             "width=\"50.0000%\" height=\"15\" fill=\"rgb("));
  EXPECT_THAT(svg, HasSubstr("<title>all (2,469,134 samples, 100%)</title>"));
  EXPECT_THAT(svg, HasSubstr("<svg id=\"frames\" x=\"10\" width=\"1180\" total_samples=\"2469134\">"));
}

TEST(Geometry, ASubtitleMovesEverythingDownByItsLine) {
  Options options = everything();
  const int without = frames_of(render(Lines{{"a", 1}}, options)).front().y;
  options.subtitle = "2.00 s";
  EXPECT_EQ(frames_of(render(Lines{{"a", 1}}, options)).front().y, without + 24);
}

TEST(Geometry, OrderOfLinesDoesNotMatterAndRepeatedLinesAdd) {
  const Lines one{{"a;b", 3}, {"a;c", 5}, {"d", 2}};
  const Lines other{{"d", 1}, {"a;c", 5}, {"d", 1}, {"a;b", 3}};
  EXPECT_EQ(frames_of(render(one, everything())), frames_of(render(other, everything())));
}

TEST(Geometry, EmptyFramesAreKeptAndAnEmptyStackIsTheRootsOwn) {
  const auto frames = frames_of(render(Lines{{";a", 3}, {"c;", 4}, {"", 5}}, everything()), true);
  EXPECT_EQ(frame_called(frames, "all").width, 12U);
  EXPECT_EQ(std::ranges::count(frames, std::string(), &Drawn::name), 2);
  EXPECT_EQ(frame_called(frames, "a").start, 5U);
}

TEST(Geometry, NothingSampledIsSaidAndIsNotADivisionByZero) {
  for (const Lines& lines : {Lines{}, Lines{{"a", 0}}}) {
    const std::string svg = render(lines, Options{});
    EXPECT_THAT(svg, HasSubstr("nothing was sampled"));
    EXPECT_THAT(svg, Not(HasSubstr("nan%")));
  }
}

TEST(Geometry, CountsThatOverflowAreCut) {
  const std::string svg = render(Lines{{"a", ~0ULL - 1}, {"b", 5}}, everything());
  EXPECT_THAT(svg, HasSubstr("total_samples=\"18446744073709551615\""));
  EXPECT_EQ(frame_called(frames_of(svg), "b").width, 1U);
}

TEST(Geometry, LabelsAreCutToTheirRectangle) {
  const auto frames = frames_of(
      render(Lines{{"abcdefghijklmnop", 3}, {"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 3}, {"z", 94}},
             everything()));
  EXPECT_EQ(frame_called(frames, "abcdefghijklmnop").label, "abc..");
  EXPECT_EQ(frames[1].label, "z");
  EXPECT_EQ(frames[2].label, "\xC3\xA9\xC3\xA9\xC3\xA9..");  // characters, not bytes
}

// ---- the two traps of folded files

TEST(FoldedNames, ALeafThatEndsInANumberIsOneFrame) {
  const auto frames = frames_of(render(Lines{{"main;Thread 2", 5}}, everything()));
  EXPECT_THAT(names_of(frames), ElementsAre("main", "Thread 2"));
  EXPECT_EQ(frames[1].width, 5U);
}

TEST(FoldedNames, WholeLinesAreSortedSoAFrameMayBeDrawnTwice) {
  const auto frames = frames_of(render(Lines{{"foo", 5}, {"foo;y", 2}, {"foo bar;x", 3}}, everything()));
  EXPECT_THAT(names_of(frames), ElementsAre("foo", "foo bar", "x", "foo", "y"));
  EXPECT_EQ(frames[0].width, 5U);
  EXPECT_EQ(frames[3].start, 8U);
}

TEST(FoldedNames, BytesAreComparedUnsigned) {
  const Lines lines{{"\xC3\xA9", 1}, {"z", 1}};
  EXPECT_THAT(names_of(frames_of(render(lines, everything()))), ElementsAre("z", "\xC3\xA9"));
}

// ---- pruning

TEST(Pruning, SaysNothingWhenEverythingIsDrawn) {
  EXPECT_THAT(render(Lines{{"a", 1}, {"b", 999}}, Options{}), Not(HasSubstr("not drawn")));
}

TEST(Pruning, SaysHowMuchTimeLiesInHowManyFrames) {
  Lines lines{{"main", 9'920}};
  for (int i = 0; i < 40; ++i) {
    lines.push_back({"small_" + std::to_string(i) + ";deeper", 2});
  }
  const std::string svg = render(lines, Options{});
  EXPECT_THAT(svg, HasSubstr(">0.8 % of the time lies in 80 frames below 1 pixel, not drawn</text>"));
  EXPECT_THAT(names_of(frames_of(svg)), ElementsAre("main"));
}

TEST(Pruning, StandsBehindTheSubtitleAndIsNeverCut) {
  Options options;
  options.subtitle = std::string(300, 's');
  const std::string svg = render(Lines{{"a", 1}, {"b", 99'999}}, options);
  EXPECT_THAT(svg, HasSubstr("ss.. \xC2\xB7 less than 0.1 % of the time lies in 1 frame below 1 pixel, not drawn<"));
}

TEST(Pruning, TooManyFramesRaiseTheMinimumWidthUntilTheRestFits) {
  Lines lines;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    lines.push_back({"f" + std::to_string(i), i});
  }
  Options options = everything();
  options.max_frames = 11;  // the root and ten others
  const std::string svg = render(lines, options);
  const auto frames = frames_of(svg);
  EXPECT_EQ(frames.size(), 10U);
  EXPECT_TRUE(std::ranges::all_of(frames, [](const Drawn& f) { return f.width > 90; }));
  EXPECT_THAT(svg, HasSubstr("81.1 % of the time lies in 90 frames below 21 pixels, not drawn"));
}

TEST(Pruning, EqualFramesAtTheLimitGoTogether) {
  Lines lines;
  for (int i = 0; i < 100; ++i) {
    lines.push_back({"f" + std::to_string(i), 7});
  }
  Options options = everything();
  options.max_frames = 50;
  EXPECT_THAT(frames_of(render(lines, options), true), ::testing::SizeIs(1));
}

TEST(Pruning, HeightFollowsWhatIsDrawn) {
  const Lines lines{{"a;b;c;d;e", 1}, {"a", 99'999}};
  const Flow stacks = flow(lines);
  EXPECT_EQ(prune(stacks, 0, 0).pruned_frames, 0U);
  EXPECT_EQ(prune(stacks, 1, 0).pruned_frames, 4U);
  EXPECT_EQ(prune(stacks, 1, 0).pruned_count, 1U);
  EXPECT_THAT(render(lines, Options{}), HasSubstr("height=\"126\""));  // 36 + 24 + 2 rows + 34
}

// ---- recursion

std::string recursion(int depth, const std::string& name = "f") {
  std::string stack = "main";
  for (int i = 0; i < depth; ++i) stack += ";" + name;
  return stack;
}

TEST(Chains, DeepRecursionBecomesOneFrameThatSaysSo) {
  const auto frames =
      frames_of(render(Lines{{recursion(1000) + ";a", 30}, {recursion(1000) + ";b", 60}}, everything()));
  EXPECT_EQ(frames.size(), 43U);  // main and 19 with it, the one, 20 more, a and b
  EXPECT_EQ(std::ranges::count(frames, "(961 frames, one in the other)", &Drawn::name), 1);
  EXPECT_EQ(std::ranges::count(frames, "f", &Drawn::name), 39);
  EXPECT_TRUE(
      std::ranges::all_of(frames, [](const Drawn& f) { return f.width == 90 || f.name == "a" || f.name == "b"; }));
  EXPECT_THAT(render(Lines{{recursion(1000), 1}}, everything()), HasSubstr("height=\"742\""));  // 36 + 42 rows + 34
}

TEST(Chains, ShorterOnesAreDrawnWhole) {
  EXPECT_EQ(frames_of(render(Lines{{recursion(99), 1}}, everything())).size(), 100U);
  EXPECT_EQ(frames_of(render(Lines{{recursion(100), 1}}, everything())).size(), 41U);
}

TEST(Chains, WhatBranchesIsDrawn) {
  Lines lines;
  for (int depth = 1; depth <= 300; ++depth) lines.push_back({recursion(depth), 10});
  EXPECT_EQ(frames_of(render(lines, everything())).size(), 301U) << "each is notably narrower than the one below";
  lines = {{recursion(300), 1000}, {recursion(150) + ";other", 500}};
  const auto frames = frames_of(render(lines, everything()));
  EXPECT_EQ(std::ranges::count(frames, "other", &Drawn::name), 1);
  EXPECT_EQ(std::ranges::count(frames, "(111 frames, one in the other)", &Drawn::name), 1) << "below it";
  EXPECT_EQ(std::ranges::count(frames, "(110 frames, one in the other)", &Drawn::name), 1) << "beside it";
}

TEST(Chains, WhatStandsForOtherFramesIsSeen) {
  const Lines lines{{recursion(128) + ";(frames left out)" + recursion(500).substr(4), 10}};
  const auto frames = frames_of(render(lines, everything()));
  EXPECT_EQ(std::ranges::count(frames, "(frames left out)", &Drawn::name), 1);
  EXPECT_EQ(std::ranges::count(frames, "(89 frames, one in the other)", &Drawn::name), 1);
  EXPECT_EQ(std::ranges::count(frames, "(460 frames, one in the other)", &Drawn::name), 1);
}

// ---- text

TEST(Text, EscapesWhatXmlWouldRead) {
  Options options = everything();
  options.title = "<t> & \"u\"";
  options.subtitle = "'s' ]]>";
  options.count_name = "<ms>";
  const std::string svg = render(Lines{{"<f> & \"x\" 'y'", 1}}, options);
  EXPECT_THAT(svg, HasSubstr("<title>&lt;f&gt; &amp; &quot;x&quot; &apos;y&apos; (1 &lt;ms&gt;, 100.00%)</title>"));
  EXPECT_THAT(svg, HasSubstr(">&lt;t&gt; &amp; &quot;u&quot;</text>"));
  EXPECT_THAT(svg, HasSubstr(">&apos;s&apos; ]]&gt;</text>"));
}

TEST(Text, InvalidBytesAndControlCharactersAreReplaced) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(sanitised("a\xFF\x62"), "a" + r + "b");
  EXPECT_EQ(sanitised("\xC3"), r);                          // cut short
  EXPECT_EQ(sanitised("\xC0\xAF"), r + r);                  // overlong
  EXPECT_EQ(sanitised("\xED\xA0\x80"), r + r + r);          // a surrogate
  EXPECT_EQ(sanitised("\xF4\x90\x80\x80"), r + r + r + r);  // above U+10FFFF
  EXPECT_EQ(sanitised("\xEF\xBF\xBE"), r);                  // no character of XML
  EXPECT_EQ(sanitised(std::string("\0\x01\x1B\x7F", 4)), r + r + r + r);
  EXPECT_EQ(sanitised("\xE2\x80\xAE"), r);  // right-to-left override
  EXPECT_EQ(sanitised("tab\there"), "tab here");
  EXPECT_EQ(sanitised("\xF0\x9F\x90\x8D \xE6\xBC\xA2"), "\xF0\x9F\x90\x8D \xE6\xBC\xA2");
}

TEST(Text, ALongTitleIsCutOnThePictureButWholeInTheDocument) {
  Options options = everything();
  options.title = std::string(500, 'x') + "END";
  const std::string svg = render(Lines{{"a", 1}}, options);
  EXPECT_THAT(svg, HasSubstr("END</title>"));
  EXPECT_THAT(svg, HasSubstr("font-size:11.0px"));
  EXPECT_THAT(svg, HasSubstr("xx..</text>"));
  EXPECT_THAT(svg, Not(HasSubstr("END</text>")));
}

TEST(Text, TheScriptCannotEndItsOwnSection) {
  const std::string svg = render(Lines{{"a]]>b", 1}}, everything());
  EXPECT_EQ(svg.find("]]>"), svg.rfind("]]>"));  // only the one that the document writes
}

}  // namespace
}  // namespace gilspy::flamegraph
