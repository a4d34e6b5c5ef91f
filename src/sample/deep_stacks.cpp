// Stacks of many thousands of frames. To copy all of one at every tick would starve all others, so that of those the
// innermost and the outermost frames are told, with one that stands for the rest.
//
// Both parts are certain: the inner one is a chain from the innermost frame on, and the outer one is had from the other
// end, as far as its frames lie one behind the other or still link to each other. What is between them is not looked
// at.
//
// Where the inner part begins must not depend on how deep the stack is at that moment, or else each moment would have a
// stack of its own: it begins with a chunk of the data stack that others take turns with, and with the function that
// the outer part ends with. So as many turns of a recursion are left out as there are.
#include "deep_stacks.h"

#include <algorithm>

#include "gilspy/memory.h"
#include "stack_reader.h"

namespace gilspy::sample {
namespace {

constexpr std::size_t kMostSkipped = 256;  // frames, to begin with the right function
constexpr std::size_t kMostInnerBytes = 1U << 20;
constexpr unsigned kMostOuterAsked = 64;
constexpr std::size_t kSameChunks = 3;  // in a row, to know a stack again

}  // namespace

bool StackReader::may_leave_out(RemoteAddr address, const StackPlan& plan, const Walk& walk) {
  if (address.in(plan.behind.begin, plan.behind.size)) return !walk.frames.empty();
  return plan.left_out && walk.frames.size() >= kLeastInnerFrames;
}

// Ends a walk that came to a frame that is not copied.
void StackReader::leave_out(RemoteAddr address, const Copy& copy, const StackPlan& plan, Walk& walk) {
  Walk outer;
  if (layout_.frame_root == FrameRoot::kFrameObjects) {
    outer = walk_remembered(copy, plan);
  } else {
    outer = walk_from_first(copy, plan, kOuterFrames);
  }
  if (outer.frames.empty()) {
    walk.missing = {address, layout_.frame.size};
    walk.end = WalkEnd::kOutsidePlan;
    return;
  }
  if (outer.missing.size > 0 && plan.outer_asked < kMostOuterAsked) {
    walk.missing = outer.missing;
    walk.outer = true;
    walk.end = WalkEnd::kOutsidePlan;
    return;
  }
  if (outer.frames.size() > kOuterFrames) {
    outer.frames.erase(outer.frames.begin(), outer.frames.end() - static_cast<std::ptrdiff_t>(kOuterFrames));
  }
  const std::size_t skipped = std::min(kMostSkipped, walk.frames.size() / 2);
  const auto begins = std::find_if(walk.frames.rbegin(), walk.frames.rbegin() + static_cast<std::ptrdiff_t>(skipped),
                                   [&](const RawFrame& frame) { return frame.code == outer.frames.front().code; });
  if (begins != walk.frames.rbegin() + static_cast<std::ptrdiff_t>(skipped)) {
    walk.frames.erase(begins.base(), walk.frames.end());
  }
  RawFrame rest;
  rest.left_out = true;
  walk.frames.push_back(rest);
  walk.frames.insert(walk.frames.end(), outer.frames.begin(), outer.frames.end());
  walk.missing = {};
  walk.end = WalkEnd::kRoot;
  walk.rooted = layout_.frame_root != FrameRoot::kFrameObjects;
}

// All chunks of a thread, the newest first: which of them are copied.
void StackReader::choose_chunks(std::vector<Region>& chunks, StackPlan& plan) {
  const bool same_end = !plan.lineage.empty() && plan.lineage.front() == chunks.back().begin;
  plan.behind = {};
  plan.lineage.clear();
  plan.left_out = false;
  if (chunks.size() <= kMostWholeChunks) return;
  std::size_t inner = kInnerChunks + chunks.size() % kInnerChunks;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < inner; ++i) {
    bytes += chunks[i].size;
    if (bytes > kMostInnerBytes) inner = i;
  }
  // Nothing else tells that the list was followed to its own end and not to another thread's.
  if (plan.oldest_chunk.is_null() && same_end) plan.oldest_chunk = chunks.back().begin;
  for (auto chunk = chunks.rbegin(); chunk != chunks.rend(); ++chunk) plan.lineage.push_back(chunk->begin);
  plan.behind = chunks[inner];
  chunks.erase(chunks.begin() + static_cast<std::ptrdiff_t>(inner), std::prev(chunks.end()));
}

// Whether the last of these are, several in a row, what they were in the last plan: then so are those behind them,
// which are added. They need not be read to be left out.
bool StackReader::recognise_chunks(std::vector<Region>& chunks, const StackPlan& plan) {
  const std::size_t count = plan.lineage.size();
  const bool is_known = count > 0 && !plan.oldest_chunk.is_null() && !plan.chunks.empty() &&
                        plan.chunks.back().begin == plan.lineage.front();
  if (!is_known || chunks.size() < 2 * kInnerChunks) return false;
  const std::size_t from = count - std::min(count, 2 * kMostWholeChunks);
  const auto same =
      std::find(plan.lineage.begin() + static_cast<std::ptrdiff_t>(from), plan.lineage.end(), chunks.back().begin);
  if (same == plan.lineage.end()) return false;
  auto at = static_cast<std::size_t>(same - plan.lineage.begin());
  for (std::size_t i = 1; i < kSameChunks; ++i) {
    if (at + i >= count || plan.lineage[at + i] != chunks[chunks.size() - 1 - i].begin) return false;
  }
  while (at-- > 1) chunks.push_back({plan.lineage[at], plan.behind.size});
  chunks.push_back(plan.chunks.back());
  return true;
}

// A stack that becomes less deep is planned anew before its inner part is gone.
bool StackReader::nears_what_is_left_out(const Copy& copy, const StackPlan& plan) const {
  if (plan.behind.size == 0 || plan.chunks.size() < 2) return false;
  const RemoteAddr newest = StructView(copy.thread_state()).pointer(layout_.thread.datastack_chunk);
  return newest == plan.chunks[plan.chunks.size() - 2].begin;
}

// Of frames that are objects on the heap: those that will be looked at.
void StackReader::cut_frames(StackPlan& plan) {
  std::vector<RemoteAddr> kept = plan.frames;
  std::erase_if(kept, [](RemoteAddr address) { return address.is_null(); });
  if (kept.size() <= kOuterFrames) {
    plan.frames = std::move(kept);
    plan.frames.emplace_back();
    plan.left_out = true;
    return;
  }
  const std::size_t inner = std::min(kInnerFrames, kept.size() - kOuterFrames);
  plan.frames.assign(kept.begin(), kept.begin() + kOuterFrames);
  plan.frames.emplace_back();
  plan.frames.insert(plan.frames.end(), kept.end() - static_cast<std::ptrdiff_t>(inner), kept.end());
  plan.left_out = true;
}

}  // namespace gilspy::sample
