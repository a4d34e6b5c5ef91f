// Stacks of 3.8 to 3.10: frames are objects on the heap, and one that returns loses its link to its caller.
#include "gilspy/memory.h"
#include "src/layout/tables/cpython_3_10.h"
#include "src/layout/tables/cpython_3_9.h"
#include "tests/unit/stack_fixture.h"

namespace gilspy::sample {
namespace {

constexpr std::uint8_t kNotExecuting = 0;  // f_executing of 3.9
constexpr std::uint8_t kExecuting = 1;

class FrameObjects : public StackFixture {
 protected:
  explicit FrameObjects(const RuntimeLayout& layout, std::uint8_t running) : StackFixture(layout), running_(running) {}
  FrameObjects() : FrameObjects(layout::tables::kCpython39, kExecuting) {}

  std::uint8_t running_;

  // Memory for frames far from each other, as malloc gives it to frames of different sizes.
  RemoteAddr room() {
    const RemoteAddr place = python_.allocate(0x1000);
    const std::vector<std::byte> bytes(0x1000);
    python_.target.memory.put_bytes(place, bytes);
    return place;
  }

  // A frame that is being executed, called by `caller`.
  RemoteAddr call(RemoteAddr place, RemoteAddr code, RemoteAddr caller, int unit = 0) {
    const RuntimeLayout& layout = python_.layout;
    python_.target.memory.put(place + layout.frame.code, code);
    python_.target.memory.put(place + layout.frame.previous, caller);
    python_.target.memory.put(place + layout.frame.instruction, std::int32_t{unit * 2 / layout.code.lasti_unit});
    set_state(place, running_);
    return place;
  }
  RemoteAddr call(RemoteAddr code, RemoteAddr caller, int unit = 0) { return call(room(), code, caller, unit); }

  void set_state(RemoteAddr frame, std::uint8_t state) {
    python_.target.memory.put(frame + python_.layout.frame.state, state);
  }
  void set_innermost(RemoteAddr frame) {
    python_.target.memory.put(thread_.state + python_.layout.thread.frame_root, frame);
  }
  // What is left of a frame that returned: it is not executed and knows no caller.
  void end(RemoteAddr frame) {
    set_state(frame, kNotExecuting);
    python_.target.memory.put(frame + python_.layout.frame.previous, RemoteAddr{});
  }
  // Ranges of memory that the last reading took, the thread state's among them; every other one is read twice.
  std::size_t ranges_read() {
    python_.target.clear_reads();
    EXPECT_EQ(read().retries, 0U);
    return (python_.target.reads().size() + 1) / 2;
  }

  RemoteAddr outer_ = call(root_, {});
  RemoteAddr middle_ = call(a_, outer_);
  RemoteAddr leaf_ = call(b_, middle_);

  void SetUp() override { set_innermost(leaf_); }
};

TEST_F(FrameObjects, AQuietStackIsReadWhole) {
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11;b:21");
}

TEST_F(FrameObjects, TheSecondTimeOneBatchIsEnough) {
  read();
  python_.target.clear_reads();
  EXPECT_EQ(read().retries, 0U);
  EXPECT_EQ(python_.target.batches(), 1U);
}

TEST_F(FrameObjects, NoFrameAtAllIsAWholeStack) {
  set_innermost({});
  EXPECT_EQ(read().quality, StackQuality::kWhole);
}

TEST_F(FrameObjects, TheLeafMayMoveOn) {
  read();
  after_the_moment([this] { call(leaf_, b_, middle_, 2); });
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11;b:21") << "where the first copy saw it";
}

TEST_F(FrameObjects, ALeafThatHasNotBegunDoesNotCount) {
  python_.target.memory.put(leaf_ + python_.layout.frame.instruction, std::int32_t{-1});
  set_state(leaf_, kNotExecuting);
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
}

TEST_F(FrameObjects, BeforeItsFirstInstructionAFunctionIsAtItsFirstLine) {
  python_.target.memory.put(leaf_ + python_.layout.frame.instruction, std::int32_t{-1});
  EXPECT_EQ(text(read().stack), "root:2;a:11;b:20");
}

// It has lost its link to its caller in the second copy.
TEST_F(FrameObjects, ALeafThatReturnsAfterwardsIsReadAgain) {
  read();
  after_the_moment([this] {
    end(leaf_);
    set_innermost(middle_);
  });
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(outcome.retries, 1U);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
}

TEST_F(FrameObjects, ALeafThatReturnedBeforeIsNone) {
  read();
  before_the_moment([this] {
    end(leaf_);
    set_innermost(middle_);
  });
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(outcome.retries, 0U);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
}

TEST_F(FrameObjects, ALeafThatCallsAfterwardsWasTheLeaf) {
  set_innermost(middle_);
  read();
  after_the_moment([this] { set_innermost(leaf_); });
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(outcome.retries, 0U);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
}

TEST_F(FrameObjects, CalleesOfAFrameThatMovesOnAreNotCertain) {
  read();
  after_the_moment([this] { call(middle_, a_, outer_, 2); });
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kTruncated);
  EXPECT_EQ(outcome.retries, 0U);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
}

// The thread calls and returns so fast that every copy meets a dead leaf.
TEST_F(FrameObjects, WhereEveryChainIsCutWhatIsRememberedStays) {
  read();
  end(leaf_);
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kTruncated);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
  call(leaf_, b_, middle_);
  EXPECT_EQ(text(read().stack), "root:2;a:11;b:21") << "and it recovers";
}

// One call into Python was over and the next began, with its frames where the last ones were.
TEST_F(FrameObjects, AThreadWithoutAFrameWhoseFramesAreExecutedIsTorn) {
  read();
  set_innermost({});
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kTruncated);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11;b:21");
}

TEST_F(FrameObjects, OfAThreadThatIsNotKnownACutChainIsLost) {
  end(leaf_);
  EXPECT_EQ(read().quality, StackQuality::kLost) << "no stack at all would be a claim that it runs no Python";
}

TEST_F(FrameObjects, AThreadsFirstFrameThatHasNotBegunIsAnEmptyStack) {
  python_.target.memory.put(outer_ + python_.layout.frame.instruction, std::int32_t{-1});
  set_state(outer_, kNotExecuting);
  set_innermost(outer_);
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(outcome.stack, kNoStack);
}

TEST_F(FrameObjects, ACallerThatIsNotExecutedIsGarbage) {
  read();
  set_state(middle_, kNotExecuting);
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kTruncated);
  EXPECT_EQ(text(outcome.stack), "root:2") << "what still links up from the root";
}

TEST_F(FrameObjects, ACircleOfFramesEnds) {
  read();
  call(outer_, root_, leaf_);
  EXPECT_EQ(read().quality, StackQuality::kLost);
}

TEST_F(FrameObjects, ACircleThatIsNewEnds) {
  call(outer_, root_, leaf_);
  EXPECT_EQ(read().quality, StackQuality::kLost);
}

// A thread of a C program, or a pool's: one call into Python is over, and the next one begins.
TEST_F(FrameObjects, ANewOutermostFrameIsAWholeStack) {
  read();
  for (const RemoteAddr frame : {leaf_, middle_, outer_}) end(frame);
  set_innermost(call(b_, call(a_, {})));
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(text(outcome.stack), "a:11;b:21");
}

TEST_F(FrameObjects, NeighboursAreReadTogether) {
  read();
  EXPECT_EQ(ranges_read(), 4U) << "three frames a page or more apart, and the thread state";
  const RemoteAddr arena = room();
  RemoteAddr innermost = outer_;
  for (std::uint64_t i = 0; i < 5; ++i) innermost = call(arena + i * 0x280, a_, innermost);
  set_innermost(innermost);
  plan_ = {};
  EXPECT_EQ(text(read().stack), "root:2;a:11;a:11;a:11;a:11;a:11");
  EXPECT_EQ(ranges_read(), 3U) << "five neighbours, the outermost frame and the thread state";
}

TEST_F(FrameObjects, DeepRecursionIsReadWhole) {
  RemoteAddr innermost = outer_;
  for (int i = 1; i < 1000; ++i) innermost = call(a_, innermost);
  set_innermost(innermost);
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(stacks_.frames_of(outcome.stack).size(), 1000U);
  python_.target.clear_reads();
  EXPECT_EQ(read().stack, outcome.stack);
  EXPECT_EQ(python_.target.batches(), 1U);
}

TEST_F(FrameObjects, WildPointersAreLost) {
  for (const std::uint64_t wild : {0xdead0UL, leaf_.value() + 3, 0x7fff'ffff'ffff'fff8UL}) {
    plan_ = {};
    set_innermost(RemoteAddr{wild});
    EXPECT_EQ(read().quality, StackQuality::kLost) << wild;
  }
  set_innermost(leaf_);
  EXPECT_EQ(read().quality, StackQuality::kWhole) << "and afterwards all is well again";
}

TEST_F(FrameObjects, AFrameWithoutACodeObjectEndsTheStack) {
  python_.target.memory.put(leaf_ + python_.layout.frame.code, thread_.state);
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kTruncated);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
}

TEST_F(FrameObjects, MemoryThatIsUnmappedIsPlannedAnew) {
  read();
  python_.target.memory.remove(leaf_, 0x1000);
  set_innermost(middle_);
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
}

// 3.10 counts instructions instead of bytes, and says in one word what became of a frame (PyFrameState).
class FrameObjects310 : public FrameObjects {
 protected:
  FrameObjects310() : FrameObjects(layout::tables::kCpython310, 0) {}
};

TEST_F(FrameObjects310, InstructionsAreTwoBytesLong) {
  call(leaf_, b_, middle_, 1);
  EXPECT_EQ(text(read().stack), "root:2;a:11;b:21");
  call(leaf_, b_, middle_, 2);
  EXPECT_EQ(text(read().stack), "root:2;a:11;b:22");
}

TEST_F(FrameObjects310, AFrameThatExecutesOrUnwindsIsOnTheStack) {
  constexpr std::uint8_t kCreated = 0xfe, kSuspended = 0xff, kReturned = 1, kUnwinding = 2, kRaised = 3, kCleared = 4;
  set_state(leaf_, kUnwinding);
  EXPECT_EQ(text(read().stack), "root:2;a:11;b:21");
  for (const std::uint8_t state : {kCreated, kSuspended, kReturned, kRaised, kCleared}) {
    set_state(leaf_, state);
    EXPECT_EQ(text(read().stack), "root:2;a:11") << int{state};
  }
}

}  // namespace
}  // namespace gilspy::sample
