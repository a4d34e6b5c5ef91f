// Stacks of 3.11 and later: frames on a data stack.
#include "gilspy/memory.h"
#include "src/layout/tables/cpython_3_11.h"
#include "src/layout/tables/cpython_3_12.h"
#include "src/layout/tables/cpython_3_14.h"
#include "tests/unit/stack_fixture.h"

namespace gilspy::sample {
namespace {

using StackReaderTest = StackFixture;

TEST_F(StackReaderTest, ReadsAQuietStackWhole) {
  python_.set_stack(thread_, {{root_, 0}, {a_, 2}});
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(text(outcome.stack), "root:2;a:12");
}

TEST_F(StackReaderTest, TheSecondTimeOneCallIsEnough) {
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}});
  read();
  python_.target.clear_reads();
  EXPECT_EQ(read().retries, 0U);
  EXPECT_EQ(python_.target.batches(), 1U);
}

TEST_F(StackReaderTest, NoFrameAtAllIsAWholeStack) {
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(outcome.stack, kNoStack);
}

TEST_F(StackReaderTest, LeafMayMoveOn) {
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}});
  read();
  between_the_copies([this] { python_.set_stack(thread_, {{root_, 0}, {a_, 2}}); });
  EXPECT_EQ(read().quality, StackQuality::kWhole);
}

TEST_F(StackReaderTest, ALeafThatReturnedWasThereAtTheFirstMoment) {
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}, {b_, 0}});
  read();
  between_the_copies([this] { python_.set_stack(thread_, {{root_, 0}, {a_, 0}}); });
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11;b:21");
  EXPECT_TRUE(outcome.moved);
}

TEST_F(StackReaderTest, ALeafThatCalledIsWholeWithoutItsCallee) {
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}});
  read();
  between_the_copies([this] { python_.set_stack(thread_, {{root_, 0}, {a_, 0}, {b_, 0}}); });
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
}

TEST_F(StackReaderTest, KeepsWhatAgreesWhenTwoFramesReturned) {
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}, {a_, 0}, {b_, 0}});
  read();
  between_the_copies([this] { python_.set_stack(thread_, {{root_, 0}, {a_, 0}}); });
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kTruncated);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
}

TEST_F(StackReaderTest, AFrameThatRunsHasCalledNobody) {
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}, {b_, 0}});
  python_.let_run(first_frame() + FakePython::kFrameStep, true);  // b returned after the thread state was copied
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
}

// What it called in C called the next one, which says nothing of that: it runs.
TEST_F(StackReaderTest, AFrameThatRunsMayHaveCalledThroughC) {
  const RemoteAddr sentinel = python_.allocate(0x100);
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}});
  python_.put_frame(sentinel, {b_, 0}, first_frame());
  python_.target.memory.put(sentinel + python_.layout.frame.owner, std::uint8_t{3});
  python_.target.memory.put(first_frame() + FakePython::kFrameStep + python_.layout.frame.previous, sentinel);
  python_.let_run(first_frame(), true);
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
}

// The same in 3.11, which has no frame in between.
class Frames311 : public StackFixture {
 protected:
  Frames311() : StackFixture(layout::tables::kCpython311) {}
};

TEST_F(Frames311, AFrameThatRunsMayHaveCalledThroughC) {
  for (const bool through_c : {true, false}) {
    python_.set_stack(thread_, {{root_, 0}, {a_, 0}});
    python_.let_run(first_frame(), true);
    const RemoteAddr leaf = first_frame() + FakePython::kFrameStep;
    python_.target.memory.put(leaf + python_.layout.frame.is_entry, static_cast<std::uint8_t>(through_c));
    EXPECT_EQ(text(read().stack), through_c ? "root:2;a:11" : "root:2");
  }
}

// 3.12 makes it the current one before all of it is stored.
class Frames312 : public StackFixture {
 protected:
  Frames312() : StackFixture(layout::tables::kCpython312) {}
};

TEST_F(Frames312, AFrameThatIsOnlyBeingSetUpIsNotBelieved) {
  const RemoteAddr leaf = first_frame() + 2 * FakePython::kFrameStep;
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}, {b_, -1}});
  python_.let_run(first_frame(), false);
  python_.let_run(first_frame() + FakePython::kFrameStep, false);
  for (const bool runs : {true, false}) {
    python_.let_run(leaf, runs);
    for (const bool still : {false, true}) {
      const StackOutcome outcome = read(still);
      EXPECT_EQ(outcome.quality, runs ? StackQuality::kWhole : StackQuality::kTruncated) << still;
      EXPECT_EQ(text(outcome.stack), runs ? "root:2;a:11;b:20" : "root:2;a:11") << still;
    }
  }
}

TEST_F(Frames312, WhoRunsAgainHasNoFrameThatIsBeingSetUp) {
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}, {b_, -1}});
  python_.let_run(first_frame(), false);
  python_.let_run(first_frame() + FakePython::kFrameStep, true);
  python_.let_run(first_frame() + 2 * FakePython::kFrameStep, false);
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
}

// 3.14 and later clear the code of a frame that leaves the stack.
class Frames314 : public StackFixture {
 protected:
  Frames314() : StackFixture(layout::tables::kCpython314) {}
};

TEST_F(Frames314, WhatAFrameCalledThatIsGoneIsGoneToo) {
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}, {b_, 0}});
  EXPECT_EQ(text(read().stack), "root:2;a:11;b:21");
  python_.target.memory.put(first_frame() + FakePython::kFrameStep + python_.layout.frame.code, RemoteAddr{});
  EXPECT_EQ(text(read().stack), "root:2");
}

// It loses its link to whoever resumed it before it has left the stack.
TEST_F(StackReaderTest, AGeneratorWithoutItsCallerIsNoStack) {
  const RemoteAddr generator = python_.allocate(0x100);
  python_.set_stack(thread_, {{root_, 0}, {b_, 0}});
  read();
  python_.put_frame(generator, {a_, 0}, RemoteAddr{});
  python_.target.memory.put(thread_.state + python_.layout.thread.frame_root, generator);
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kTruncated);
  EXPECT_EQ(text(outcome.stack), "root:2;b:21");
}

// Where no chain reaches the first frame: those that lie behind it on the data stack, as far as that goes and each
// links to the one before.
TEST_F(StackReaderTest, FromTheFirstFrameOnOnlyWhatIsLinkedIsBelieved) {
  const RemoteAddr generator = python_.allocate(0x100);
  const std::vector<FakePython::Call> calls{{root_, 0}, {a_, 0}, {b_, 0}};
  const RemoteAddr second = first_frame() + FakePython::kFrameStep;
  const RemoteAddr third = second + FakePython::kFrameStep;
  const auto text_without_a_chain = [&](const std::function<void()>& change) {
    python_.set_stack(thread_, calls);
    read();
    python_.put_frame(generator, {a_, 0}, RemoteAddr{});
    python_.target.memory.put(thread_.state + python_.layout.thread.frame_root, generator);
    change();
    return text(read().stack);
  };
  EXPECT_EQ(text_without_a_chain([] {}), "root:2;a:11;b:21");
  EXPECT_EQ(text_without_a_chain(
                [&] { python_.target.memory.put(thread_.state + python_.layout.thread.datastack_top, third); }),
            "root:2;a:11");
  EXPECT_EQ(text_without_a_chain([&] { python_.target.memory.put(third + python_.layout.frame.previous, generator); }),
            "root:2;a:11");
  const std::string moving = text_without_a_chain([&] {
    python_.target.on_read([&, unit = 0](const FakeTarget::Read& read) mutable {
      if (read.from == thread_.state) python_.put_frame(second, {a_, unit = 2 - unit}, first_frame());
    });
  });
  EXPECT_TRUE(moving == "root:2;a:11" || moving == "root:2;a:12") << moving << ": what it called is not certain";
}

TEST_F(StackReaderTest, OfFramesOutsideTheChunkAFewAreRemembered) {
  python_.set_stack(thread_, {{root_, 0}});
  RemoteAddr generator;
  for (int i = 0; i < 100; ++i) {
    generator = python_.allocate(0x100);
    python_.put_frame(generator, {a_, 0}, first_frame());
    python_.target.memory.put(thread_.state + python_.layout.thread.frame_root, generator);
    EXPECT_EQ(text(read().stack), "root:2;a:11");
  }
  EXPECT_LT(plan_.extras.size(), 30U);
  EXPECT_EQ(plan_.extras.back().begin, generator);
  EXPECT_EQ(read().retries, 0U);
}

TEST_F(StackReaderTest, AStackThatWasDeepOnceIsNotCopiedSoForEver) {
  const std::vector<FakePython::Call> deep(30, {a_, 0});
  python_.set_stack(thread_, deep);
  read();
  const auto planned = [this] { return plan_.chunks.front().size; };
  const std::uint32_t before = planned();
  python_.set_stack(thread_, {{root_, 0}});
  for (int i = 0; i < 300; ++i) read();
  EXPECT_LT(planned(), before / 2);
  python_.set_stack(thread_, deep);
  EXPECT_EQ(read().quality, StackQuality::kWhole);
}

// What is certain of calls that were seen before, and of others.
class StackReaderCalls : public StackFixture {
 protected:
  using Calls = std::vector<FakePython::Call>;

  // What is told when the stack changes between the copies, by a reader that has seen what it may learn from.
  std::string told(const Calls& seen, const Calls& first, const Calls& second, StackQuality expected) {
    python_.set_stack(thread_, seen);
    EXPECT_EQ(read().quality, StackQuality::kWhole);
    python_.set_stack(thread_, first);
    between_the_copies([&] { python_.set_stack(thread_, second); });
    const StackOutcome outcome = read();
    python_.target.on_read(nullptr);
    EXPECT_EQ(outcome.quality, expected);
    return text(outcome.stack);
  }
};

TEST_F(StackReaderCalls, ACalleeThatWasReplaced) {
  const Calls first{{root_, 0}, {a_, 0}}, second{{root_, 0}, {b_, 0}}, elsewhere{{root_, 2}, {a_, 0}};
  EXPECT_EQ(told(elsewhere, first, second, StackQuality::kTruncated), "root:2") << "it was called on another line";
  EXPECT_EQ(told(second, first, second, StackQuality::kTruncated), "root:2") << "another was called there";
  EXPECT_EQ(told(first, first, second, StackQuality::kWhole), "root:2;a:11");
}

TEST_F(StackReaderCalls, CalleesOfAFrameThatMovedOn) {
  const Calls first{{root_, 0}, {a_, 0}, {b_, 0}}, second{{root_, 0}, {a_, 2}, {b_, 0}};
  EXPECT_EQ(told(second, first, second, StackQuality::kTruncated), "root:2;a:11");
  EXPECT_EQ(told(first, first, second, StackQuality::kWhole), "root:2;a:11;b:21");
}

TEST_F(StackReaderCalls, EveryCallMustBeKnown) {
  const Calls first{{root_, 0}, {a_, 0}, {b_, 0}}, second{{root_, 2}};
  EXPECT_EQ(told({{root_, 0}, {a_, 0}}, first, {{root_, 0}, {b_, 0}}, StackQuality::kTruncated), "root:2");
  EXPECT_EQ(told(first, first, {{root_, 0}, {b_, 0}}, StackQuality::kWhole), "root:2;a:11;b:21");
}

TEST_F(StackReaderCalls, AFunctionThatCallsItselfSaysNotWhichOfItsCallsItWas) {
  const Calls first{{root_, 0}, {a_, 0}, {a_, 0}}, second{{root_, 0}, {a_, 2}, {a_, 0}};
  EXPECT_EQ(told(first, first, second, StackQuality::kTruncated), "root:2;a:11");
}

TEST_F(StackReaderCalls, WhoReplacedACodeObjectHasCalledNobodyYet) {
  const Calls first{{root_, 0}, {a_, 0}}, second{{root_, 0}, {b_, 0}};
  python_.set_stack(thread_, first);
  read();
  const RemoteAddr other = python_.add_function("other", 50);
  for (const Offset field : {python_.layout.code.qualname, python_.layout.code.line_table}) {
    python_.target.memory.put(root_ + field, *read_pointer(python_.target, other + field));
  }
  codes_.next_epoch();
  EXPECT_EQ(told({{root_, 2}}, first, second, StackQuality::kTruncated), "other:2");
}

// It is copied a moment after its caller.
TEST_F(StackReaderCalls, AGeneratorsCallIsNotLearned) {
  const RemoteAddr generator = python_.allocate(0x100);
  python_.set_stack(thread_, {{root_, 0}});
  const auto resume = [&](int unit) {
    python_.put_frame(first_frame(), {root_, unit}, RemoteAddr{});
    python_.put_frame(generator, {a_, 0}, first_frame());
    python_.target.memory.put(thread_.state + python_.layout.thread.frame_root, generator);
  };
  resume(0);
  EXPECT_EQ(read().quality, StackQuality::kWhole);
  between_the_copies([&] { resume(2); });
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kTruncated);
  EXPECT_EQ(text(outcome.stack), "root:2");
}

TEST_F(StackReaderTest, ACycleIsLostNotFollowedForEver) {
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}});
  const RemoteAddr frame = thread_.chunk + python_.layout.chunk.data + 8;
  python_.put_frame(frame, {root_, 0}, frame);
  EXPECT_EQ(read().quality, StackQuality::kLost);
}

TEST_F(StackReaderTest, AFrameWithoutACodeObjectEndsTheStack) {
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}, {thread_.chunk, 0}});
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kTruncated);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
}

TEST_F(StackReaderTest, NullAndWildPointersAreLost) {
  python_.target.memory.put(thread_.state + python_.layout.thread.frame_root, RemoteAddr{0xdead0});
  EXPECT_EQ(read().quality, StackQuality::kLost);
  python_.target.memory.put(thread_.state + python_.layout.thread.frame_root, RemoteAddr{0x201003});
  EXPECT_EQ(read().quality, StackQuality::kLost);
}

TEST_F(StackReaderTest, FramesOutsideTheChunkAreFound) {  // generators, and sentinels on the C stack
  const RemoteAddr outside = python_.allocate(0x100);
  python_.set_stack(thread_, {{root_, 0}});
  python_.put_frame(outside, {a_, 0}, thread_.chunk + python_.layout.chunk.data + 8);
  python_.target.memory.put(thread_.state + python_.layout.thread.frame_root, outside);
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
}

TEST_F(StackReaderTest, SentinelFramesAreNotShown) {
  const RemoteAddr sentinel = python_.allocate(0x100);
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}});
  python_.put_frame(sentinel, {b_, 0}, RemoteAddr{});
  python_.target.memory.put(sentinel + python_.layout.frame.owner, std::uint8_t{3});
  python_.target.memory.put(first_frame() + python_.layout.frame.previous, sentinel);
  EXPECT_EQ(text(read().stack), "root:2;a:11");
  python_.target.clear_reads();
  EXPECT_EQ(text(read().stack), "root:2;a:11");
  EXPECT_FALSE(python_.target.was_read(sentinel));  // where a stack ends stays for as long as its first frame does
  codes_.next_epoch();
  EXPECT_EQ(text(read().stack), "root:2;a:11");
  EXPECT_TRUE(python_.target.was_read(sentinel));
}

TEST_F(StackReaderTest, AReusedThreadStateIsAnotherThread) {
  python_.set_stack(thread_, {{root_, 0}});
  python_.target.memory.put(thread_.state + python_.layout.thread.id, std::uint64_t{77});
  EXPECT_TRUE(read().other_thread);
}

// The thread has outgrown its chunk: the frame of `code` lies in a new one, and links to the first frame of `callers`.
RemoteAddr outgrow(FakePython& python, const FakePython::Thread& thread, RemoteAddr code, RemoteAddr callers) {
  const RuntimeLayout& layout = python.layout;
  const RemoteAddr newer = python.allocate(FakePython::kChunkSize);
  const RemoteAddr frame = newer + layout.chunk.data;
  const std::vector<std::byte> bytes(FakePython::kChunkSize);
  python.target.memory.put_bytes(newer, bytes);
  python.target.memory.put(newer + layout.chunk.chunk_size, FakePython::kChunkSize);
  python.target.memory.put(newer + layout.chunk.previous, callers);
  python.put_frame(frame, {code, 0}, callers + layout.chunk.data + 8);
  python.target.memory.put(thread.state + layout.thread.datastack_chunk, newer);
  python.target.memory.put(thread.state + layout.thread.datastack_top, frame + FakePython::kFrameStep);
  python.target.memory.put(thread.state + layout.thread.frame_root, frame);
  return newer;
}

TEST_F(StackReaderTest, OlderChunksAreReadToo) {
  python_.set_stack(thread_, {{root_, 0}});
  outgrow(python_, thread_, a_, thread_.chunk);
  EXPECT_EQ(text(read().stack), "root:2;a:11");
}

// A chunk that was given back while the list was followed is another thread's in the next moment, with what it links
// to.
TEST_F(StackReaderTest, AListOfChunksThatEndsInAnotherThreadsIsNotBelieved) {
  const FakePython::Thread other = python_.add_thread(2, Tid{102});
  python_.set_stack(other, {{b_, 0}});
  python_.set_stack(thread_, {{root_, 0}});
  read();
  outgrow(python_, thread_, a_, other.chunk);
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kTruncated);
  EXPECT_EQ(text(outcome.stack), "root:2") << "that one is its own: it was the outermost before";
}

TEST_F(StackReaderTest, AChunkThatWasGivenBackIsForgottenAlone) {
  python_.set_stack(thread_, {{root_, 0}});
  const RemoteAddr newer = outgrow(python_, thread_, a_, thread_.chunk);
  read();
  ASSERT_EQ(plan_.chunks.size(), 2U);
  python_.target.memory.remove(newer, FakePython::kChunkSize);
  python_.set_stack(thread_, {{root_, 0}});
  python_.target.memory.put(thread_.state + python_.layout.thread.datastack_chunk, thread_.chunk);
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(text(outcome.stack), "root:2");
  EXPECT_EQ(outcome.retries, 1U) << "where the older one lies was known";
}

TEST_F(StackReaderTest, WhereTheOldestChunkIsGoneAllIsPlannedAnew) {
  for (const bool had_frames : {false, true}) {
    const RemoteAddr old = thread_.chunk;
    if (had_frames) python_.set_stack(thread_, {{root_, 0}});
    EXPECT_EQ(read().quality, StackQuality::kWhole);
    EXPECT_EQ(!plan_.oldest_chunk.is_null(), had_frames);
    python_.target.memory.remove(old, FakePython::kChunkSize);
    thread_ = python_.add_thread(1, Tid{101}, thread_.state);
    python_.set_stack(thread_, {{a_, 0}});
    const StackOutcome outcome = read();
    EXPECT_EQ(outcome.quality, StackQuality::kWhole) << had_frames;
    EXPECT_EQ(text(outcome.stack), "a:11");
  }
}

TEST_F(StackReaderTest, ARegionThatIsUnmappedIsPlannedAnew) {
  python_.set_stack(thread_, {{root_, 0}});
  read();
  for (auto* const places : {&plan_.extras, &plan_.others}) places->push_back({RemoteAddr{0x7fff0000}, 80});
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(text(outcome.stack), "root:2");
  EXPECT_EQ(outcome.retries, 1U);
  EXPECT_TRUE(plan_.others.empty() && plan_.extras.empty()) << "from where it would come back";
}

// The same where the sampler's own call meets it.
TEST_F(StackReaderTest, ARegionThatIsUnmappedWhenReadAheadIsPlannedAnew) {
  python_.set_stack(thread_, {{root_, 0}});
  read();
  for (auto* const places : {&plan_.extras, &plan_.others}) places->push_back({RemoteAddr{0x7fff0000}, 80});
  const StackRequest request{thread_.state, thread_.id, &plan_};
  reader_.note_ahead(*python_.target.read_batch(reader_.plan_ahead({&request, 1})));
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kWhole);
  EXPECT_EQ(text(outcome.stack), "root:2");
  EXPECT_EQ(outcome.retries, 0U);
  EXPECT_FALSE(reader_.all_were_ahead());
}

TEST_F(StackReaderTest, WhatWasReadAheadIsOfThatMomentOnly) {
  python_.set_stack(thread_, {{root_, 0}});
  read();
  const StackRequest request{thread_.state, thread_.id, &plan_};
  reader_.note_ahead(*python_.target.read_batch(reader_.plan_ahead({&request, 1})));
  EXPECT_EQ(text(read().stack), "root:2");
  EXPECT_TRUE(reader_.all_were_ahead());
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}});
  EXPECT_EQ(text(read().stack), "root:2;a:11");
  EXPECT_FALSE(reader_.all_were_ahead());
}

TEST(Copy, HasNothingBeyondTheEndOfARegion) {
  const std::vector<std::byte> bytes(16);
  for (const std::size_t sorted_from : {3U, 1U}) {
    Copy copy;
    copy.sorted_from = sorted_from;
    for (const std::uint64_t begin : {0x9000ULL, 0x1000ULL, 0x1010ULL})
      copy.regions.push_back({{RemoteAddr{begin}, 16}, bytes});
    EXPECT_EQ(copy.find(RemoteAddr{0x1008}, 8), bytes.data() + 8);
    EXPECT_EQ(copy.find(RemoteAddr{0x1010}, 16), bytes.data());
    EXPECT_EQ(copy.find(RemoteAddr{0x1009}, 8), nullptr) << "half of it is in the next region";
    EXPECT_EQ(copy.find(RemoteAddr{0x1020}, 1), nullptr);
    EXPECT_EQ(copy.find(RemoteAddr{0xfff}, 1), nullptr);
  }
}

TEST_F(StackReaderTest, TheEndOfTheProcessIsAnError) {
  python_.target.fail_reads(ErrorCode::kGone);
  const StackRequest request{thread_.state, thread_.id, &plan_};
  std::vector<StackOutcome> outcomes;
  const auto done = reader_.read({&request, 1}, outcomes);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code(), ErrorCode::kGone);
}

TEST_F(StackReaderTest, CodeMemoryThatIsUsedAgainGetsItsNewName) {
  python_.set_stack(thread_, {{root_, 0}});
  read();
  const RemoteAddr other = python_.add_function("other", 50);
  for (const Offset field : {python_.layout.code.qualname, python_.layout.code.line_table}) {
    python_.target.memory.put(root_ + field, *read_pointer(python_.target, other + field));
  }
  codes_.next_epoch();
  EXPECT_EQ(text(read().stack), "other:2");
}

}  // namespace
}  // namespace gilspy::sample
