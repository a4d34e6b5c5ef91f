#include "recording_sink.h"

#include <optional>
#include <utility>

#include "block_writer.h"
#include "columns.h"
#include "facts.h"
#include "file_format.h"

namespace gilspy::recording {

struct RecordingSink::State {
  State(platform::AppendFile& file, const StackTable& table) : stacks(table), writer(file) {}

  void take_stacks();
  FilledBlock take_block();

  const StackTable& stacks;
  ColumnWriter columns;
  Context context;
  FilledBlock block;
  std::size_t frames = 0;  // of the table, in this block or an earlier one
  std::size_t nodes = 1;   // the empty stack needs no row
  std::uint64_t last_frame = 0;
  std::optional<Nanos> first;
  BlockWriter writer;  // last: its thread ends before anything else does
};

// A tick can meet thousands of new stacks: they may fill blocks of their own, before the tick.
void RecordingSink::State::take_stacks() {
  while (frames < stacks.frame_count() || nodes < stacks.stack_count()) {
    if (frames < stacks.frame_count()) {
      exchange_frame(columns, stacks.frame(static_cast<FrameId>(frames++)));
      ++block.frames;
    } else {
      const auto id = static_cast<StackId>(nodes);
      const Node node{stacks.parent(id), stacks.leaf(id)};
      exchange_node(columns, node, nodes - 1, last_frame);
      ++nodes;
      ++block.nodes;
    }
    if (columns.bytes() >= kFullBlockBytes) writer.push(take_block());
  }
}

FilledBlock RecordingSink::State::take_block() {
  block.columns = columns.take();
  context = {};
  last_frame = 0;
  FilledBlock next;
  next.until = block.until;
  next.update = block.update;  // what it says of names is only new once
  next.update.threads.clear();
  next.update.interpreters.clear();
  next.update.cpu.clear();
  return std::exchange(block, std::move(next));
}

RecordingSink::RecordingSink(platform::AppendFile& file, const StackTable& stacks)
    : state_(std::make_unique<State>(file, stacks)) {}

RecordingSink::~RecordingSink() = default;

void RecordingSink::begin(RunFacts facts) { state_->block.facts = std::move(facts); }

void RecordingSink::add(const Sample& sample) {
  state_->take_stacks();
  exchange_sample(state_->columns, state_->context, sample);
  ++state_->block.ticks;
  if (!state_->first) state_->first = sample.time;
  state_->block.until = sample.time - *state_->first;
}

bool RecordingSink::block_is_full() const { return state_->columns.bytes() >= kFullBlockBytes; }

void RecordingSink::end_block(RunUpdate update) {
  state_->block.update = std::move(update);
  state_->writer.push(state_->take_block());
}

Result<void> RecordingSink::end(RunUpdate update, std::string note) {
  state_->block.end_note = std::move(note);
  end_block(std::move(update));
  return state_->writer.close();
}

bool RecordingSink::failed() const { return state_->writer.failed(); }
Nanos RecordingSink::written_until() const { return state_->writer.written_until(); }

}  // namespace gilspy::recording
