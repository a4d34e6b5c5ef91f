#include "recording_reader.h"

#include <fmt/format.h>

#include <algorithm>
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
constexpr std::size_t kMostProcesses = 1U << 16;

constexpr std::string_view kUnfinished =
    "the recording ends in the middle at {:.1f} s: gilspy was killed, the disk was full, or it is still being written; "
    "what was written until then is shown";
constexpr std::string_view kDamaged = "the recording is damaged at {:.1f} s; what comes before that is shown";

// What is known of one process so far.
class Process {
 public:
  explicit Process(RunFacts facts, SampleCheck::Sums& sums) : facts_(std::move(facts)), check_(sums) {}

  bool begin_block(const wire::Block& block) {
    columns_ = ColumnReader(block);
    context_ = {};
    return read_frames(block.frames()) && read_nodes(block.nodes());
  }

  // `last`: of its block.
  bool read(Sample& sample, bool last) {
    sample = Sample{};
    exchange_sample(columns_, context_, sample);
    if (!columns_.ok() || !check_.accepts(sample, stacks_.stack_count())) return false;
    return !last || columns_.exhausted();
  }

  bool read(RunUpdate& update, const wire::Update& message) {
    auto read = update_of(message);
    if (!read.has_value() || !check_.accepts(*read)) return false;
    update = std::move(*read);
    return true;
  }

  const RunFacts& facts() const { return facts_; }
  StackTable take_stacks() { return std::exchange(stacks_, StackTable()); }

  std::string end_note;
  bool ended = false;

 private:
  bool read_frames(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      Frame frame;
      exchange_frame(columns_, frame);
      const std::size_t before = stacks_.frame_count();
      if (!columns_.ok() || to_int(stacks_.intern(std::move(frame))) != before) return false;
    }
    return true;
  }

  bool read_nodes(std::uint32_t count) {
    std::uint64_t last_frame = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
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

  RunFacts facts_;
  ColumnReader columns_;
  Context context_;
  SampleCheck check_;
  StackTable stacks_;
  std::vector<std::uint32_t> depths_{0};  // by StackId
};

class BlockReader final : public RecordingReader {
 public:
  explicit BlockReader(platform::ByteSource& source) : file_(source) {}

  Result<void> start() {
    GILSPY_CHECK(file_.check_header());
    const BlockFile::Outcome outcome = file_.next(block_);
    if (outcome == BlockFile::Outcome::kNothing || outcome == BlockFile::Outcome::kCutOff) {
      return fail(ErrorCode::kBadRecording, "it ends before its first block does: nothing is in it");
    }
    if (outcome == BlockFile::Outcome::kDamaged || !block_.has_header()) {
      return fail(ErrorCode::kBadRecording, "it is damaged from its beginning on: nothing can be read");
    }
    if (auto facts = facts_of(block_.header()); !facts.has_value()) return tl::unexpected(std::move(facts).error());
    if (begin_block()) return {};
    return fail(ErrorCode::kBadRecording, "it is damaged from its beginning on: nothing can be read");
  }

  Item next() override {
    while (!ended_) {
      if (ticks_left_ > 0) {
        if (read_sample()) return Item::kSample;
        end_here(kDamaged);
      } else if (std::exchange(update_due_, false)) {
        if (processes_[process_]->read(update_, block_.update())) return Item::kUpdate;
        end_here(kDamaged);
      } else if (is_last()) {
        finish();
      } else {
        next_block();
      }
    }
    return Item::kEnd;
  }

  bool is_of_several() const override { return file_.is_of_several(); }
  std::size_t processes() const override { return processes_.size(); }
  std::size_t process() const override { return process_; }
  const RunFacts& facts(std::size_t process) const override { return processes_[process]->facts(); }
  const Sample& sample() const override { return sample_; }
  const RunUpdate& update() const override { return update_; }
  const Ending& ending() const override { return ending_; }
  const std::string& end_note(std::size_t process) const override { return processes_[process]->end_note; }
  StackTable take_stacks(std::size_t process) override { return processes_[process]->take_stacks(); }

 private:
  bool is_last() const { return file_.is_of_several() ? block_.has_program_end() : block_.has_end(); }

  void finish() {
    ended_ = true;
    ending_.complete = true;
    ending_.note = file_.is_of_several() ? block_.program_end().note() : block_.end().note();
    ending_.unread.assign(block_.program_end().unread().begin(), block_.program_end().unread().end());
  }

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
    ending_ = {false, fmt::format(fmt::runtime(why), seconds), {}};
  }

  bool begin_block() {
    if (file_.is_of_several() && block_.has_program_end()) return true;
    process_ = file_.is_of_several() ? block_.process() : 0;
    if (process_ > processes_.size() || process_ >= kMostProcesses || !meet_process()) return false;
    Process& process = *processes_[process_];
    if (process.ended) return false;
    if (block_.has_end()) process.end_note = block_.end().note();
    process.ended = block_.has_end();
    ticks_left_ = block_.ticks();
    update_due_ = true;
    return process.begin_block(block_);
  }

  // It is known, or told with this block.
  bool meet_process() {
    if (process_ < processes_.size()) return true;
    auto facts = facts_of(block_.header());
    if (!block_.has_header() || !facts.has_value()) return false;
    processes_.push_back(std::make_unique<Process>(std::move(*facts), sums_));
    return true;
  }

  bool read_sample() {
    if (!processes_[process_]->read(sample_, ticks_left_ == 1)) return false;
    if (!first_ || sample_.time < *first_) first_ = sample_.time;
    last_ = std::max(last_, sample_.time);
    --ticks_left_;
    return true;
  }

  BlockFile file_;
  wire::Block block_;
  SampleCheck::Sums sums_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::size_t process_ = 0;  // of the block
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
