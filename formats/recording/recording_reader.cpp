#include "recording_reader.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "block_file.h"
#include "columns.h"
#include "facts.h"
#include "run_messages.h"
#include "sample_check.h"

namespace gilspy::recording {
namespace {

constexpr std::uint32_t kDeepest = 1U << 15;  // no sampler reads deeper stacks

constexpr std::string_view kUnfinished =
    "the recording ends in the middle at {:.1f} s: gilspy was killed, the disk was full, or it is still being written; "
    "what was written until then is shown";
constexpr std::string_view kDamaged = "the recording is damaged at {:.1f} s; what comes before that is shown";

class BlockReader final : public RecordingReader {
 public:
  explicit BlockReader(platform::ByteSource& source) : file_(source) {}

  Result<void> start() {
    GILSPY_CHECK(file_.check_header());
    const BlockFile::Outcome outcome = file_.next(block_);
    if (outcome == BlockFile::Outcome::kNothing || outcome == BlockFile::Outcome::kCutOff) {
      return fail(ErrorCode::kBadRecording, "it ends before its first block does: nothing is in it");
    }
    if (outcome == BlockFile::Outcome::kDamaged || !block_.has_header() || !begin_block()) {
      return fail(ErrorCode::kBadRecording, "it is damaged from its beginning on: nothing can be read");
    }
    auto facts = facts_of(block_.header());
    if (!facts.has_value()) return tl::unexpected(std::move(facts).error());
    facts_ = std::move(*facts);
    return {};
  }

  Item next() override {
    while (!ended_) {
      if (ticks_left_ > 0) {
        if (read_sample()) return Item::kSample;
        end_here(kDamaged);
      } else if (std::exchange(update_due_, false)) {
        if (read_update()) return Item::kUpdate;
        end_here(kDamaged);
      } else if (block_.has_end()) {
        ended_ = true;
        ending_ = {true, block_.end().note()};
      } else {
        next_block();
      }
    }
    return Item::kEnd;
  }

  const RunFacts& facts() const override { return facts_; }
  const Sample& sample() const override { return sample_; }
  const RunUpdate& update() const override { return update_; }
  const Ending& ending() const override { return ending_; }
  StackTable take_stacks() override { return std::exchange(stacks_, StackTable()); }

 private:
  void next_block() {
    switch (file_.next(block_)) {
      case BlockFile::Outcome::kBlock:
        if (!begin_block()) end_here(kDamaged);
        return;
      case BlockFile::Outcome::kDamaged: return end_here(kDamaged);
      case BlockFile::Outcome::kNothing:
      case BlockFile::Outcome::kCutOff: break;
    }
    end_here(kUnfinished);
  }

  // What was read of it so far is good.
  void end_here(std::string_view why) {
    ended_ = true;
    const double seconds = first_ ? std::chrono::duration<double>(last_ - *first_).count() : 0;
    ending_ = {false, fmt::format(fmt::runtime(why), seconds)};
  }

  bool begin_block() {
    columns_ = ColumnReader(block_);
    context_ = {};
    ticks_left_ = block_.ticks();
    update_due_ = true;
    return read_frames() && read_nodes();
  }

  bool read_frames() {
    for (std::uint32_t i = 0; i < block_.frames(); ++i) {
      Frame frame;
      exchange_frame(columns_, frame);
      const std::size_t before = stacks_.frame_count();
      if (!columns_.ok() || to_int(stacks_.intern(std::move(frame))) != before) return false;
    }
    return true;
  }

  bool read_nodes() {
    std::uint64_t last_frame = 0;
    for (std::uint32_t i = 0; i < block_.nodes(); ++i) {
      Node node;
      const std::size_t before = stacks_.stack_count();
      exchange_node(columns_, node, before - 1, last_frame);
      if (!columns_.ok() || to_int(node.parent) >= before || to_int(node.frame) >= stacks_.frame_count()) return false;
      const std::uint32_t depth = depths_[to_int(node.parent)] + 1;
      if (depth > kDeepest || to_int(stacks_.child(node.parent, node.frame)) != before) return false;
      depths_.push_back(depth);
    }
    return true;
  }

  bool read_sample() {
    sample_ = Sample{};
    exchange_sample(columns_, context_, sample_);
    if (!columns_.ok() || !check_.accepts(sample_, stacks_.stack_count())) return false;
    if (!first_) first_ = sample_.time;
    last_ = sample_.time;
    return --ticks_left_ > 0 || columns_.exhausted();
  }

  bool read_update() {
    auto update = update_of(block_.update());
    if (!update.has_value() || !check_.accepts(*update)) return false;
    update_ = std::move(*update);
    return true;
  }

  BlockFile file_;
  wire::Block block_;
  ColumnReader columns_;
  Context context_;
  SampleCheck check_;
  RunFacts facts_;
  StackTable stacks_;
  std::vector<std::uint32_t> depths_{0};  // by StackId
  Sample sample_;
  RunUpdate update_;
  Ending ending_;
  std::uint32_t ticks_left_ = 0;
  bool update_due_ = false, ended_ = false;
  std::optional<Nanos> first_;
  Nanos last_{0};
};

}  // namespace

Result<std::unique_ptr<RecordingReader>> RecordingReader::open(platform::ByteSource& source) {
  auto reader = std::make_unique<BlockReader>(source);
  GILSPY_CHECK(reader->start());
  return std::unique_ptr<RecordingReader>(std::move(reader));
}

}  // namespace gilspy::recording
