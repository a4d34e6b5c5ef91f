// Variables of a thread's frames. They are read between two readings of its stack, and count as far as these are the
// same, frame by frame from the outermost on.
#include <algorithm>

#include "sampler.h"

namespace gilspy::sample {
namespace {

constexpr int kMostReads = 5;

bool is_same(const FramePlace& a, const FramePlace& b) {
  return a.frame == b.frame && a.code == b.code && a.instruction == b.instruction;
}

}  // namespace

StackVariables LiveSampler::variables(ThreadIndex thread, VariableDetail detail) {
  StackVariables best;
  const ThreadRecord& record = table_.at(thread);
  if (!record.alive || !record.info.python || detail == VariableDetail::kNone) return best;
  Sample scratch;
  for (int attempt = 0; attempt < kMostReads; ++attempt) {
    const bool stops = stopping_ == Stopping::kAlways || (stopping_ == Stopping::kToComplete && attempt > 0);
    if (stops) stop_for_variables(thread, scratch);
    StackVariables now = try_variables(thread, detail);
    let_go(scratch);
    if (best.frames.empty() || now.quality <= best.quality) best = std::move(now);
    if (best.all_read()) break;
  }
  return best;
}

// Whoever runs Python could change what is read: who holds a GIL, and without one all attached threads.
void LiveSampler::stop_for_variables(ThreadIndex thread, Sample& scratch) {
  if (!words_.read(now_, heads_).has_value()) return;
  std::vector<ThreadIndex> runners = holders();
  runners.insert(runners.end(), attached_.begin(), attached_.end());
  if (std::ranges::count(runners, thread) == 0) runners.push_back(thread);
  if (stop_running(runners, scratch) && !words_.read(now_, heads_).has_value()) let_go(scratch);
}

StackVariables LiveSampler::try_variables(ThreadIndex thread, VariableDetail detail) {
  ThreadRecord& record = table_.at(thread);
  StackVariables found;
  if (!read_stack_of(record, found.quality)) return found;
  const std::vector<FramePlace> places = LockTable::places_of(record.plan);
  if (!places.empty()) found.stack = record.plan.known[places.size() - 1].stack;
  found.frames = variables_.read(places, detail);
  StackQuality after = StackQuality::kLost;
  if (!read_stack_of(record, after)) record.plan.depth = 0;
  const std::vector<FramePlace> places_after = LockTable::places_of(record.plan);
  bool same = true;
  for (std::size_t i = 0; i < places.size(); ++i) {
    FrameVariables& frame = found.frames[i];
    same = same && i < places_after.size() && is_same(places[i], places_after[i]);
    if (frame.state == FrameVariables::State::kLeftOut) continue;
    if (!same) frame = FrameVariables{};
  }
  return found;
}

// False: it was lost, or is another thread's by now.
bool LiveSampler::read_stack_of(ThreadRecord& record, StackQuality& quality) {
  const StackRequest request{record.state, record.id, &record.plan, stands_still(record)};
  std::vector<StackOutcome> outcomes;
  const bool is_read = stacks_.read({&request, 1}, outcomes).has_value() && !outcomes.front().other_thread;
  quality = is_read ? outcomes.front().quality : StackQuality::kLost;
  return quality != StackQuality::kLost;
}

}  // namespace gilspy::sample
