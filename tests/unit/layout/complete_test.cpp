#include "src/layout/complete.h"

#include <gtest/gtest.h>

#include <string>

#include "src/layout/tables/cpython_3_10.h"
#include "src/layout/tables/cpython_3_12.h"
#include "src/layout/tables/cpython_3_15t.h"

namespace gilspy::layout {
namespace {

using Spoil = void (*)(RuntimeLayout&);

struct Case {
  const char* name;
  const RuntimeLayout* table;
  Spoil spoil;
  const char* missing;
};

const Case kCases[] = {
    {"NothingIsMissing310", &tables::kCpython310, [](RuntimeLayout&) {}, ""},
    {"NothingIsMissing312", &tables::kCpython312, [](RuntimeLayout&) {}, ""},
    {"NothingIsMissing315t", &tables::kCpython315t, [](RuntimeLayout&) {}, ""},
    {"OfEveryBuild", &tables::kCpython310, [](RuntimeLayout& l) { l.thread.next = kAbsent; }, "thread.next"},
    {"ASize", &tables::kCpython310, [](RuntimeLayout& l) { l.frame.size = 0; }, "frame.size"},
    {"OneGilLiesInTheRuntime", &tables::kCpython310, [](RuntimeLayout& l) { l.runtime.gil = kAbsent; }, "runtime.gil"},
    {"OthersInTheInterpreters", &tables::kCpython312, [](RuntimeLayout& l) { l.interpreter.gil = kAbsent; },
     "interpreter.gil"},
    {"CframeIsNeededWhereItIsTheWay", &tables::kCpython312, [](RuntimeLayout& l) { l.cframe.current_frame = kAbsent; },
     "cframe.current_frame"},
    {"FrameObjectsNeedNoDataStack", &tables::kCpython312, [](RuntimeLayout& l) { l.thread.datastack_top = kAbsent; },
     "thread.datastack_top"},
    {"FreeThreadedNeedsEnabled", &tables::kCpython315t, [](RuntimeLayout& l) { l.gil.enabled = kAbsent; },
     "gil.enabled"},
    {"CopiesOfBytecodeNeedAnIndex", &tables::kCpython315t, [](RuntimeLayout& l) { l.frame.tlbc_index = kAbsent; },
     "frame.tlbc_index"},
    {"OldDictsHaveASize", &tables::kCpython310, [](RuntimeLayout& l) { l.dict.keys_size = kAbsent; }, "dict.keys_size"},
    {"NewOnesItsLogarithm", &tables::kCpython312, [](RuntimeLayout& l) { l.dict.keys_log2_size = kAbsent; },
     "dict.keys_log2_size"},
    {"WhatNoTraitNeedsMayBeAbsent", &tables::kCpython315t, [](RuntimeLayout& l) { l.thread.gil_requested = kAbsent; },
     ""},
};

class CompleteTest : public ::testing::TestWithParam<Case> {};

TEST_P(CompleteTest, NamesTheFirstFieldThatIsMissing) {
  RuntimeLayout layout = *GetParam().table;
  GetParam().spoil(layout);
  EXPECT_EQ(first_missing(layout), GetParam().missing);
}

INSTANTIATE_TEST_SUITE_P(Tables, CompleteTest, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

// What the generator takes from the shape of a build, put down once for the version that each trait came with.
TEST(Traits, FollowTheVersions) {
  EXPECT_EQ(tables::kCpython310.frame_root, FrameRoot::kFrameObjects);
  EXPECT_EQ(tables::kCpython310.line_format, LineFormat::kRanges);
  EXPECT_EQ(tables::kCpython310.instance_values, InstanceValues::kNone);
  EXPECT_EQ(tables::kCpython310.code.lasti_unit, 2);
  EXPECT_EQ(tables::kCpython312.frame_root, FrameRoot::kViaCframe);
  EXPECT_EQ(tables::kCpython312.gil_home, GilHome::kViaInterpreter);
  EXPECT_EQ(tables::kCpython312.instance_values, InstanceValues::kTaggedBeforeObject);
  EXPECT_EQ(tables::kCpython312.frame.first_sentinel_owner, 3);
  EXPECT_EQ(tables::kCpython315t.frame_root, FrameRoot::kInThread);
  EXPECT_EQ(tables::kCpython315t.frame.pointer_tag_mask, 3U);
  EXPECT_EQ(tables::kCpython315t.object.dict_before_object, 8);
  EXPECT_EQ(tables::kCpython315t.unicode.kind_shift, 8);
}

}  // namespace
}  // namespace gilspy::layout
