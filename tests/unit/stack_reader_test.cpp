// Stacks of 3.11 and later: frames on a data stack.
#include "gilspy/memory.h"
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

TEST_F(StackReaderTest, DropsACalleeThatWasReplaced) {
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}});
  read();
  between_the_copies([this] { python_.set_stack(thread_, {{root_, 0}, {b_, 0}}); });
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kTruncated);
  EXPECT_EQ(text(outcome.stack), "root:2");
}

TEST_F(StackReaderTest, CalleesOfAFrameThatMovedOnAreNotCertain) {
  python_.set_stack(thread_, {{root_, 0}, {a_, 0}, {b_, 0}});
  read();
  between_the_copies([this] { python_.set_stack(thread_, {{root_, 0}, {a_, 2}, {b_, 0}}); });
  const StackOutcome outcome = read();
  EXPECT_EQ(outcome.quality, StackQuality::kTruncated);
  EXPECT_EQ(text(outcome.stack), "root:2;a:11");
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
