// Threads of a free-threaded build that runs without a GIL. Nothing announces there who ran since the last tick, as the
// number of hand-offs does with a GIL: the threads' own words do, the attach state and the innermost frame.
#include <algorithm>

#include "gilspy/memory.h"
#include "sampler.h"

namespace gilspy::sample {
namespace {

// Read at every tick; of more threads, those that were attached and as many others.
constexpr std::size_t kStatesAtOnce = 256;
constexpr std::size_t kFreeStackBudget = 32;

}  // namespace

AttachState attach_state_of(std::int32_t state) {
  switch (state) {
    case 1: return AttachState::kAttached;
    case 2:
    case 4: return AttachState::kSuspended;
    default: return AttachState::kDetached;
  }
}

bool LiveSampler::without_gil(const ThreadRecord& record) const {
  return record.info.python && !now_[to_int(record.info.gil)].enabled;
}

Result<void> LiveSampler::read_attach_states(Sample& sample) {
  attached_.clear();
  if (std::ranges::all_of(now_, &GilWords::enabled)) return {};
  state_picks_.clear();
  const std::vector<ThreadIndex>& alive = table_.alive();
  const auto pick = [&](ThreadIndex thread) {
    if (without_gil(table_.at(thread))) state_picks_.push_back(thread);
  };
  if (alive.size() <= kStatesAtOnce) {
    std::ranges::for_each(alive, pick);
  } else {
    for (const ThreadIndex thread : alive) {
      if (table_.at(thread).attach == AttachState::kAttached) pick(thread);
    }
    for (std::size_t i = 0; i < kStatesAtOnce; ++i) {
      state_cursor_ = (state_cursor_ + 1) % alive.size();
      if (table_.at(alive[state_cursor_]).attach != AttachState::kAttached) pick(alive[state_cursor_]);
    }
  }
  const Offset begin = std::min(layout_.thread.state, layout_.thread.frame_root);
  const std::size_t size = std::max(layout_.thread.state, layout_.thread.frame_root) + 8 - begin;
  state_bytes_.resize(size * state_picks_.size());
  std::vector<ReadRange> ranges;
  for (std::size_t i = 0; i < state_picks_.size(); ++i) {
    ranges.push_back({table_.at(state_picks_[i]).state + begin, std::span(state_bytes_).subspan(i * size, size)});
  }
  GILSPY_CHECK(read_those_there(target_, ranges, [&](std::size_t i) {
    const StructView words(ranges[i].into);
    const auto state = words.get<std::int32_t>(layout_.thread.state - begin);
    note_attach_state(state_picks_[i], attach_state_of(state), words.pointer(layout_.thread.frame_root - begin),
                      sample);
  }));
  trim_attached();
  return {};
}

void LiveSampler::note_attach_state(ThreadIndex thread, AttachState state, RemoteAddr frame, Sample& sample) {
  ThreadRecord& record = table_.at(thread);
  const bool changed = record.attach != state;
  if (changed) facts_of(thread, sample).attach_state = state;
  if (changed && record.attach == AttachState::kSuspended) locks_.go_on(thread);
  // Whoever sleeps or waits for something else goes on doing so: it would not run in any case.
  if (changed && state == AttachState::kSuspended) {
    if (record.os != SyscallFacts::State::kInSyscall) {
      facts_of(thread, sample).lock = locks_.stand_still(thread, record.interpreter, sample.locks);
    }
    std::erase(running_, thread);
    running_.push_back(thread);  // is it still blocked, or parked since?
  }
  if (changed || (state != AttachState::kAttached && frame != record.frame_root)) mark_active(thread);
  if (state == AttachState::kAttached) attached_.push_back(thread);
  record.attach = state;
  record.frame_root = frame;
}

// A GIL was turned on: as long as it is, nobody reads them, and what they were says nothing.
void LiveSampler::forget_attach_states(GilIndex gil) {
  for (const ThreadIndex thread : table_.alive()) {
    ThreadRecord& record = table_.at(thread);
    if (record.info.python && record.info.gil == gil) record.attach = AttachState::kNotRead;
  }
}

// All attached threads may have another stack by now; where they are too many, those go first that waited longest.
void LiveSampler::trim_attached() {
  if (attached_.size() <= kFreeStackBudget) return;
  std::ranges::nth_element(attached_, attached_.begin() + kFreeStackBudget, {},
                           [this](ThreadIndex thread) { return table_.at(thread).stack_tick; });
  attached_.resize(kFreeStackBudget);
}

void LiveSampler::pick_free_threads() {
  for (const ThreadIndex thread : attached_) pick_stack(thread);
}

}  // namespace gilspy::sample
