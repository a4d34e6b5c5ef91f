// Stacks of 3.8 to 3.10: a chain of PyFrameObjects on the heap (frameobject.h).
#include <algorithm>
#include <unordered_set>

#include "gilspy/memory.h"
#include "stack_reader.h"

namespace gilspy::sample {
namespace {

constexpr std::size_t kMostRecent = 24;
constexpr std::size_t kMostForgotten = 2 * kMostFrames;
constexpr std::uint64_t kWorthJoining =
    1024;  // bytes between two frames: less than another range costs, and never a page
constexpr std::uint64_t kLargestRegion = 1U << 16;
constexpr std::uint64_t kNotBegun = ~std::uint64_t{0};  // f_lasti -1

}  // namespace

StackReader::FrameObject StackReader::view_object(RemoteAddr address, const std::byte* bytes) const {
  const StructView view({bytes, layout_.frame.size});
  FrameObject object;
  object.previous = view.pointer(layout_.frame.previous);
  const auto lasti = view.get<std::int32_t>(layout_.frame.instruction);  // -1: nothing executed yet
  object.frame = {address, view.pointer(layout_.frame.code), {static_cast<std::uint64_t>(std::int64_t{lasti})}};
  const auto state = view.get<std::uint8_t>(layout_.frame.state);
  object.executed = state < 8 && ((layout_.frame.states_on_stack >> state) & 1U) != 0;
  return object;
}

StackReader::Walk StackReader::walk_objects(Copy& copy, const StackPlan& plan) {
  Walk result;
  RemoteAddr address = StructView(copy.regions.front().second).pointer(layout_.thread.frame_root);
  for (std::size_t steps = 0; !address.is_null(); ++steps) {
    if (steps > kMostFrames || address.value() % 8 != 0) return result;
    const std::byte* const bytes = bytes_at(copy, {address, layout_.frame.size}, result);
    if (bytes == nullptr) return result;
    const FrameObject object = view_object(address, bytes);
    // The innermost frame may not have begun yet, or be over: then its caller is the one that counts.
    if (object.executed) result.frames.push_back(object.frame);
    if (!object.executed && steps > 0) return result;
    // Over, and its link to its caller is gone: nobody says whether there is one.
    const bool over = !object.executed && object.frame.instruction.position != kNotBegun;
    if (over && object.previous.is_null()) return result;
    address = object.previous;
  }
  // The chain is cut where a frame returned between two reads; it is whole when it ends where it ended before, or when
  // that outermost frame is over, too.
  const RemoteAddr outermost = result.frames.empty() ? RemoteAddr{} : result.frames.back().address;
  const bool cut =
      !plan.frames.empty() && outermost != plan.frames.back() && !walk_remembered(copy, plan).frames.empty();
  if (!cut) result.end = WalkEnd::kRoot;
  return result;
}

// The frames of the last known stack that still are on it: from the outermost on, as far as each is being executed and
// links to the one before.
StackReader::Walk StackReader::walk_remembered(const Copy& copy, const StackPlan& plan) const {
  Walk result;
  RemoteAddr caller;
  for (auto address = plan.frames.rbegin(); address != plan.frames.rend(); ++address) {
    const std::byte* const bytes = copy.find(*address, layout_.frame.size);
    if (bytes == nullptr) break;
    const FrameObject object = view_object(*address, bytes);
    if (!object.executed || object.previous != caller) break;
    result.frames.push_back(object.frame);
    caller = *address;
  }
  std::ranges::reverse(result.frames);
  result.end = WalkEnd::kRoot;
  return result;
}

// What is left where no pair of reads gave a chain that reaches the outermost frame.
StackOutcome StackReader::remembered(const StackRequest& request, const Pair& pair) {
  StackOutcome outcome;
  outcome.retries = kMostTries;
  if (!pair.complete) return outcome;
  const Walk second = walk_remembered(pair.second, *request.plan);
  const auto agreed = agree(walk_remembered(pair.first, *request.plan), second);
  if (!agreed.has_value() || second.frames.empty()) return outcome;
  outcome.stack = agreed->stack;
  outcome.quality = StackQuality::kTruncated;
  outcome.context_version = context_version_in(pair.second);
  return outcome;
}

// Follows the chain from a frame that the plan does not know to one that it knows. One read a frame: what changes
// meanwhile shows in the next pair.
void StackReader::extend_objects(StackPlan& plan, RemoteAddr first) const {
  std::vector<std::byte> bytes(layout_.frame.size);
  const auto known = [&](RemoteAddr address) {
    return std::ranges::any_of(plan.chunks, [&](const Region& r) { return address.in(r.begin, r.size); });
  };
  if (plan.recent.size() > kMostForgotten) plan.recent.clear();  // a thread that is lost again and again
  std::unordered_set<RemoteAddr> met;                            // torn links can form a circle
  for (RemoteAddr at = first; !at.is_null() && !known(at) && met.size() < kMostFrames;) {
    if (!met.insert(at).second || !read_exact(memory_, at, bytes).has_value()) break;
    plan.recent.push_back(at);
    at = view_object(at, bytes.data()).previous;
  }
  plan_objects(plan);
}

void StackReader::plan_objects(StackPlan& plan) const {
  std::vector<RemoteAddr> all = plan.frames;
  all.insert(all.end(), plan.recent.begin(), plan.recent.end());
  std::ranges::sort(all);
  plan.chunks.clear();
  for (const RemoteAddr address : all) {
    if (!plan.chunks.empty()) {
      Region& last = plan.chunks.back();
      const std::uint64_t end = address.since(last.begin) + layout_.frame.size;
      if (end <= last.size + kWorthJoining && end <= kLargestRegion) {
        last.size = std::max(last.size, static_cast<std::uint32_t>(end));
        continue;
      }
    }
    plan.chunks.push_back({address, layout_.frame.size});
  }
}

void StackReader::keep(StackPlan& plan, const Walk& latest) const {
  if (layout_.frame_root != FrameRoot::kFrameObjects) return keep_extras(plan, latest);
  // Callers mostly stay: only what differs on the inside is looked at.
  std::size_t same = 0;
  const std::size_t before = plan.frames.size();
  const std::size_t now = latest.frames.size();
  while (same < before && same < now && plan.frames[before - 1 - same] == latest.frames[now - 1 - same].address) ++same;
  if (same == before && same == now) return;
  std::vector<RemoteAddr> frames;
  for (const RawFrame& frame : latest.frames) frames.push_back(frame.address);
  const auto changed = std::span(frames).first(now - same);
  plan.recent.insert(plan.recent.end(), plan.frames.begin(), plan.frames.end() - static_cast<std::ptrdiff_t>(same));
  std::erase_if(plan.recent, [&](RemoteAddr address) { return std::ranges::count(changed, address) > 0; });
  plan.frames = std::move(frames);
  if (plan.recent.size() > kMostRecent) {
    plan.recent.erase(plan.recent.begin(), plan.recent.end() - static_cast<std::ptrdiff_t>(kMostRecent));
  }
  plan_objects(plan);
}

}  // namespace gilspy::sample
