// Stacks of 3.8 to 3.10: a chain of PyFrameObjects on the heap (frameobject.h).
#include <algorithm>
#include <unordered_set>

#include "deep_stacks.h"
#include "gilspy/memory.h"
#include "stack_reader.h"

namespace gilspy::sample {
namespace {

constexpr std::size_t kMostRecent = 24;
constexpr std::size_t kMostForgotten = 2 * kMostFrames;
constexpr std::uint64_t kNotBegun = ~std::uint64_t{0};  // f_lasti -1

}  // namespace

StackReader::FrameObject StackReader::view_object(RemoteAddr address, const std::byte* bytes) const {
  const StructView view({bytes, layout_.frame.size});
  FrameObject object;
  object.previous = view.pointer(layout_.frame.previous);
  const auto lasti = view.get<std::int32_t>(layout_.frame.instruction);  // -1: nothing executed yet
  object.frame = {address, view.pointer(layout_.frame.code), {static_cast<std::uint64_t>(std::int64_t{lasti})}};
  object.frame.entry = true;  // each is run by a call of its own
  const auto state = view.get<std::uint8_t>(layout_.frame.state);
  object.executed = state < 8 && ((layout_.frame.states_on_stack >> state) & 1U) != 0;
  return object;
}

void StackReader::walk_objects(Copy& copy, const StackPlan& plan, Walk& result) {
  RemoteAddr address = StructView(copy.thread_state()).pointer(layout_.thread.frame_root);
  for (std::size_t steps = 0; !address.is_null(); ++steps) {
    if (steps > kMostFrames || address.value() % 8 != 0) return;
    const std::byte* bytes = copy.find(address, layout_.frame.size);
    if (bytes == nullptr && may_leave_out(address, plan, result)) return leave_out(address, copy, plan, result);
    if (bytes == nullptr) bytes = bytes_at(copy, {address, layout_.frame.size}, result);
    if (bytes == nullptr) return;
    const FrameObject object = view_object(address, bytes);
    // The innermost frame may not have begun yet, or be over: then its caller is the one that counts.
    if (object.executed) result.frames.push_back(object.frame);
    if (!object.executed && steps > 0) return;
    // Over, and its link to its caller is gone: nobody says whether there is one.
    const bool over = !object.executed && object.frame.instruction.position != kNotBegun;
    if (over && object.previous.is_null()) return;
    address = object.previous;
  }
  // The chain is cut where a frame returned between two reads; it is whole when it ends where it ended before, or when
  // that outermost frame is over, too.
  const RemoteAddr outermost = result.frames.empty() ? RemoteAddr{} : result.frames.back().address;
  const bool ends_early =
      !plan.frames.empty() && outermost != plan.frames.front() && !walk_remembered(copy, plan).frames.empty();
  if (!ends_early) result.end = WalkEnd::kRoot;
}

// The frames of the last known stack that still are on it: from the outermost on, as far as each is being executed and
// links to the one before.
StackReader::Walk StackReader::walk_remembered(const Copy& copy, const StackPlan& plan) const {
  Walk result;
  RemoteAddr caller;
  for (const RemoteAddr address : plan.frames) {
    const std::byte* const bytes = copy.find(address, layout_.frame.size);
    if (bytes == nullptr) break;
    const FrameObject object = view_object(address, bytes);
    if (!object.executed || object.previous != caller) break;
    result.frames.push_back(object.frame);
    caller = address;
  }
  std::ranges::reverse(result.frames);
  result.end = WalkEnd::kRoot;
  return result;
}

// Follows the chain from a frame that the plan does not know to its end: known frames and unknown ones alternate, since
// memory is used again. One read an unknown frame: what changes meanwhile shows in the next pair. Where that are too
// many, the innermost of them do; but the outermost frames must be found once.
void StackReader::extend_objects(StackPlan& plan, const Copy& copy, RemoteAddr first) const {
  std::vector<std::byte> bytes(layout_.frame.size);
  const std::size_t forgotten = plan.left_out ? 2 * kInnerFrames : kMostForgotten;
  if (plan.recent.size() > forgotten) plan.recent.clear();  // a thread that is lost again and again
  // The less is read of a stack that always changes meanwhile, the more of it stays.
  const std::size_t inner = kInnerFrames >> plan.misses;
  const std::size_t most = plan.frames.empty() ? kMostDeepFrames : plan.left_out ? inner : kMostWholeFrames;
  std::unordered_set<RemoteAddr> met;  // torn links can form a circle
  std::vector<RemoteAddr> unknown;
  RemoteAddr at = first;
  const auto is_enough = [&] { return (plan.left_out ? met.size() : unknown.size()) >= most; };
  for (; !at.is_null() && !is_enough(); at = view_object(at, bytes.data()).previous) {
    if (!met.insert(at).second) break;
    if (const std::byte* const known = copy.find(at, layout_.frame.size)) {
      std::copy_n(known, bytes.size(), bytes.data());
      continue;
    }
    if (!read_exact(memory_, at, bytes).has_value()) break;
    unknown.push_back(at);
  }
  const bool is_deep = plan.left_out || plan.frames.size() + unknown.size() > kMostWholeFrames;
  if (is_deep && plan.frames.empty() && at.is_null()) {
    const std::size_t outer = std::min(unknown.size(), kOuterFrames);  // fewer by now: it need not be deep any more
    plan.frames.assign(unknown.rbegin(), unknown.rbegin() + static_cast<std::ptrdiff_t>(outer));
  }
  if (is_deep) {
    cut_frames(plan);
    unknown.resize(std::min(unknown.size(), inner));
  }
  plan.recent.insert(plan.recent.end(), unknown.begin(), unknown.end());
  plan_objects(plan);
}

void StackReader::plan_objects(StackPlan& plan) const {
  std::vector<Region> places;
  for (const auto* const frames : {&plan.frames, &plan.recent}) {
    for (const RemoteAddr address : *frames) {
      if (!address.is_null()) places.push_back({address, layout_.frame.size});
    }
  }
  join(places, plan.others);
}

void StackReader::keep_objects(StackPlan& plan, const Walk& latest) const {
  std::vector<RemoteAddr> left;
  if (!keep_frames(plan, latest, left)) return;
  plan.left_out = std::ranges::any_of(plan.frames, &RemoteAddr::is_null);
  if (plan.frames.size() > kMostWholeFrames) cut_frames(plan);
  if (!plan.recent.empty()) {
    const std::unordered_set<RemoteAddr> known(plan.frames.begin(), plan.frames.end());
    std::erase_if(plan.recent, [&](RemoteAddr address) { return known.contains(address); });
  }
  plan.recent.insert(plan.recent.end(), left.begin(), left.end());
  if (plan.recent.size() > kMostRecent) {
    plan.recent.erase(plan.recent.begin(), plan.recent.end() - static_cast<std::ptrdiff_t>(kMostRecent));
  }
  plan_objects(plan);
}

}  // namespace gilspy::sample
