#include "recording_sink.h"

#include <optional>
#include <utility>

#include "block_writer.h"
#include "columns.h"
#include "facts.h"
#include "file_format.h"

namespace gilspy::recording {

struct RecordingFile::State {
  State(platform::AppendFile& file, Of kind)
      : of(kind), writer(file, kind == Of::kSeveral ? kOfSeveral : kOfOneProcess) {}

  Of of;
  std::uint32_t processes = 0;  // that have a block
  std::optional<Nanos> first;   // tick of all
  BlockWriter writer;           // last: its thread ends before anything else does
};

RecordingFile::RecordingFile(platform::AppendFile& file, Of of) : state_(std::make_unique<State>(file, of)) {}

RecordingFile::~RecordingFile() = default;

Result<void> RecordingFile::close(std::string note, std::vector<std::string> unread) {
  if (state_->of == Of::kSeveral && state_->processes > 0) {
    FilledBlock last;
    last.program = ProgramEnding{std::move(note), std::move(unread)};
    state_->writer.push(std::move(last));
  }
  return state_->writer.close();
}

bool RecordingFile::failed() const { return state_->writer.failed(); }
Nanos RecordingFile::written_until() const { return state_->writer.written_until(); }

struct RecordingSink::State {
  State(RecordingFile::State& of, const StackTable& table) : file(of), stacks(table) {}

  void take_stacks();
  void push_block();

  RecordingFile::State& file;
  const StackTable& stacks;
  std::optional<std::uint32_t> process;  // its number, from its first block on
  ColumnWriter columns;
  Context context;
  FilledBlock block;
  std::size_t frames = 0;  // of the table, in this block or an earlier one
  std::size_t nodes = 1;   // the empty stack needs no row
  std::uint64_t last_frame = 0;
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
    if (columns.bytes() >= kFullBlockBytes) push_block();
  }
}

void RecordingSink::State::push_block() {
  if (!process) process = file.processes++;
  block.process = *process;
  block.columns = columns.take();
  context = {};
  last_frame = 0;
  FilledBlock next;
  next.until = block.until;
  next.update = block.update;  // what it says of names is only new once
  next.update.threads.clear();
  next.update.interpreters.clear();
  next.update.cpu.clear();
  file.writer.push(std::exchange(block, std::move(next)));
}

RecordingSink::RecordingSink(RecordingFile& file, const StackTable& stacks)
    : state_(std::make_unique<State>(*file.state_, stacks)) {}

RecordingSink::~RecordingSink() = default;

void RecordingSink::begin(RunFacts facts) { state_->block.facts = std::move(facts); }

void RecordingSink::add(const Sample& sample) {
  state_->take_stacks();
  exchange_sample(state_->columns, state_->context, sample);
  ++state_->block.ticks;
  std::optional<Nanos>& first = state_->file.first;
  if (!first) first = sample.time;
  state_->block.until = sample.time - *first;
}

bool RecordingSink::block_is_full() const { return state_->columns.bytes() >= kFullBlockBytes; }

void RecordingSink::end_block(RunUpdate update) {
  state_->block.update = std::move(update);
  state_->push_block();
}

void RecordingSink::end(RunUpdate update, std::string note) {
  state_->block.end_note = std::move(note);
  end_block(std::move(update));
}

}  // namespace gilspy::recording
