// OS threads that visit other interpreters: they have a thread state in each of them, and run one of these at a time.
#include <algorithm>
#include <tuple>

#include "gilspy/memory.h"
#include "sampler.h"

namespace gilspy::sample {

void LiveSampler::tell_dormant(Sample& sample) {
  const std::vector<ThreadIndex> shared = shared_tids_;  // a thread that turns out to have ended leaves the list
  for (std::size_t begin = 0, end = 0; begin < shared.size(); begin = end) {
    const Tid tid = table_.at(shared[begin]).info.tid;
    while (end < shared.size() && table_.at(shared[end]).info.tid == tid) ++end;
    const auto states = std::span(shared).subspan(begin, end - begin);
    const ThreadIndex active = active_of(states, sample);
    for (const ThreadIndex thread : states) set_dormant(thread, thread != active, sample);
  }
}

void LiveSampler::set_dormant(ThreadIndex thread, bool dormant, Sample& sample) {
  ThreadRecord& record = table_.at(thread);
  if (record.dormant == dormant) return;
  record.dormant = dormant;
  facts_of(thread, sample).dormant = dormant;
  if (dormant) {
    set_place(record, WaitPlace::kNone);
    std::erase(running_, thread);
    std::erase(recent_, thread);
  } else {
    record.os_tick = 0;
    read_os(thread, sample);
  }
}

// The one that holds a GIL or says that it is attached; else the one that was active before, as long as it has frames;
// else one with frames in the youngest interpreter: from there the thread will come back to the others. Up to 3.10
// nothing tells who runs a state that somebody else created: the thread stays at home, in the oldest interpreter.
ThreadIndex LiveSampler::active_of(std::span<const ThreadIndex> states, const Sample& sample) const {
  for (const ThreadIndex thread : states) {
    const GilFacts& gil = sample.gils[to_int(table_.at(thread).info.gil)];
    if (gil.locked && gil.last_holder == thread) return thread;
  }
  if (layout_.thread.state != kAbsent) {
    for (const ThreadIndex thread : states) {
      const auto state = read_value<std::int32_t>(target_, table_.at(thread).state + layout_.thread.state);
      if (state.has_value() && attach_state_of(*state) == AttachState::kAttached) return thread;
    }
  }
  const auto rank = [this](ThreadIndex thread) {
    const ThreadRecord& record = table_.at(thread);
    const bool frames = record.stack != kNoStack;
    return std::tuple(
        frames, frames && record.dormant == false,
        layout_.frame_root == FrameRoot::kFrameObjects ? -record.info.interpreter_id : record.info.interpreter_id);
  };
  return *std::ranges::max_element(states, {}, rank);
}

}  // namespace gilspy::sample
