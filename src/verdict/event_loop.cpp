// One long callback and many short ones look alike in stacks: the same function, called by the loop. What tells them
// apart is the context: the loop runs each callback in one (Handle._run), and a thread counts how often it changes.
#include "event_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <vector>

#include "gilspy/wording.h"

namespace gilspy::verdict {
namespace {

// Of a coarsened timeline: in fewer, what is inside a callback cannot be told from the rest.
constexpr int kWindows = 10;

using wording::is_library;

bool is_of_asyncio(const Frame& frame) { return frame.file.find("asyncio/") != std::string::npos && is_library(frame); }

// Of a stack inside a callback: its innermost frame that is not a library's; if there is none, the innermost one beyond
// asyncio. Else nullptr.
const Frame* in_callback(const StackTable& table, StackId stack) {
  bool in_loop = false;
  const Frame* found = nullptr;
  for (const FrameId id : table.frames_of(stack)) {
    const Frame& frame = table.frame(id);
    if (frame.file.empty() || frame.native) continue;  // the name of a task
    if (wording::is_event_loop(frame)) {
      in_loop = true;
      found = nullptr;
    } else if (found != nullptr) {
      if (!is_library(frame) || is_library(*found)) found = &frame;
    } else if (in_loop && !is_of_asyncio(frame) && !frame.file.ends_with("/selectors.py")) {
      found = &frame;
    }
  }
  return found;
}

// Holders off a CPU: did they queue for one, rather than sleep?
bool are_holders_queued(const Profile& profile) {
  Nanos off_cpu{0};
  for (const ThreadProfile& thread : profile.threads) off_cpu += thread.times[index_of(Activity::kHoldsGilOffCpu)];
  return 2 * profile.holders_queued > off_cpu;
}

class Loop {
 public:
  Loop(const Profile& profile, const Lane& lane, bool holders_queued)
      : profile_(profile), lane_(lane), holders_queued_(holders_queued) {}

  // The thread stayed in one context: if that is a callback, it kept the loop.
  void add(const TimeRange& context) {
    if (context.length() < shortest_seen_block(profile_)) return;
    Nanos time{0}, held_up{0}, asleep{0}, for_locks{0};
    std::map<Doing, Nanos> parts;
    auto stretch = std::ranges::upper_bound(lane_, context.from, {}, &Stretch::to);
    for (; stretch != lane_.end() && stretch->from < context.to; ++stretch) {
      const Frame* const frame = frame_of(stretch->stack);
      if (frame == nullptr) continue;
      const Nanos inside = std::min(stretch->to, context.to) - std::max(stretch->from, context.from);
      time += inside;
      if (is_held_up(stretch->activity)) held_up += inside;
      const bool waits = stretch->activity == Activity::kBlocked || stretch->activity == Activity::kWaitsForLock;
      if (waits) asleep += inside;
      if (stretch->activity == Activity::kWaitsForLock) for_locks += inside;
      parts[{frame, waits, stretch->blocked_in, stretch->lock}] += inside;
    }
    if (time - held_up < profile_.loop_threshold || 2 * held_up > time) return;
    kept_ += time;
    asleep_ += asleep;
    for_locks_ += for_locks;
    longest_ = std::max(longest_, time);
    for (const auto& [doing, part] : parts) parts_[doing] += part;
  }

  BlockedLoop judge() const {
    if (kept_ == Nanos{0} || profile_.sampled() <= Nanos{0}) return {};
    BlockedLoop result;
    result.share = double(kept_.count()) / double(profile_.sampled().count());
    result.longest = longest_;
    result.for_locks = double(for_locks_.count()) / double(profile_.sampled().count());
    result.asleep = double(asleep_.count()) / double(kept_.count());
    const auto in_function = [&](const Doing& doing) { return wording::function_name(*doing.frame, profile_.target); };
    result.function = most([&](const Doing& doing) { return in_function(doing); });
    result.place =
        most([&](const Doing& doing) { return in_function(doing) == result.function ? place_of(doing) : ""; });
    result.does = most([&](const Doing& doing) {
      return in_function(doing) == result.function && place_of(doing) == result.place ? text_of(doing) : "";
    });
    return result;
  }

 private:
  struct Doing {
    const Frame* frame = nullptr;
    bool waits = false;
    BlockedIn blocked_in = BlockedIn::kNothing;
    std::uint16_t lock = 0;

    auto operator<=>(const Doing&) const = default;
  };

  // What `name` says of the parts that took most time together; empty names do not count.
  template <typename Name>
  std::string most(Name name) const {
    std::map<std::string, Nanos> sums;
    for (const auto& [doing, time] : parts_) {
      if (std::string text = name(doing); !text.empty()) sums[std::move(text)] += time;
    }
    const auto less = [](const auto& a, const auto& b) { return a.second < b.second; };
    const auto found = std::max_element(sums.begin(), sums.end(), less);
    return found == sums.end() ? std::string() : found->first;
  }

  std::string place_of(const Doing& doing) const {
    if (doing.frame->line == 0) return {};
    return fmt::format("{}:{}", wording::short_file(doing.frame->file, profile_.target), doing.frame->line);
  }

  std::string text_of(const Doing& doing) const {
    if (!doing.waits) return "computes";
    if (const LockProfile* const lock = profile_.lock(doing.lock)) {
      return "waits for " + (lock->info.kind == LockKind::kThread ? "a thread to end" : wording::lock_name(lock->info));
    }
    switch (doing.blocked_in) {
      case BlockedIn::kSleep: return "sleeps";
      case BlockedIn::kFutex: return "waits for another thread";
      case BlockedIn::kPoll: return "waits for a socket or a pipe";
      case BlockedIn::kReceive: return "waits for data from a socket, a pipe or a file";
      case BlockedIn::kSend: return "waits until it can send data";
      case BlockedIn::kProcess: return "waits for another process";
      case BlockedIn::kDisk: return "waits for a disk";
      case BlockedIn::kFault: return "waits for memory to come from a disk";
      default: return "is blocked";
    }
  }

  // By others: it waits for the GIL or for a CPU.
  bool is_held_up(Activity activity) const {
    return activity == Activity::kWaitsForGil || (activity == Activity::kHoldsGilOffCpu && holders_queued_);
  }

  const Frame* frame_of(StackId stack) {
    const auto [known, is_new] = frames_.try_emplace(to_int(stack), nullptr);
    if (is_new) known->second = in_callback(profile_.table, stack);
    return known->second;
  }

  const Profile& profile_;
  const Lane& lane_;
  bool holders_queued_;
  std::unordered_map<std::uint32_t, const Frame*> frames_;
  std::map<Doing, Nanos> parts_;  // time in callbacks that kept the loop
  Nanos kept_{0}, asleep_{0}, for_locks_{0}, longest_{0};
};

std::vector<BlockedLoop> blocked_loops(const Profile& profile) {
  std::vector<BlockedLoop> found;
  if (!has_event_loop(profile)) return found;
  const Timeline& timeline = profile.timeline;
  const bool holders_queued = are_holders_queued(profile);
  for (std::size_t i = 0; i < std::min(timeline.lanes.size(), timeline.contexts.size()); ++i) {
    Loop loop(profile, timeline.lanes[i], holders_queued);
    for (const TimeRange& context : timeline.contexts[i]) loop.add(context);
    if (BlockedLoop one = loop.judge(); one.share > 0) {
      one.thread = ThreadIndex{static_cast<std::uint32_t>(i)};
      found.push_back(std::move(one));
    }
  }
  return found;
}

}  // namespace

bool has_event_loop(const Profile& profile) {
  for (std::uint32_t id = 0; id < profile.table.frame_count(); ++id) {
    if (wording::is_event_loop(profile.table.frame(FrameId{id}))) return true;
  }
  return false;
}

Nanos shortest_seen_block(const Profile& profile) {
  return std::max(profile.loop_threshold, kWindows * profile.timeline.window);
}

BlockedLoop find_blocked_loop(const Profile& profile) {
  const std::vector<BlockedLoop> loops = blocked_loops(profile);
  const auto worst = std::ranges::max_element(loops, {}, &BlockedLoop::share);
  return worst == loops.end() ? BlockedLoop{} : *worst;
}

BlockedLoop longest_blocked_loop(const Profile& profile) {
  const std::vector<BlockedLoop> loops = blocked_loops(profile);
  const auto longest = std::ranges::max_element(loops, {}, &BlockedLoop::longest);
  return longest == loops.end() ? BlockedLoop{} : *longest;
}

}  // namespace gilspy::verdict
