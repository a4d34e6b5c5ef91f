#include "gilspy/stacks.h"

#include <gmock/gmock.h>

#include "gilspy/locate.h"
#include "gilspy/verdict.h"
#include "gilspy/wording.h"

namespace gilspy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(StackTable, EqualFramesHaveOneId) {
  StackTable table;
  const FrameId first = table.intern({"f", "a.py", 3, 1});
  EXPECT_EQ(table.intern({"f", "a.py", 3, 1}), first);
  EXPECT_NE(table.intern({"f", "a.py", 4, 1}), first);
  EXPECT_NE(table.intern({"f", "a.py", 3, 2}), first);
  EXPECT_EQ(table.frame_count(), 3u);
  EXPECT_EQ(table.frame(first).file, "a.py");
}

TEST(StackTable, NamesAreNotGlued) {
  StackTable table;
  EXPECT_NE(table.intern({"ab", "c", 1, 1}), table.intern({"a", "bc", 1, 1}));
  EXPECT_NE(table.intern({std::string("a\0b", 3), "c", 1, 1}), table.intern({"a", std::string("b\0c", 3), 1, 1}));
}

TEST(StackTable, EqualStacksHaveOneIdAndKnowTheirFrames) {
  StackTable table;
  const FrameId outer = table.intern({"outer", "a.py", 1, 1}), inner = table.intern({"inner", "a.py", 9, 8});
  const StackId root = table.child(kNoStack, outer);
  const StackId leaf = table.child(root, inner);
  EXPECT_EQ(table.child(table.child(kNoStack, outer), inner), leaf);
  EXPECT_NE(table.child(kNoStack, inner), leaf);
  EXPECT_EQ(table.parent(leaf), root);
  EXPECT_EQ(table.parent(root), kNoStack);
  EXPECT_EQ(table.leaf(leaf), inner);
  EXPECT_THAT(table.frames_of(leaf), ElementsAre(outer, inner));
}

TEST(StackTable, NoStackHasNoFrames) {
  const StackTable table;
  EXPECT_THAT(table.frames_of(kNoStack), IsEmpty());
  EXPECT_EQ(table.stack_count(), 1u);
  EXPECT_EQ(table.frame_count(), 0u);
}

TEST(StackTable, RecursionIsAStackLikeAnyOther) {
  StackTable table;
  const FrameId frame = table.intern({"fib", "a.py", 2, 1});
  StackId stack = kNoStack;
  for (int i = 0; i < 1000; ++i) stack = table.child(stack, frame);
  EXPECT_EQ(table.frames_of(stack).size(), 1000u);
}

TEST(PythonVersion, TextHasWhatIsKnown) {
  EXPECT_EQ((PythonVersion{.major = 3, .minor = 11, .micro = 7}.text()), "3.11.7");
  EXPECT_EQ((PythonVersion{.major = 3, .minor = 13, .micro = -1}.text()), "3.13");
  EXPECT_EQ((PythonVersion{.major = 3, .minor = 14, .micro = 0}.text()), "3.14.0");
}

}  // namespace
}  // namespace gilspy
