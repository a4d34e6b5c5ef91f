#include "stack_reader.h"

#include <algorithm>
#include <unordered_set>

#include "gilspy/memory.h"

namespace gilspy::sample {
namespace {

constexpr std::size_t kMostChunks = 128;
constexpr std::size_t kMostExtras = 24;              // kept though the last walk did not need them
constexpr int kMostLooseReads = 16;                  // more are quicker had by a new plan
constexpr std::size_t kMostFollowed = 2'000;         // frames outside of the data stack, at a time
constexpr std::uint64_t kChunkSlack = 1024;          // room for a few frames more than at the last read
constexpr std::uint64_t kLargestChunk = 1ULL << 20;  // CPython's are 16 KiB unless one frame needs more

}  // namespace

const std::byte* StackReader::Copy::find(RemoteAddr address, std::size_t size) const {
  const auto holds = [&](const auto& place) {
    const Region& region = place.first;
    return address.in(region.begin, region.size) && size <= region.size - address.since(region.begin);
  };
  auto found = regions.end();
  if (sorted) {
    const auto above = std::ranges::upper_bound(regions.begin() + 1, regions.end(), address, {},
                                                [](const auto& place) { return place.first.begin; });
    if (above != regions.begin() + 1 && holds(*std::prev(above))) found = std::prev(above);
  } else {
    found = std::ranges::find_if(regions, holds);
  }
  return found == regions.end() ? nullptr : found->second.data() + address.since(found->first.begin);
}

Result<std::vector<StackOutcome>> StackReader::read(std::span<const StackRequest> requests,
                                                    const std::function<void()>& copied) {
  std::vector<StackOutcome> outcomes(requests.size());
  pairs_.resize(requests.size());
  std::vector<Walk> walks(requests.size());
  GILSPY_CHECK(walk_still(requests, outcomes, walks));
  if (copied) copied();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (!requests[i].still || walks[i].end != WalkEnd::kRoot) continue;
    if (walks[i].missing.size > 0) extend(requests[i], pairs_[i].first, walks[i].missing);  // for the next time
    if (const auto agreed = agree(walks[i], walks[i])) {
      outcomes[i].quality = agreed->quality;
      outcomes[i].stack = agreed->stack;
      outcomes[i].context_version = context_version_in(pairs_[i].first);
      keep(*requests[i].plan, walks[i]);
    }
  }
  GILSPY_CHECK(read_moving(requests, outcomes));
  return outcomes;
}

// Copies and walks the stacks of those that stand still, no more: they do so while this lasts.
Result<void> StackReader::walk_still(std::span<const StackRequest> requests, std::vector<StackOutcome>& outcomes,
                                     std::vector<Walk>& walks) {
  std::vector<std::size_t> open = those(requests, true);
  for (int attempt = 0; attempt < kMostTries && !open.empty(); ++attempt) {
    GILSPY_CHECK(copy_stacks(requests, open));
    std::erase_if(open, [&](std::size_t i) {
      Copy& copy = pairs_[i].first;
      if (!pairs_[i].complete) return false;
      copy.loose_reads = kMostLooseReads;
      outcomes[i].other_thread = id_in(copy) != requests[i].id;
      if (outcomes[i].other_thread) return true;
      // What it was the last time does not matter: there is no doubt where this chain ends.
      walks[i] = walk(copy, StackPlan{});
      if (walks[i].end != WalkEnd::kOutsidePlan) return true;
      extend(requests[i], copy, walks[i].missing);
      return false;
    });
    for (const std::size_t i : open) ++outcomes[i].retries;
  }
  return {};
}

Result<void> StackReader::read_moving(std::span<const StackRequest> requests, std::vector<StackOutcome>& outcomes) {
  std::vector<std::size_t> open = those(requests, false);
  for (int attempt = 0; attempt < kMostTries && !open.empty(); ++attempt) {
    GILSPY_CHECK(copy_stacks(requests, open));
    std::erase_if(open, [&](std::size_t i) { return try_once(requests[i], pairs_[i], outcomes[i]); });
    for (const std::size_t i : open) ++outcomes[i].retries;
  }
  if (layout_.frame_root == FrameRoot::kFrameObjects) {
    for (const std::size_t i : open) outcomes[i] = remembered(requests[i], pairs_[i]);
  }
  return {};
}

std::vector<std::size_t> StackReader::those(std::span<const StackRequest> requests, bool still) {
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (requests[i].still == still) which.push_back(i);
  }
  return which;
}

std::uint64_t StackReader::id_in(const Copy& copy) const {
  return StructView(copy.regions.front().second).get<std::uint64_t>(layout_.thread.id);
}

std::uint64_t StackReader::context_version_in(const Copy& copy) const {
  return StructView(copy.regions.front().second).get<std::uint64_t>(layout_.thread.context_version);
}

// Where every chain ends, in versions that have such a frame; else null.
RemoteAddr StackReader::base_in(const Copy& copy) const {
  if (layout_.thread.base_frame == kAbsent) return {};
  return StructView(copy.regions.front().second).pointer(layout_.thread.base_frame);
}

// All regions of a thread, twice unless it stands still, thread after thread, in as few calls as may be.
Result<void> StackReader::copy_stacks(std::span<const StackRequest> requests, std::span<const std::size_t> which) {
  struct Slot {
    std::size_t request;
    Copy* copy;
  };
  std::vector<Slot> owners;
  ranges_.clear();
  std::size_t total = 0;
  const auto layout_copy = [&](std::size_t i, Copy& copy) {
    copy.regions.clear();
    copy.sorted = layout_.frame_root == FrameRoot::kFrameObjects;
    copy.loose_reads = 0;
    const auto add = [&](const Region& region) {
      copy.regions.push_back({region, {}});
      total += region.size;
    };
    add({requests[i].thread_state, layout_.thread.size});
    for (const Region& region : requests[i].plan->chunks) add(region);
    for (const Region& region : requests[i].plan->extras) add(region);
    owners.push_back({i, &copy});
  };
  for (const std::size_t i : which) {
    pairs_[i].complete = true;
    layout_copy(i, pairs_[i].first);
    if (!requests[i].still) layout_copy(i, pairs_[i].second);
  }
  arena_.resize(total);
  std::size_t used = 0;
  std::vector<std::size_t> range_owner;
  for (const Slot& slot : owners) {
    for (auto& [region, bytes] : slot.copy->regions) {
      const auto place = std::span(arena_).subspan(used, region.size);
      bytes = place;
      ranges_.push_back({region.begin, place});
      range_owner.push_back(slot.request);
      used += region.size;
    }
  }
  // A region that is no longer mapped ends the batch: its thread starts over with a fresh plan, the others go on.
  for (std::size_t at = 0; at < ranges_.size();) {
    GILSPY_TRY(const std::size_t complete, memory_.read_batch(std::span(ranges_).subspan(at)));
    at += complete;
    if (at >= ranges_.size()) break;
    const std::size_t owner = range_owner[at];
    pairs_[owner].complete = false;
    *requests[owner].plan = {};
    while (at < ranges_.size() && range_owner[at] == owner) ++at;
  }
  return {};
}

StackReader::Walk StackReader::walk(Copy& copy, const StackPlan& plan) {
  return layout_.frame_root == FrameRoot::kFrameObjects ? walk_objects(copy, plan) : walk_data_stack(copy);
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

StackReader::Walk StackReader::walk_data_stack(Copy& copy) {
  Walk result;
  const StructView thread(copy.regions.front().second);
  RemoteAddr address = thread.pointer(layout_.thread.frame_root);
  if (layout_.frame_root == FrameRoot::kViaCframe) {
    const std::byte* const cframe = bytes_at(copy, {address, layout_.cframe.size}, result);
    if (cframe == nullptr) return result;
    address = StructView({cframe, layout_.cframe.size}).pointer(layout_.cframe.current_frame);
  }
  const RemoteAddr base = base_in(copy);
  for (std::size_t steps = 0; steps < kMostFrames; ++steps) {
    if (address.is_null() || address == base) {
      result.end = WalkEnd::kRoot;
      return result;
    }
    if (address.value() % 8 != 0) return result;
    const std::byte* const bytes = bytes_at(copy, {address, layout_.frame.size}, result);
    if (bytes == nullptr) return result;
    const StructView frame({bytes, layout_.frame.size});
    if (frame.get<std::uint8_t>(layout_.frame.owner) < layout_.frame.first_sentinel_owner) {
      const RemoteAddr code(frame.get<std::uint64_t>(layout_.frame.code) & ~layout_.frame.pointer_tag_mask);
      Instruction instruction{frame.get<std::uint64_t>(layout_.frame.instruction)};
      if (layout_.frame.tlbc_index != kAbsent) {
        instruction.tlbc_index = frame.get<std::uint32_t>(layout_.frame.tlbc_index);
      }
      result.frames.push_back({address, code, instruction});
    }
    address = frame.pointer(layout_.frame.previous);
  }
  return result;  // a cycle: torn links can form one
}

// True when the outcome stands; false asks for another pair.
bool StackReader::try_once(const StackRequest& request, Pair& pair, StackOutcome& outcome) {
  if (!pair.complete) return false;
  if (id_in(pair.second) != request.id) {
    outcome.other_thread = true;
    return true;
  }
  const Walk first = walk(pair.first, *request.plan);
  const Walk second = walk(pair.second, *request.plan);
  if (second.end == WalkEnd::kOutsidePlan) {
    extend(request, pair.second, second.missing);
    return false;
  }
  if (first.end == WalkEnd::kOutsidePlan) {
    extend(request, pair.first, first.missing);
    return false;
  }
  if (first.end != WalkEnd::kRoot || second.end != WalkEnd::kRoot) return false;
  const auto agreed = agree(first, second);
  if (!agreed.has_value()) return false;
  outcome.quality = agreed->quality;
  outcome.stack = agreed->stack;
  outcome.context_version = context_version_in(pair.second);
  keep(*request.plan, second);
  return true;
}

std::optional<StackOutcome> StackReader::agree(const Walk& a, const Walk& b) {
  StackOutcome outcome;
  outcome.quality = a.frames.size() == b.frames.size() ? StackQuality::kWhole : StackQuality::kTruncated;
  const std::size_t shorter = std::min(a.frames.size(), b.frames.size());
  if (shorter == 0 && outcome.quality == StackQuality::kTruncated) return std::nullopt;
  for (std::size_t depth = 1; depth <= shorter; ++depth) {
    const RawFrame& x = a.frames[a.frames.size() - depth];
    const RawFrame& y = b.frames[b.frames.size() - depth];
    const bool same = x.address == y.address && x.code == y.code;
    const auto frame = same ? codes_.frame(x.code, x.instruction) : std::nullopt;
    if (!frame.has_value()) {
      if (depth == 1) return std::nullopt;  // not even the outermost frame: nothing to keep
      outcome.quality = StackQuality::kTruncated;
      return outcome;
    }
    outcome.stack = stacks_.child(outcome.stack, *frame);
    if (x.instruction != y.instruction) {
      // It was here both times, but has moved on: what it called is not certain. As a leaf this is as it should be.
      if (depth < a.frames.size() || depth < b.frames.size()) outcome.quality = StackQuality::kTruncated;
      return outcome;
    }
  }
  return outcome;
}

// Frames outside of the data stack (generators, coroutines, on the C stack) are followed to one that the plan has: a
// chain of awaits can be long.
void StackReader::extend(const StackRequest& request, const Copy& copy, const Region& missing) {
  if (layout_.frame_root == FrameRoot::kFrameObjects) return extend_objects(*request.plan, missing.begin);
  plan_chunks(request, copy);
  StackPlan& plan = *request.plan;
  const auto in_chunks = [&](RemoteAddr address) {
    return std::ranges::any_of(plan.chunks, [&](const Region& r) { return address.in(r.begin, r.size); });
  };
  if (plan.extras.size() > 2 * kMostFollowed) plan.extras.clear();  // a thread that is lost again and again
  RemoteAddr at = missing.begin;
  const RemoteAddr base = base_in(copy);
  for (std::size_t steps = 0; steps < kMostFollowed && !at.is_null() && at != base && !in_chunks(at); ++steps) {
    if (steps > 0 && std::ranges::count(plan.extras, at, &Region::begin) > 0) return;
    std::erase_if(plan.extras, [&](const Region& r) { return r.begin == at; });
    plan.extras.push_back({at, missing.size});
    if (missing.size != layout_.frame.size) return;  // not a frame
    const auto previous = read_pointer(memory_, at + layout_.frame.previous);
    if (!previous.has_value()) return;
    at = *previous;
  }
}

// What is not needed now may be soon: a few of those are kept, the latest.
void StackReader::keep_extras(StackPlan& plan, const Walk& latest) {
  if (plan.extras.size() <= kMostExtras) return;
  std::unordered_set<RemoteAddr> needed;
  for (const RawFrame& frame : latest.frames) needed.insert(frame.address);
  const auto unneeded = [&](const Region& extra) { return !needed.contains(extra.begin); };
  auto too_many = std::ranges::count_if(plan.extras, unneeded) - std::ptrdiff_t{kMostExtras};
  std::erase_if(plan.extras, [&](const Region& extra) { return unneeded(extra) && too_many-- > 0; });
}

// The data-stack chunks that this thread uses now. Chunks are linked newest to oldest; older ones are full.
void StackReader::plan_chunks(const StackRequest& request, const Copy& copy) {
  const StructView thread(copy.regions.front().second);
  RemoteAddr chunk = thread.pointer(layout_.thread.datastack_chunk);
  const RemoteAddr top = thread.pointer(layout_.thread.datastack_top);
  std::vector<Region> chunks;
  while (!chunk.is_null() && chunks.size() < kMostChunks) {
    const auto size = read_value<std::uint64_t>(memory_, chunk + layout_.chunk.chunk_size);
    const auto previous = read_pointer(memory_, chunk + layout_.chunk.previous);
    if (!size.has_value() || !previous.has_value() || *size < layout_.chunk.data || *size > kLargestChunk) break;
    const std::uint64_t used = chunks.empty() ? top.since(chunk) : *size;
    const std::uint64_t wanted = used < *size ? std::min(used + kChunkSlack, *size) : *size;
    chunks.push_back({chunk, static_cast<std::uint32_t>(wanted)});
    chunk = *previous;
  }
  request.plan->chunks = std::move(chunks);
}

}  // namespace gilspy::sample
