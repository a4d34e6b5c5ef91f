// A native stack and Python's frames, written as text, outermost first.
#include "src/native/merge.h"

#include <gtest/gtest.h>

#include <sstream>

namespace gilspy::native {
namespace {

using Role = NativeFunction::Role;

struct Call {
  std::uint64_t stack = 0;
  const char* functions = "";  // innermost first: "loop", "-name" of the interpreter's calls, "name"
};

struct MergeCase {
  const char* name = "";
  std::size_t frames = 0;  // of Python: p0, p1, ..., outermost first
  std::vector<NativeCopy::Entry> entries;
  std::vector<Call> calls;  // innermost first
  const char* stack = "";
  NativeQuality quality = NativeQuality::kWhole;
  bool whole = true;
  NativeFrames which = NativeFrames::kShort;
  std::optional<std::size_t> behind_left_out = std::nullopt;
};

void PrintTo(const MergeCase& c, std::ostream* out) { *out << c.name; }

std::shared_ptr<const NativeFunction> function(const std::string& word) {
  if (word == "loop") return std::make_shared<NativeFunction>(NativeFunction{"loop", "python3", Role::kEval});
  if (word[0] == '?') return std::make_shared<NativeFunction>(NativeFunction{word, "python3", Role::kNameless});
  if (word[0] == '-') return std::make_shared<NativeFunction>(NativeFunction{word.substr(1), "python3", Role::kCall});
  return std::make_shared<NativeFunction>(NativeFunction{word, "lib.so", Role::kCode});
}

class MergeTest : public ::testing::Test {
 protected:
  StackTable stacks_;

  StackId python(std::size_t frames) {
    StackId stack = kNoStack;
    for (std::size_t i = 0; i < frames; ++i) {
      stack = stacks_.child(stack, stacks_.intern({.function = "p" + std::to_string(i), .file = "app.py", .line = 1}));
    }
    return stack;
  }
  static NativeStack native(const MergeCase& c) {
    NativeStack result;
    result.whole = c.whole;
    for (const Call& call : c.calls) {
      NativeStack::Call& added = result.calls.emplace_back();
      added.stack = RemoteAddr(call.stack);
      std::istringstream words(call.functions);
      for (std::string word; words >> word;) added.functions.push_back(function(word));
    }
    return result;
  }
  std::string text(StackId stack) const {
    std::string result;
    for (const FrameId id : stacks_.frames_of(stack)) {
      const Frame& frame = stacks_.frame(id);
      EXPECT_EQ(frame.native, frame.file != "app.py") << frame.function;
      result += (result.empty() ? "" : " ") + frame.function;
    }
    return result;
  }
};

class Merge : public MergeTest, public ::testing::WithParamInterface<MergeCase> {};

TEST_P(Merge, IsAsExpected) {
  const MergeCase& c = GetParam();
  NativeCopy copy;
  copy.python = python(c.frames);
  copy.entries = c.entries;
  copy.behind_left_out = c.behind_left_out;
  const Merged merged = merge(copy, native(c), c.which, stacks_);
  EXPECT_EQ(text(merged.stack), c.stack);
  EXPECT_EQ(merged.quality, c.quality);
}

const auto name_of = [](const auto& tested) { return tested.param.name; };
constexpr RemoteAddr at(std::uint64_t address) { return RemoteAddr(address); }

INSTANTIATE_TEST_SUITE_P(
    ByCount, Merge,
    ::testing::Values(
        MergeCase{"EveryFrameIsAnEntry",  // 3.8 to 3.10
                  3,
                  {{0}, {1}, {2}},
                  {{10, "read"}, {20, "loop"}, {30, "-vectorcall"}, {40, "loop"}, {50, "loop"}, {60, "-main"}},
                  "p0 p1 p2 read"},
        MergeCase{"FunctionsInBetween",
                  2,
                  {{0}, {1}},
                  {{10, "loop"}, {20, "list_sort"}, {30, "loop"}, {40, "start"}},
                  "start p0 list_sort p1"},
        MergeCase{"CallsWithinTheLoopStayTogether",  // 3.11
                  4,
                  {{0}, {3}},
                  {{10, "read"}, {20, "loop"}, {30, "map_next"}, {40, "loop"}},
                  "p0 p1 p2 map_next p3 read"},
        MergeCase{"AllFunctions",
                  2,
                  {{0}, {1}},
                  {{10, "loop"}, {20, "-vectorcall"}, {30, "loop"}, {40, "-main"}},
                  "main loop p0 vectorcall loop p1",
                  NativeQuality::kWhole,
                  true,
                  NativeFrames::kAll},
        MergeCase{
            "InlinedOnesAreInnerOnes", 1, {{0}}, {{10, "leaf middle outer"}, {20, "loop"}}, "p0 outer middle leaf"},
        MergeCase{"WhatIsInlinedIntoTheLoopIsTheLoop", 1, {{0}}, {{10, "f"}, {20, "helper loop"}}, "p0 f"},
        MergeCase{"TheInnermostLoopHasNotBegunYet", 1, {{0}}, {{10, "loop"}, {20, "f"}, {30, "loop"}}, "p0 f"},
        MergeCase{"OneThatHasNotBegunIsShownWithAll",
                  1,
                  {{0}},
                  {{10, "loop"}, {20, "f"}, {30, "loop"}},
                  "loop p0 f loop",
                  NativeQuality::kWhole,
                  true,
                  NativeFrames::kAll},
        MergeCase{"TwoLoopsTooMany",
                  1,
                  {{0}},
                  {{10, "loop"}, {20, "loop"}, {30, "f"}, {40, "loop"}},
                  "p0",
                  NativeQuality::kLost},
        MergeCase{"ALoopTooFew", 2, {{0}, {1}}, {{10, "f"}, {20, "loop"}}, "p0 p1", NativeQuality::kLost},
        MergeCase{"TheOuterPartIsMissing",
                  4,
                  {{0}, {1}, {3}},
                  {{10, "read"}, {20, "loop"}, {30, "g"}},
                  "p0 p1 p2 (native frames missing) g p3 read",
                  NativeQuality::kCut,
                  false},
        MergeCase{"CutWithTooManyLoops",
                  1,
                  {{0}},
                  {{10, "loop"}, {20, "f"}, {30, "loop"}},
                  "p0",
                  NativeQuality::kLost,
                  false},
        MergeCase{"CutBeforeTheFirstLoop",
                  2,
                  {{0}, {1}},
                  {{10, "f"}, {20, "g"}},
                  "p0 p1 (native frames missing) g f",
                  NativeQuality::kCut,
                  false},
        MergeCase{"CutBeforeWhatMayBeALoop",
                  2,
                  {{0}, {1}},
                  {{10, "f"}, {20, "?python3+0x100"}},
                  "p0 p1",
                  NativeQuality::kLost,
                  false}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    ByAnchor, Merge,
    ::testing::Values(
        MergeCase{"TheCallWhosePartOfTheStackHasIt",
                  4,
                  {{0, at(55)}, {2, at(20)}},
                  {{10, "read"}, {20, "loop"}, {30, "map_next"}, {50, "loop"}, {60, "-main"}},
                  "p0 p1 map_next p2 p3 read"},
        MergeCase{"InALoopWithoutAName",
                  2,
                  {{0, at(55)}, {1, at(29)}},
                  {{10, "f"}, {20, "-python3+0x100"}, {30, "g"}, {50, "-python3+0x100"}, {60, "-main"}},
                  "p0 g p1 f"},
        MergeCase{"InTheOutermostCall", 1, {{0, at(99)}}, {{10, "f"}, {20, "loop"}}, "p0 f"},
        MergeCase{
            "ALoopThatHasNoFrameYet", 1, {{0, at(35)}}, {{10, "loop"}, {20, "f"}, {30, "loop"}, {40, "-main"}}, "p0 f"},
        MergeCase{"All",
                  2,
                  {{0, at(35)}, {1, at(11)}},
                  {{10, "helper loop"}, {20, "-vectorcall"}, {30, "loop"}, {40, "-main"}},
                  "main loop p0 vectorcall loop helper p1",
                  NativeQuality::kWhole,
                  true,
                  NativeFrames::kAll},
        MergeCase{"BelowTheStackPointer",
                  2,
                  {{0, at(25)}, {1, at(9)}},
                  {{10, "f"}, {20, "loop"}, {30, "-main"}},
                  "p0 p1",
                  NativeQuality::kLost},
        MergeCase{"TwoInOneCall",
                  2,
                  {{0, at(28)}, {1, at(25)}},
                  {{10, "f"}, {20, "loop"}, {30, "-main"}},
                  "p0 p1",
                  NativeQuality::kLost},
        MergeCase{"OutOfOrder",
                  2,
                  {{0, at(15)}, {1, at(35)}},
                  {{10, "loop"}, {20, "f"}, {30, "loop"}, {40, "-main"}},
                  "p0 p1",
                  NativeQuality::kLost},
        MergeCase{"OneIsNotKnownSoTheyAreCounted",
                  2,
                  {{0, at(15)}, {1}},
                  {{10, "loop"}, {20, "f"}, {30, "loop"}, {40, "-main"}},
                  "p0 f p1"},
        MergeCase{"TheOuterPartIsMissing",
                  4,
                  {{0, at(95)}, {1, at(75)}, {3, at(25)}},
                  {{10, "read"}, {20, "loop"}, {30, "g"}},
                  "p0 p1 p2 (native frames missing) g p3 read",
                  NativeQuality::kCut,
                  false},
        MergeCase{"SeveralLoopsOfACutStack",
                  3,
                  {{0, at(95)}, {1, at(35)}, {2, at(25)}},
                  {{10, "read"}, {20, "loop"}, {30, "loop"}, {40, "g"}},
                  "p0 (native frames missing) g p1 p2 read",
                  NativeQuality::kCut,
                  false},
        MergeCase{"CutBeforeTheFirstLoop",
                  2,
                  {{0, at(95)}, {1, at(75)}},
                  {{10, "f"}, {20, "g"}},
                  "p0 p1 (native frames missing) g f",
                  NativeQuality::kCut,
                  false},
        MergeCase{"CutAndOutOfOrder",
                  2,
                  {{0, at(15)}, {1, at(95)}},
                  {{10, "loop"}, {20, "g"}},
                  "p0 p1",
                  NativeQuality::kLost,
                  false}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Rest, Merge,
    ::testing::Values(MergeCase{"NoPythonFrames", 0, {}, {{10, "read"}, {20, "-call"}, {30, "main"}}, "main read"},
                      MergeCase{"NoPythonFramesAndCut", 0, {}, {{10, "read"}}, "read", NativeQuality::kCut, false},
                      MergeCase{"NoNativeCalls", 1, {{0, at(9)}}, {}, "p0", NativeQuality::kLost, false},
                      MergeCase{"Nothing", 0, {}, {}, "", NativeQuality::kLost, true},
                      MergeCase{"FramesThatNobodyEntered", 1, {}, {{10, "f"}}, "p0", NativeQuality::kLost},
                      MergeCase{
                          "EntriesBeyondTheFrames", 1, {{0, at(25)}, {7, at(15)}}, {{10, "loop"}, {20, "loop"}}, "p0"}),
    name_of);

// p2 stands for frames that are left out.
INSTANTIATE_TEST_SUITE_P(DeepStacks, Merge,
                         ::testing::Values(MergeCase{"EnteredOnceAtTheVeryBeginning",
                                                     5,
                                                     {{0}},
                                                     {{10, "read"}, {20, "loop"}, {30, "main"}},
                                                     "main p0 p1 p2 p3 p4 read",
                                                     NativeQuality::kWhole,
                                                     true,
                                                     NativeFrames::kShort,
                                                     0},
                                           MergeCase{
                                               "EnteredInTheMiddle",
                                               5,
                                               {{0}, {3}, {4}},
                                               {{10, "f"}, {20, "loop"}, {30, "loop"}, {40, "loop"}, {50, "loop"}},
                                               "p0 p1 p2 p3 p4",
                                               NativeQuality::kLost,
                                               true,
                                               NativeFrames::kShort,
                                               2},
                                           MergeCase{"CutBeforeTheMiddle",
                                                     5,
                                                     {{0}, {1}, {3}, {4}},
                                                     {{10, "f"}, {20, "loop"}, {30, "g"}, {40, "loop"}},
                                                     "p0 p1 p2 (native frames missing) p3 g p4 f",
                                                     NativeQuality::kCut,
                                                     false,
                                                     NativeFrames::kShort,
                                                     2},
                                           MergeCase{"CutWithinTheMiddle",
                                                     5,
                                                     {{0}, {1}, {3}, {4}},
                                                     {{10, "f"}, {20, "loop"}, {30, "g"}, {40, "loop"}, {50, "loop"}},
                                                     "p0 p1 p2 p3 p4",
                                                     NativeQuality::kLost,
                                                     false,
                                                     NativeFrames::kShort,
                                                     2}),
                         name_of);

// Equal stacks are one.
TEST_F(MergeTest, IsInterned) {
  NativeCopy copy;
  copy.python = python(1);
  copy.entries = {{0, at(25)}};
  const MergeCase c{"", 1, {}, {{10, "f"}, {20, "loop"}}};
  EXPECT_EQ(merge(copy, native(c), NativeFrames::kShort, stacks_).stack,
            merge(copy, native(c), NativeFrames::kShort, stacks_).stack);
}

}  // namespace
}  // namespace gilspy::native
