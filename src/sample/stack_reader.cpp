#include "stack_reader.h"

#include <algorithm>
#include <array>
#include <bit>

#include "gilspy/memory.h"

namespace gilspy::sample {
namespace {

constexpr int kMostLooseReads = 16;  // more are quicker had by a new plan
constexpr std::size_t kMostCalls = 1U << 20;
constexpr unsigned kMostMisses = 3;

}  // namespace

std::span<const ReadRange> StackReader::plan_ahead(std::span<const StackRequest> requests) {
  ahead_requests_.assign(requests.begin(), requests.end());
  for (const StackRequest& request : requests) begin_epoch(*request.plan);
  those(requests, false, to_copy_);
  ahead_.lay_out(requests, to_copy_);
  return ahead_.ranges();
}

void StackReader::note_ahead(std::size_t complete) { ahead_.note_read(complete, ahead_requests_); }

// What note_ahead() has of this thread, once.
CopyPair* StackReader::take_ahead(const StackRequest& request) {
  for (std::size_t i = 0; i < ahead_requests_.size(); ++i) {
    StackRequest& ahead = ahead_requests_[i];
    if (ahead.thread_state != request.thread_state || ahead.id != request.id || !ahead_.of(i).complete) continue;
    ahead.thread_state = RemoteAddr{};
    return &ahead_.of(i);
  }
  return nullptr;
}

// Code objects may have been replaced, and so may what they stood for.
void StackReader::begin_epoch(StackPlan& plan) const {
  if (plan.epoch == codes_.epoch()) return;
  plan.epoch = codes_.epoch();
  plan.known.clear();
  if (plan.root_entry.is_null()) return;
  plan.extras.push_back({plan.root_entry, layout_.frame.size});
  plan.root_entry = RemoteAddr{};
  plan_others(plan);
}

Result<void> StackReader::read(std::span<const StackRequest> requests, std::vector<StackOutcome>& outcomes,
                               const std::function<void()>& copied) {
  outcomes.assign(requests.size(), {});
  all_were_ahead_ = true;
  if (calls_.size() > kMostCalls || codes_.replaced() != learned_with_) calls_.clear();
  learned_with_ = codes_.replaced();
  for (const StackRequest& request : requests) begin_epoch(*request.plan);
  std::vector<Walk> walks;
  GILSPY_CHECK(walk_still(requests, outcomes, walks));
  if (copied) copied();
  for (std::size_t i = 0; i < walks.size(); ++i) {
    if (!requests[i].still || walks[i].end != WalkEnd::kRoot) continue;
    const Copy& copy = copies_.of(i).first;
    if (walks[i].missing.size > 0) extend(requests[i], copy, walks[i]);  // for the next time
    if (outcomes[i].quality != StackQuality::kLost) keep(*requests[i].plan, walks[i], copy);
  }
  return read_moving(requests, outcomes);
}

// Copies, walks and looks up the stacks of those that stand still, no more: they do so while this lasts. What a frame's
// code was can be gone a moment later.
Result<void> StackReader::walk_still(std::span<const StackRequest> requests, std::vector<StackOutcome>& outcomes,
                                     std::vector<Walk>& walks) {
  those(requests, true, open_);
  if (!open_.empty()) walks.resize(requests.size());
  for (int attempt = 0; attempt < kMostStillTries && !open_.empty(); ++attempt) {
    all_were_ahead_ = false;
    copies_.lay_out(requests, open_);
    GILSPY_CHECK(copies_.read(memory_, requests));
    std::erase_if(open_, [&](std::size_t i) {
      Copy& copy = copies_.of(i).first;
      if (!copies_.of(i).complete) return false;
      copy.loose_reads = kMostLooseReads;
      outcomes[i].other_thread = id_in(copy) != requests[i].id;
      if (outcomes[i].other_thread) return true;
      walk(copy, *requests[i].plan, walks[i]);
      if (walks[i].end == WalkEnd::kOutsidePlan) {
        extend(requests[i], copy, walks[i]);
        return false;
      }
      if (walks[i].end == WalkEnd::kRoot &&
          tell(walks[i], walks[i].frames.size(), !walks[i].cut, *requests[i].plan, outcomes[i])) {
        outcomes[i].context_version = context_version_in(copy);
      }
      return true;
    });
    for (const std::size_t i : open_) ++outcomes[i].retries;
  }
  return {};
}

Result<void> StackReader::read_moving(std::span<const StackRequest> requests, std::vector<StackOutcome>& outcomes) {
  those(requests, false, open_);
  std::erase_if(open_, [&](std::size_t i) {
    CopyPair* const ahead = take_ahead(requests[i]);
    if (ahead != nullptr && try_once(requests[i], *ahead, outcomes[i])) return true;
    if (ahead != nullptr) ++outcomes[i].retries;
    return false;
  });
  const auto is_new = [&](std::size_t i) {
    return requests[i].plan->oldest_chunk.is_null() && requests[i].plan->frames.empty();
  };
  std::vector<std::size_t> given_up;
  for (int attempt = 0; attempt < kMostFirstTries && !open_.empty(); ++attempt) {
    if (attempt >= kMostTries && std::ranges::none_of(open_, is_new)) break;
    all_were_ahead_ = false;
    copies_.lay_out(requests, open_);
    GILSPY_CHECK(copies_.read(memory_, requests));
    std::erase_if(open_, [&](std::size_t i) { return try_once(requests[i], copies_.of(i), outcomes[i]); });
    for (const std::size_t i : open_) ++outcomes[i].retries;
    // One so deep that changed under the last reads, too, is too dear to be read again.
    const auto is_given_up = [&](std::size_t i) { return requests[i].plan->left_out && requests[i].plan->misses > 0; };
    std::ranges::copy_if(open_, std::back_inserter(given_up), is_given_up);
    std::erase_if(open_, is_given_up);
  }
  open_.insert(open_.end(), given_up.begin(), given_up.end());
  for (const std::size_t i : open_) {
    requests[i].plan->misses = std::min(requests[i].plan->misses + 1, kMostMisses);
    GILSPY_TRY(outcomes[i], outer_part(requests, i));
  }
  return {};
}

void StackReader::those(std::span<const StackRequest> requests, bool still, std::vector<std::size_t>& which) {
  which.clear();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (requests[i].still == still) which.push_back(i);
  }
}

std::uint64_t StackReader::id_in(const Copy& copy) const {
  return StructView(copy.thread_state()).get<std::uint64_t>(layout_.thread.id);
}

std::uint64_t StackReader::context_version_in(const Copy& copy) const {
  return StructView(copy.thread_state()).get<std::uint64_t>(layout_.thread.context_version);
}

// Where every chain ends, in versions that have such a frame; else null.
RemoteAddr StackReader::base_in(const Copy& copy) const {
  if (layout_.thread.base_frame == kAbsent) return {};
  return StructView(copy.thread_state()).pointer(layout_.thread.base_frame);
}

void StackReader::walk(Copy& copy, const StackPlan& plan, Walk& result) {
  result.frames.clear();
  result.end = WalkEnd::kGarbage;
  result.missing = {};
  result.outer = false;
  result.root_entry = RemoteAddr{};
  result.rooted = false;
  result.cut = false;
  if (layout_.frame_root == FrameRoot::kFrameObjects) return walk_objects(copy, plan, result);
  walk_data_stack(copy, plan, result);
}

// From the copy, or, where that lacks a few places, from a thread that stands still: nullptr ends the walk.
const std::byte* StackReader::bytes_at(Copy& copy, const Region& place, Walk& walk) {
  if (const std::byte* const copied = copy.find(place.begin, place.size)) return copied;
  if (walk.missing.size == 0) walk.missing = place;
  loose_.resize(place.size);
  const bool may_read = copy.loose_reads-- > 0;
  if (may_read && read_exact(memory_, place.begin, loose_).has_value()) return loose_.data();
  walk.end = WalkEnd::kOutsidePlan;
  return nullptr;
}

// True when the outcome stands; false asks for another pair.
bool StackReader::try_once(const StackRequest& request, CopyPair& pair, StackOutcome& outcome) {
  if (!pair.complete) return false;
  if (id_in(pair.second) != request.id) {
    outcome.other_thread = true;
    return true;
  }
  StackPlan& plan = *request.plan;
  walk(pair.first, plan, first_);
  walk(pair.second, plan, second_);
  if (second_.end == WalkEnd::kOutsidePlan) {
    extend(request, pair.second, second_);
    return false;
  }
  if (first_.end == WalkEnd::kOutsidePlan) {
    extend(request, pair.first, first_);
    return false;
  }
  if (first_.end != WalkEnd::kRoot || second_.end != WalkEnd::kRoot) return false;
  if (!agree(plan, outcome)) return false;
  outcome.context_version = context_version_in(pair.second);
  keep(plan, second_, pair.second);
  if (plan.misses > 0) --plan.misses;
  if (nears_what_is_left_out(pair.second, plan)) plan_chunks(request, pair.second);
  return true;
}

// How many frames, from the outermost on, are the same in both, the instructions included.
std::size_t StackReader::settled(const Walk& a, const Walk& b) {
  const std::size_t shorter = std::min(a.frames.size(), b.frames.size());
  std::size_t depth = 0;
  while (depth < shorter && a.at(depth).same_call(b.at(depth)) && a.at(depth).instruction == b.at(depth).instruction) {
    ++depth;
  }
  return depth;
}

// What was certainly on the stack. False: not even the outermost frame was.
bool StackReader::agree(StackPlan& plan, StackOutcome& outcome) {
  const Walk& a = first_;
  const Walk& b = second_;
  const std::size_t same = settled(a, b);
  outcome.moved = same < a.frames.size() || same < b.frames.size();
  const bool same_next = same < a.frames.size() && same < b.frames.size() && a.at(same).same_call(b.at(same));
  const auto is_whole = [&] {
    if (a.cut) return false;
    if (!outcome.moved) return true;
    if (same_next && a.frames.size() == same + 1) {  // the innermost one has moved on since, and maybe called another
      return layout_.frame_root != FrameRoot::kFrameObjects || b.frames.size() == same + 1;
    }
    if (same > 0 && a.frames.size() == same) return true;  // has called another since
    return are_known_calls(a, same, plan);
  };
  const bool whole = is_whole();
  // One that was there both times but has moved on is certain, what it called is not.
  const std::size_t certain = same + (same_next ? 1 : 0);
  if (!tell(a, whole ? a.frames.size() : certain, whole, plan, outcome)) return false;
  learn_calls(a, certain, plan);
  return true;
}

std::uint64_t StackReader::key_of(const RawFrame& caller, const RawFrame& callee) {
  constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15;
  std::uint64_t key = 0;
  for (const std::uint64_t part : {caller.code.value(), caller.instruction.position, callee.code.value()}) {
    key = (std::rotl(key, 23) ^ part) * kMix;
  }
  return key;
}

// Whether all that was called from the frame at this depth on lies on the data stack, and was called from there before,
// for certain. Frames outside of it are copied a moment later, so that calls to them would be learned wrong.
bool StackReader::are_known_calls(const Walk& walk, std::size_t depth, const StackPlan& plan) const {
  if (depth == 0) return false;
  for (; depth < walk.frames.size(); ++depth) {
    const RawFrame& caller = walk.at(depth - 1);
    const RawFrame& callee = walk.at(depth);
    if (callee.code == caller.code) return false;  // which of its own calls it was is not told by the code
    if (!in_chunks(callee.address, plan) || !calls_.contains(key_of(caller, callee))) return false;
  }
  return true;
}

// Of the outermost frames that are certain.
void StackReader::learn_calls(const Walk& walk, std::size_t certain, StackPlan& plan) {
  for (std::size_t depth = 1; depth < std::min(certain, plan.known.size()); ++depth) {
    if (plan.known[depth].learned) continue;
    plan.known[depth].learned = true;
    if (in_chunks(walk.at(depth).address, plan)) calls_.insert(key_of(walk.at(depth - 1), walk.at(depth)));
  }
}

// The outermost `depth` frames. False: they cannot be told.
bool StackReader::tell(const Walk& walk, std::size_t depth, bool whole, StackPlan& plan, StackOutcome& outcome) {
  if (!whole && depth == 0) return false;
  const auto stack = stack_of(walk, depth, plan);
  plan.depth = stack.has_value() ? stack->depth : 0;
  if (!stack.has_value()) return false;
  outcome.stack = stack->stack;
  outcome.quality = whole && stack->depth == depth ? StackQuality::kWhole : StackQuality::kTruncated;
  return true;
}

// Of the outermost `depth` frames, or fewer where one of them names no code. None: not even the outermost does.
std::optional<StackReader::LookedUp> StackReader::stack_of(const Walk& walk, std::size_t depth, StackPlan& plan) {
  LookedUp result;
  bool as_before = true;  // so far the frames are those of plan.known
  for (; result.depth < depth; ++result.depth) {
    const RawFrame& frame = walk.at(result.depth);
    as_before = as_before && result.depth < plan.known.size() && plan.known[result.depth].code == frame.code &&
                plan.known[result.depth].instruction == frame.instruction;
    if (as_before) {
      plan.known[result.depth].address = frame.address;
      plan.known[result.depth].entry = frame.entry;
      plan.known[result.depth].anchor = frame.anchor;
      result.stack = plan.known[result.depth].stack;
      continue;
    }
    const auto id = frame.left_out
                        ? stacks_.intern({.function = std::string(kFramesLeftOut), .file = {}, .native = true})
                        : codes_.frame(frame.code, frame.instruction);
    if (!id.has_value()) {
      if (result.depth == 0) return std::nullopt;
      return result;
    }
    result.stack = stacks_.child(result.stack, *id);
    plan.known.resize(result.depth);
    plan.known.push_back(
        {frame.address, frame.code, frame.instruction, result.stack, false, frame.entry, frame.anchor});
  }
  return result;
}

void StackReader::extend(const StackRequest& request, const Copy& copy, const Walk& walk) {
  if (walk.outer) ++request.plan->outer_asked;
  if (layout_.frame_root == FrameRoot::kFrameObjects) return extend_objects(*request.plan, copy, walk.missing.begin);
  extend_data_stack(request, copy, walk.missing);
}

void StackReader::keep(StackPlan& plan, const Walk& latest, const Copy& copy) const {
  if (layout_.frame_root == FrameRoot::kFrameObjects) return keep_objects(plan, latest);
  keep_data_stack(plan, latest, copy);
}

// Callers mostly stay: only what differs on the inside is written. False: nothing does. `left`: frames that were known.
bool StackReader::keep_frames(StackPlan& plan, const Walk& latest, std::vector<RemoteAddr>& left) {
  const std::size_t before = plan.frames.size();
  const std::size_t now = latest.frames.size();
  std::size_t same = 0;
  while (same < before && same < now && plan.frames[same] == latest.frames[now - 1 - same].address) ++same;
  if (same == before && same == now) return false;
  left.assign(plan.frames.begin() + static_cast<std::ptrdiff_t>(same), plan.frames.end());
  plan.frames.resize(same);
  for (std::size_t depth = same; depth < now; ++depth) plan.frames.push_back(latest.frames[now - 1 - depth].address);
  return true;
}

// What lies close together is copied in one piece: less than another range costs, and never a page that is not there.
void StackReader::join(std::vector<Region>& places, std::vector<Region>& joined) {
  constexpr std::uint64_t kWorthJoining = 1024;  // bytes between
  constexpr std::uint64_t kLargest = 1U << 16;
  std::ranges::sort(places, {}, &Region::begin);
  joined.clear();
  for (const Region& place : places) {
    if (!joined.empty()) {
      Region& last = joined.back();
      const std::uint64_t end = place.begin.since(last.begin) + place.size;
      if (place.begin.since(last.begin) <= last.size + kWorthJoining && end <= kLargest) {
        last.size = std::max(last.size, static_cast<std::uint32_t>(end));
        continue;
      }
    }
    joined.push_back(place);
  }
}

void StackReader::plan_others(StackPlan& plan) {
  std::vector<Region> places = plan.extras;
  join(places, plan.others);
}

// What is left where no pair of reads gave a chain that reaches the outermost frame: that, and what it called, as far
// as that is certain.
Result<StackOutcome> StackReader::outer_part(std::span<const StackRequest> requests, std::size_t which) {
  const StackRequest& request = requests[which];
  const bool objects = layout_.frame_root == FrameRoot::kFrameObjects;
  StackOutcome outcome;
  outcome.retries = kMostTries;
  for (bool again : {false, true, true}) {
    std::vector<Region>& chunks = request.plan->chunks;
    if (again && chunks.size() > 1) chunks = {chunks.back()};  // that one stays
    copies_.lay_out(requests, std::array{which});
    GILSPY_CHECK(copies_.read(memory_, requests));
    if (copies_.of(which).complete) break;
  }
  const CopyPair& pair = copies_.of(which);
  if (!pair.complete) return outcome;
  outcome.other_thread = id_in(pair.second) != request.id;
  const auto walk = [&](const Copy& copy) {
    return objects ? walk_remembered(copy, *request.plan) : walk_from_first(copy, *request.plan);
  };
  const Walk first = walk(pair.first);
  const Walk second = walk(pair.second);
  std::size_t depth = settled(first, second);
  const bool moved_on = depth < first.frames.size() && depth < second.frames.size();
  if (moved_on && first.at(depth).same_call(second.at(depth))) ++depth;
  const auto stack = stack_of(first, depth, *request.plan);
  if (!stack.has_value() || stack->depth == 0) {
    request.plan->chunks.clear();  // they may be another thread's
    return outcome;
  }
  outcome.stack = stack->stack;
  outcome.quality = StackQuality::kTruncated;
  outcome.context_version = context_version_in(pair.second);
  return outcome;
}

}  // namespace gilspy::sample
