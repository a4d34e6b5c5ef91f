// Stacks of many thousands of frames: the innermost and the outermost are told.
#include "src/sample/deep_stacks.h"

#include <algorithm>

#include "gilspy/memory.h"
#include "src/layout/tables/cpython_3_9.h"
#include "tests/unit/stack_fixture.h"

namespace gilspy::sample {
namespace {

class DeepStacks : public StackFixture {
 protected:
  DeepStacks() = default;
  explicit DeepStacks(const RuntimeLayout& layout) : StackFixture(layout) {}

  // The names of the stack that was told, outermost first.
  std::vector<std::string> names(const StackOutcome& outcome) const {
    std::vector<std::string> all;
    for (const FrameId id : stacks_.frames_of(outcome.stack)) all.push_back(stacks_.frame(id).function);
    return all;
  }
  static std::size_t inner_part(const std::vector<std::string>& names) {
    return static_cast<std::size_t>(std::ranges::find(names, kFramesLeftOut) - names.begin()) + 1;
  }
  std::size_t bytes_read() {
    std::size_t sum = 0;
    for (const auto& read : python_.target.reads()) sum += read.size;
    return sum;
  }
  void expect_both_ends(const StackOutcome& outcome, std::size_t depth) {
    EXPECT_EQ(outcome.quality, StackQuality::kWhole);
    const std::vector<std::string> told = names(outcome);
    EXPECT_EQ(std::ranges::count(told, kFramesLeftOut), 1);
    EXPECT_LT(told.size(), depth / 2);
    ASSERT_GT(inner_part(told), 100U);
    ASSERT_GT(told.size(), inner_part(told) + kLeastInnerFrames);
    EXPECT_EQ(told.front(), "root");
    EXPECT_EQ(told.back(), name_at(depth - 1));
    // As many turns of the recursion are left out as there are: it goes on with what came before.
    EXPECT_EQ(told[inner_part(told)], told[inner_part(told) - 2]);
  }

  // Two functions that call each other.
  RemoteAddr code_at(std::size_t depth) const { return depth == 0 ? root_ : depth % 2 == 1 ? a_ : b_; }
  static std::string name_at(std::size_t depth) { return depth == 0 ? "root" : depth % 2 == 1 ? "a" : "b"; }
};

class DeepDataStacks : public DeepStacks {
 protected:
  static constexpr std::size_t kInAChunk = 100;
  std::vector<RemoteAddr> chunks_{thread_.chunk};

  RemoteAddr frame_at(std::size_t depth) const {
    const std::size_t chunk = depth / kInAChunk;
    const std::uint64_t unused = chunk == 0 ? 8 : 0;
    return chunks_[chunk] + python_.layout.chunk.data + unused + FakePython::kFrameStep * (depth % kInAChunk);
  }
  void dive(std::size_t depth, std::size_t from = 0) {
    const auto& layout = python_.layout;
    while (chunks_.size() * kInAChunk <= depth) {
      chunks_.push_back(python_.allocate(FakePython::kChunkSize));
      python_.target.memory.put_bytes(chunks_.back(), std::vector<std::byte>(FakePython::kChunkSize));
      python_.target.memory.put(chunks_.back() + layout.chunk.chunk_size, FakePython::kChunkSize);
      python_.target.memory.put(chunks_.back() + layout.chunk.previous, chunks_[chunks_.size() - 2]);
    }
    for (std::size_t i = from; i < depth; ++i) {
      python_.put_frame(frame_at(i), {code_at(i), 0}, i == 0 ? RemoteAddr{} : frame_at(i - 1));
    }
    python_.let_run(frame_at(depth - 1), true);
    python_.target.memory.put(thread_.state + layout.thread.frame_root, frame_at(depth - 1));
    python_.target.memory.put(thread_.state + layout.thread.datastack_chunk, chunks_[(depth - 1) / kInAChunk]);
    python_.target.memory.put(thread_.state + layout.thread.datastack_top,
                              frame_at(depth - 1) + FakePython::kFrameStep);
  }
};

TEST_F(DeepDataStacks, TheInnermostAndTheOutermostFramesAreTold) {
  dive(9'950);
  expect_both_ends(read(), 9'950);
}

TEST_F(DeepDataStacks, AlsoOfAThreadThatStandsStill) {
  dive(9'950);
  expect_both_ends(read(true), 9'950);
}

// As every thread has that threading started with a context: the outer part does not end there.
TEST_F(DeepDataStacks, OutermostFramesThatCCodeCalled) {
  dive(9'950);
  const RemoteAddr on_c_stack = python_.allocate(0x100);
  python_.target.memory.put_bytes(on_c_stack, std::vector<std::byte>(0x100));
  python_.target.memory.put(on_c_stack + python_.layout.frame.owner, std::uint8_t{3});
  python_.target.memory.put(on_c_stack + python_.layout.frame.previous, frame_at(1));
  python_.target.memory.put(frame_at(2) + python_.layout.frame.previous, on_c_stack);
  expect_both_ends(read(), 9'950);
  EXPECT_EQ(read().retries, 0U);
}

TEST_F(DeepDataStacks, OutermostFramesThatLeadNowhere) {
  dive(9'950);
  python_.target.memory.put(frame_at(2) + python_.layout.frame.previous, RemoteAddr{0x7fff'0000'0000});
  std::size_t told = 0;
  for (int i = 0; i < 70; ++i) told += read().quality == StackQuality::kWhole ? 1U : 0U;
  EXPECT_GT(told, 0U) << "what is there is told, after some tries";
}

TEST_F(DeepDataStacks, OneThatIsNotSoDeepIsToldWhole) {
  dive(kInAChunk * kMostWholeChunks - 1);
  const std::vector<std::string> told = names(read());
  EXPECT_EQ(told.size(), kInAChunk * kMostWholeChunks - 1);
  EXPECT_EQ(std::ranges::count(told, kFramesLeftOut), 0);
}

TEST_F(DeepDataStacks, FromThenOnAPartOfItIsRead) {
  dive(20'000);
  read();
  python_.target.clear_reads();
  EXPECT_EQ(read().retries, 0U);
  EXPECT_EQ(python_.target.batches(), 1U);
  EXPECT_LT(bytes_read(), 2 * 2 * (kInnerChunks + 1) * FakePython::kChunkSize);
}

TEST_F(DeepDataStacks, AStackThatGrowsKeepsTheOuterPart) {
  dive(9'950);
  const StackOutcome before = read();
  dive(9'951, 9'950);
  const StackOutcome after = read();
  EXPECT_EQ(stacks_.parent(after.stack), before.stack);
}

TEST_F(DeepDataStacks, AStackThatShrinksIsToldWholeAgain) {
  dive(9'950);
  read();
  for (const std::size_t depth : {8000U, 5000U, 1000U, 50U}) {
    dive(depth, depth);
    const std::vector<std::string> told = names(read());
    EXPECT_EQ(std::ranges::count(told, kFramesLeftOut), depth >= 5'000 ? 1 : 0) << depth;
    EXPECT_EQ(told.back(), name_at(depth - 1)) << depth;
    if (depth < 5'000) {
      EXPECT_EQ(told.size(), depth);
    }
  }
}

TEST_F(DeepDataStacks, ACircleOfChunksHasAnEnd) {
  dive(9'950);
  python_.target.memory.put(chunks_[3] + python_.layout.chunk.previous, chunks_[40]);
  EXPECT_EQ(read().quality, StackQuality::kLost);
}

class DeepFrameObjects : public DeepStacks {
 protected:
  DeepFrameObjects() : DeepStacks(layout::tables::kCpython39) {}
  std::vector<RemoteAddr> frames_;

  void dive(std::size_t depth) {
    const RuntimeLayout& layout = python_.layout;
    while (frames_.size() < depth) {
      const std::size_t i = frames_.size();
      if (i % 8 == 0) page_ = python_.allocate(0x1000);
      const RemoteAddr place = page_ + 0x200 * (i % 8);
      python_.target.memory.put_bytes(place, std::vector<std::byte>(0x200));
      python_.target.memory.put(place + layout.frame.code, code_at(i));
      python_.target.memory.put(place + layout.frame.previous, i == 0 ? RemoteAddr{} : frames_.back());
      python_.target.memory.put(place + layout.frame.state, std::uint8_t{1});
      frames_.push_back(place);
    }
    for (; frames_.size() > depth; frames_.pop_back()) {
      python_.target.memory.put(frames_.back() + layout.frame.state, std::uint8_t{0});
      python_.target.memory.put(frames_.back() + layout.frame.previous, RemoteAddr{});
    }
    python_.target.memory.put(thread_.state + layout.thread.frame_root, frames_.back());
  }

 private:
  RemoteAddr page_;
};

TEST_F(DeepFrameObjects, TheInnermostAndTheOutermostFramesAreTold) {
  dive(9'950);
  expect_both_ends(read(), 9'950);
}

TEST_F(DeepFrameObjects, AStackThatGrowsKeepsTheOuterPart) {
  dive(9'950);
  const StackOutcome before = read();
  dive(9'951);
  const StackOutcome after = read();
  EXPECT_EQ(names(after).size(), names(before).size() + 1);
  EXPECT_EQ(stacks_.parent(after.stack), before.stack);
}

TEST_F(DeepFrameObjects, FromThenOnAPartOfItIsRead) {
  dive(20'000);
  read();
  python_.target.clear_reads();
  EXPECT_EQ(read().retries, 0U);
  EXPECT_LT(bytes_read(), 2 * 2 * (kInnerFrames + kOuterFrames) * 0x400);
}

TEST_F(DeepFrameObjects, AStackThatShrinksIsToldWholeAgain) {
  dive(9'950);
  read();
  for (const std::size_t depth : {7000U, 6900U, 1000U, 50U}) {
    dive(depth);
    const std::vector<std::string> told = names(read());
    EXPECT_EQ(std::ranges::count(told, kFramesLeftOut), depth > 1'000 ? 1 : 0) << depth;
    EXPECT_EQ(told.back(), name_at(depth - 1)) << depth;
    if (depth <= 1'000) {
      EXPECT_EQ(told.size(), depth);
    }
  }
}

}  // namespace
}  // namespace gilspy::sample
