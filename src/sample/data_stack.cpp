// Stacks of 3.11 and later: frames in the chunks of a thread's data stack, and outside of them those of generators
// (on the heap) and those without Python code that stand for calls from C (on the C stack).
#include <algorithm>
#include <bit>
#include <unordered_set>

#include "deep_stacks.h"
#include "gilspy/memory.h"
#include "stack_reader.h"

namespace gilspy::sample {
namespace {

constexpr std::size_t kMostExtras = 24;              // kept though the last walk did not need them
constexpr std::size_t kMostFollowed = 2'000;         // frames outside of the data stack, at a time
constexpr std::uint32_t kChunkSlack = 1024;          // room for a few frames more than at the last read
constexpr std::uint64_t kLargestChunk = 1ULL << 20;  // CPython's are 16 KiB unless one frame needs more
constexpr std::uint32_t kFirstLook = 4096;           // bytes of a chunk of which only the address is known
constexpr std::uint32_t kReviewAfter = 100;          // reads
constexpr std::uint32_t kUnusedBytes = 8;            // at the begin of the oldest chunk

}  // namespace

StackReader::FrameView StackReader::view_frame(RemoteAddr address, const std::byte* bytes) const {
  const StructView view({bytes, layout_.frame.size});
  FrameView result;
  result.previous = view.pointer(layout_.frame.previous);
  result.sentinel = view.get<std::uint8_t>(layout_.frame.owner) >= layout_.frame.first_sentinel_owner;
  if (result.sentinel) return result;
  RawFrame& frame = result.frame;
  frame.address = address;
  frame.code = RemoteAddr(view.get<std::uint64_t>(layout_.frame.code) & ~layout_.frame.pointer_tag_mask);
  frame.instruction.position = view.get<std::uint64_t>(layout_.frame.instruction);
  if (layout_.frame.tlbc_index != kAbsent) {
    frame.instruction.tlbc_index = view.get<std::uint32_t>(layout_.frame.tlbc_index);
  }
  if (layout_.frame.stacktop != kAbsent) {
    frame.says = view.get<std::int32_t>(layout_.frame.stacktop) == -1 ? FrameSays::kRuns : FrameSays::kHasCalled;
  }
  // 3.12 makes it the current one before all of it is stored, as compilers may order that (DISPATCH_INLINED in
  // ceval_macros.h): its link to its caller then is that of the frame that lay there before.
  const RemoteAddr before_the_first = frame.code + layout_.code.instructions - 2;
  const bool is_312 = layout_.frame_root == FrameRoot::kViaCframe && layout_.frame.is_entry == kAbsent;
  result.unwritten =
      is_312 && frame.says == FrameSays::kHasCalled && frame.instruction.position == before_the_first.value();
  if (layout_.frame.is_entry != kAbsent) result.entered_from_c = view.get<std::uint8_t>(layout_.frame.is_entry) != 0;
  frame.entry = result.entered_from_c;
  return result;
}

// The frame that was walked last was entered from C: what links to it is on the C stack of the loop that runs it.
void StackReader::enter_from(RemoteAddr sentinel, Walk& walk) {
  if (walk.frames.empty() || walk.frames.back().entry) return;
  walk.frames.back().entry = true;
  walk.frames.back().anchor = sentinel;
}

// Whether it is the first in the oldest chunk, the first word of which stays unused (push_chunk in pystate.c).
bool StackReader::is_first_frame(RemoteAddr frame, const StackPlan& plan) const {
  return !plan.chunks.empty() && frame.since(plan.chunks.back().begin + layout_.chunk.data) <= kUnusedBytes;
}

bool StackReader::in_chunks(RemoteAddr frame, const StackPlan& plan) {
  return std::ranges::any_of(plan.chunks, [&](const Region& chunk) { return frame.in(chunk.begin, chunk.size); });
}

// Whether there is any frame on the data stack.
bool StackReader::has_frames(const Copy& copy, const StackPlan& plan) const {
  const StructView thread(copy.thread_state());
  const RemoteAddr chunk = thread.pointer(layout_.thread.datastack_chunk);
  if (chunk.is_null()) return false;
  const bool is_oldest = !plan.chunks.empty() && chunk == plan.chunks.back().begin;
  return !is_oldest || !is_first_frame(thread.pointer(layout_.thread.datastack_top), plan);
}

// Up to 3.13 a frame that has called another says so. One that says that it runs, and yet seems to have called, was
// returned to after the innermost frame was read: what is inside of it is gone. Later versions clear the code of a
// frame that leaves the stack.
//
// The chain is whole when it comes to the first frame of the data stack. One that ends before was cut: a generator
// loses its link to whoever resumed it a moment before it has left the stack.
void StackReader::walk_data_stack(Copy& copy, const StackPlan& plan, Walk& result) {
  const StructView thread(copy.thread_state());
  RemoteAddr address = thread.pointer(layout_.thread.frame_root);
  if (layout_.frame_root == FrameRoot::kViaCframe) {
    const std::byte* const cframe = bytes_at(copy, {address, layout_.cframe.size}, result);
    if (cframe == nullptr) return;
    address = StructView({cframe, layout_.cframe.size}).pointer(layout_.cframe.current_frame);
  }
  if (plan.chunks.empty() && !thread.pointer(layout_.thread.datastack_chunk).is_null()) {
    result.missing = {address, layout_.frame.size};
    result.end = WalkEnd::kOutsidePlan;
    return;
  }
  const RemoteAddr base = base_in(copy);
  bool rooted = !has_frames(copy, plan);
  bool called_directly = false;  // the frame at `address`, by the one before
  for (std::size_t steps = 0; steps < kMostFrames; ++steps) {
    if (address.is_null() || address == base || (rooted && address == plan.root_entry)) {
      if (rooted) result.end = WalkEnd::kRoot;
      if (rooted && address == plan.root_entry) enter_from(address, result);
      if (!result.frames.empty()) result.frames.back().entry = true;
      result.rooted = rooted && !result.frames.empty();
      return;
    }
    if (address.value() % 8 != 0) return;
    const std::byte* bytes = copy.find(address, layout_.frame.size);
    if (bytes == nullptr && may_leave_out(address, plan, result)) return leave_out(address, copy, plan, result);
    if (bytes == nullptr) bytes = bytes_at(copy, {address, layout_.frame.size}, result);
    if (bytes == nullptr) return;
    const FrameView view = view_frame(address, bytes);
    if (view.sentinel) {
      if (rooted && view.previous.is_null()) result.root_entry = address;
      enter_from(address, result);
      called_directly = false;
    } else {
      const bool gone = view.frame.code.is_null();
      if (gone || (view.frame.says == FrameSays::kRuns && called_directly)) {
        result.frames.clear();
        result.cut = false;
      }
      const bool unwritten = view.unwritten && result.frames.empty();
      result.cut = result.cut || unwritten;
      if (!gone && !unwritten) result.frames.push_back(view.frame);
      rooted = rooted || is_first_frame(address, plan);
      called_directly = !view.entered_from_c;
    }
    address = view.previous;
  }
  // a cycle: torn links can form one
}

// Past frames without Python code. Not null where that cannot be told.
RemoteAddr StackReader::caller_of(const FrameView& frame, const Copy& copy, const StackPlan& plan) const {
  RemoteAddr at = frame.previous;
  for (std::size_t steps = 0; steps < kMostFollowed && !at.is_null(); ++steps) {
    if (at == base_in(copy) || at == plan.root_entry) return {};
    const std::byte* const bytes = copy.find(at, layout_.frame.size);
    if (bytes == nullptr) return at;
    const FrameView view = view_frame(at, bytes);
    if (!view.sentinel) return at;
    at = view.previous;
  }
  return at;
}

bool StackReader::is_copied(RemoteAddr frame, const Copy& copy, const StackPlan& plan) const {
  return in_chunks(frame, plan) || frame.in(plan.behind.begin, plan.behind.size) ||
         copy.find(frame, layout_.frame.size) != nullptr;
}

// From the other end: frames lie one behind the other, and their code says how long they are. As far as each links to
// the one before and the data stack reaches: a generator in between ends it. `missing`: a call from C does, so far.
StackReader::Walk StackReader::walk_from_first(const Copy& copy, const StackPlan& plan, std::size_t most) {
  Walk result;
  result.end = WalkEnd::kRoot;
  if (plan.chunks.empty() || plan.chunks.back().begin != plan.oldest_chunk) return result;
  const StructView thread(copy.thread_state());
  const RemoteAddr current = thread.pointer(layout_.thread.datastack_chunk);
  const RemoteAddr top = thread.pointer(layout_.thread.datastack_top);
  RemoteAddr caller;
  for (auto chunk = plan.chunks.rbegin(); chunk != plan.chunks.rend(); ++chunk) {
    const bool oldest = chunk == plan.chunks.rbegin();
    RemoteAddr address = chunk->begin + layout_.chunk.data + (oldest ? kUnusedBytes : 0);
    while (result.frames.size() < most && (chunk->begin != current || address < top)) {
      const std::byte* const bytes = copy.find(address, layout_.frame.size);
      if (bytes == nullptr) break;
      const FrameView view = view_frame(address, bytes);
      const std::uint32_t size = view.sentinel ? 0 : codes_.frame_bytes(view.frame.code);
      const RemoteAddr from = result.frames.empty() ? caller : caller_of(view, copy, plan);
      if (size == 0 || from != caller) {
        if (size != 0 && !from.is_null() && !is_copied(from, copy, plan)) result.missing = {from, layout_.frame.size};
        break;
      }
      result.frames.push_back(view.frame);
      if (view.previous != caller) {
        result.frames.back().entry = true;
        result.frames.back().anchor = layout_.frame.is_entry == kAbsent ? view.previous : RemoteAddr{};
      }
      caller = address;
      address = address + size;
    }
    if (chunk->begin == current) break;
  }
  std::ranges::reverse(result.frames);
  return result;
}

// Follows the chain from where the plan ended: calls from C and generators can be many, one below the other.
void StackReader::extend_data_stack(const StackRequest& request, const Copy& copy, const Region& missing) {
  plan_chunks(request, copy);
  StackPlan& plan = *request.plan;
  if (plan.extras.size() > 2 * kMostFollowed) plan.extras.clear();  // a thread that is lost again and again
  RemoteAddr at = missing.begin;
  const RemoteAddr base = base_in(copy);
  std::size_t steps = 0;
  for (; steps < kMostFollowed && !at.is_null() && at != base; ++steps) {
    if (at.in(plan.behind.begin, plan.behind.size)) break;
    if (!in_chunks(at, plan)) {
      std::erase_if(plan.extras, [&](const Region& r) { return r.begin == at; });
      plan.extras.push_back({at, missing.size});
    }
    if (missing.size != layout_.frame.size) break;  // not a frame
    if (const std::byte* const bytes = copy.find(at, layout_.frame.size)) {
      at = StructView({bytes, layout_.frame.size}).pointer(layout_.frame.previous);
      continue;
    }
    if (in_chunks(at, plan)) break;  // the next copy has it
    const auto previous = read_pointer(memory_, at + layout_.frame.previous);
    if (!previous.has_value()) break;
    at = *previous;
  }
  if (steps == kMostFollowed) plan.left_out = true;
  plan_others(plan);
}

// The data-stack chunks that this thread uses now. Chunks are linked newest to oldest; older ones are full. Those of a
// deep stack are known again from where they are as they were.
void StackReader::plan_chunks(const StackRequest& request, const Copy& copy) {
  const StructView thread(copy.thread_state());
  RemoteAddr chunk = thread.pointer(layout_.thread.datastack_chunk);
  const RemoteAddr top = thread.pointer(layout_.thread.datastack_top);
  std::vector<Region> chunks;
  std::vector<std::byte> bytes(layout_.chunk.data);
  StackPlan& plan = *request.plan;
  RemoteAddr seen;  // for cycles, as Brent finds them
  while (!chunk.is_null() && chunks.size() < kMostChunks && chunk != seen) {
    if (std::has_single_bit(chunks.size())) seen = chunk;
    // In one read: a chunk that was given back can be another one's in the next moment.
    if (!read_exact(memory_, chunk, bytes).has_value()) break;
    const StructView header(bytes);
    const auto size = header.get<std::uint64_t>(layout_.chunk.chunk_size);
    if (size < layout_.chunk.data || size > kLargestChunk) break;
    const std::uint64_t used = chunks.empty() ? top.since(chunk) : size;
    const std::uint64_t wanted = used < size ? std::min<std::uint64_t>(used + kChunkSlack, size) : size;
    chunks.push_back({chunk, static_cast<std::uint32_t>(wanted)});
    chunk = header.pointer(layout_.chunk.previous);
    if (recognise_chunks(chunks, plan)) chunk = RemoteAddr{};
  }
  // The list may have changed under the walk, which then ends anywhere: in another thread's, even.
  const bool right_end =
      chunk.is_null() && (plan.oldest_chunk.is_null() || (!chunks.empty() && chunks.back().begin == plan.oldest_chunk));
  if (!right_end) {
    if (plan.chunks.empty() && !plan.oldest_chunk.is_null()) plan.chunks = {{plan.oldest_chunk, kFirstLook}};
    return;
  }
  choose_chunks(chunks, plan);
  plan.chunks = std::move(chunks);
  plan.reads = plan.used_most = 0;
}

void StackReader::keep_data_stack(StackPlan& plan, const Walk& latest, const Copy& copy) const {
  if (latest.rooted && !plan.chunks.empty()) plan.oldest_chunk = plan.chunks.back().begin;
  if (plan.left_out && std::ranges::none_of(latest.frames, &RawFrame::left_out)) plan.left_out = false;
  const std::size_t extras = plan.extras.size();
  if (!latest.root_entry.is_null()) {
    plan.root_entry = latest.root_entry;
    std::erase_if(plan.extras, [&](const Region& extra) { return extra.begin == plan.root_entry; });
  }
  keep_extras(plan, latest);
  if (plan.extras.size() != extras) plan_others(plan);
  review_chunks(plan, copy);
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

// A stack that was deep once is not copied so for ever.
void StackReader::review_chunks(StackPlan& plan, const Copy& latest) const {
  if (plan.chunks.empty()) return;
  const StructView thread(latest.thread_state());
  Region& newest = plan.chunks.front();
  if (thread.pointer(layout_.thread.datastack_chunk) == newest.begin) {
    const std::uint64_t used = thread.pointer(layout_.thread.datastack_top).since(newest.begin);
    plan.used_most = std::max(plan.used_most, static_cast<std::uint32_t>(std::min<std::uint64_t>(used, newest.size)));
  }
  if (++plan.reads < kReviewAfter) return;
  if (plan.used_most == 0 && plan.chunks.size() > 1) {
    plan.chunks.erase(plan.chunks.begin());
  } else if (plan.used_most > 0) {
    newest.size = std::min<std::uint32_t>(newest.size, plan.used_most + kChunkSlack);
  }
  plan.reads = plan.used_most = 0;
}

}  // namespace gilspy::sample
