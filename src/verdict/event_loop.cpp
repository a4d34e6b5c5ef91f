// One long callback and many short ones look alike at a tick: the same function, called by the loop. What tells them
// apart is the loop itself, which is seen between short callbacks now and then, for some 30 us each. So:
//
//   - a callback that is blocked in one place for 100 ms without a break is one callback;
//   - one that computes may be many. It is one if the loop is hardly ever seen in its own code (callbacks are 20 ms
//   long
//     or longer then), or if it lasts for far longer than is usual in this loop without the loop being seen.
#include "event_loop.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <vector>

#include "gilspy/wording.h"

namespace gilspy::verdict {
namespace {

constexpr Nanos kLong = std::chrono::milliseconds(100);
constexpr Nanos kCoarsest = std::chrono::milliseconds(20);     // of a timeline that still tells callbacks apart
constexpr Nanos kHardlyEver = std::chrono::milliseconds(900);  // for each border seen; 2 ms callbacks: 0.25 s
constexpr Nanos kEnoughToTell = std::chrono::milliseconds(1200);
constexpr double kMostlyInEntry =
    0.2;                        // of a callback's time: then its first function is where it computes, not a border
constexpr double kUnusual = 8;  // times the mean of the others
constexpr std::size_t kEnoughOthers = 10;

enum class Place : std::uint8_t { kElsewhere, kLoop, kCallback };

struct Where {
  Place place = Place::kElsewhere;
  const Frame* entry = nullptr;  // kCallback: the first function of the callback
  bool leaf_is_entry = false;
  bool leaf_is_asyncio = false;
  const Frame* own = nullptr;  // its innermost one that is not a library's; if there is none, the innermost
};

bool is_library(const Frame& frame) { return wording::is_library(frame.file); }

bool is_of_asyncio(const Frame& frame) { return frame.file.find("asyncio/") != std::string::npos && is_library(frame); }

bool is_loop(const Frame& frame) {
  return frame.function.ends_with("_run_once") && frame.file.ends_with("asyncio/base_events.py");
}

bool same_function(const Frame& a, const Frame& b) {
  return a.first_line == b.first_line && a.function == b.function && a.file == b.file;
}

Where where(const StackTable& table, StackId stack) {
  Where found;
  for (const FrameId id : table.frames_of(stack)) {
    const Frame& frame = table.frame(id);
    if (is_loop(frame)) {
      found = {};
      found.place = Place::kLoop;
    } else if (found.place == Place::kLoop && !is_of_asyncio(frame) && !frame.file.ends_with("/selectors.py")) {
      found.place = Place::kCallback;
      found.entry = found.own = &frame;
    } else if (found.place == Place::kCallback && (!is_library(frame) || is_library(*found.own))) {
      found.own = &frame;
    }
  }
  if (found.place == Place::kCallback) {
    const Frame& leaf = table.frame(table.leaf(stack));
    found.leaf_is_entry = same_function(leaf, *found.entry);
    found.leaf_is_asyncio = is_of_asyncio(leaf);
  }
  return found;
}

// What the loop called without coming round, as far as was seen.
struct Run {
  const Frame* entry = nullptr;
  Nanos from{0}, to{0};
  Nanos waiting{0};  // for the GIL: not the callback's doing
  Nanos asleep{0};
  Nanos longest_asleep{0};
  std::vector<const Stretch*> parts;

  Nanos time() const { return to - from; }
};

class Loop {
 public:
  Loop(const Profile& profile, const Lane& lane) : profile_(profile) {
    Nanos in_entry{0};
    for (const Stretch& stretch : lane) {
      const Where& at = where_is(stretch.stack);
      if (at.place != Place::kCallback || is_asleep(stretch)) continue;
      computing_ += stretch.time();
      if (at.leaf_is_entry) in_entry += stretch.time();
    }
    entry_is_border_ = double(in_entry.count()) < kMostlyInEntry * double(computing_.count());
    for (const Stretch& stretch : lane) add(stretch);
  }

  BlockedLoop judge() const {
    BlockedLoop found;
    Nanos kept{0}, asleep{0};
    std::map<std::string, Nanos> functions;
    for (const Run& run : runs_) {
      if (!is_one_callback(run)) continue;
      kept += run.time();
      asleep += run.asleep;
      found.longest = std::max(found.longest, run.time());
      for (const Stretch* part : run.parts) {
        functions[wording::function_name(*places_.at(to_int(part->stack)).own, profile_.target)] += part->time();
      }
    }
    if (kept == Nanos{0} || profile_.sampled() <= Nanos{0}) return found;
    found.share = double(kept.count()) / double(profile_.sampled().count());
    found.asleep = double(asleep.count()) / double(kept.count());
    const auto less = [](const auto& a, const auto& b) { return a.second < b.second; };
    found.function = std::max_element(functions.begin(), functions.end(), less)->first;
    return found;
  }

 private:
  const Where& where_is(StackId stack) {
    const auto [place, is_new] = places_.try_emplace(to_int(stack));
    if (is_new) place->second = where(profile_.table, stack);
    return place->second;
  }

  static bool is_asleep(const Stretch& stretch) {
    return stretch.activity == Activity::kBlocked || stretch.activity == Activity::kWaitsForLock;
  }

  bool is_border(const Where& at) const {
    return at.place == Place::kLoop || at.leaf_is_asyncio || (at.leaf_is_entry && entry_is_border_);
  }

  void add(const Stretch& stretch) {
    const Where& at = where_is(stretch.stack);
    if (at.place == Place::kElsewhere) return;
    if (!is_asleep(stretch) && is_border(at)) {
      ++borders_;
      return;
    }
    if (at.place != Place::kCallback) return;
    in_runs_ += stretch.time();
    const bool goes_on =
        !runs_.empty() && runs_.back().to == stretch.from && same_function(*runs_.back().entry, *at.entry);
    if (!goes_on) runs_.push_back(Run{at.entry, stretch.from, stretch.from, {}, {}, {}, {}});
    Run& run = runs_.back();
    run.to = stretch.to;
    run.parts.push_back(&stretch);
    if (stretch.activity == Activity::kWaitsForGil) run.waiting += stretch.time();
    if (is_asleep(stretch)) {
      run.asleep += stretch.time();
      run.longest_asleep = std::max(run.longest_asleep, stretch.time());
    }
  }

  bool is_one_callback(const Run& run) const {
    if (run.time() < kLong || 2 * run.waiting > run.time()) return false;
    if (run.longest_asleep >= kLong) return true;
    // Counted, not timed: one may last, since threads like to lose their CPU between callbacks.
    if (computing_ >= kEnoughToTell && borders_ * kHardlyEver <= computing_) return true;
    const std::size_t others = runs_.size() - 1;
    return others >= kEnoughOthers &&
           double(run.time().count()) * double(others) >= kUnusual * double((in_runs_ - run.time()).count());
  }

  const Profile& profile_;
  std::unordered_map<std::uint32_t, Where> places_;
  std::vector<Run> runs_;
  Nanos computing_{0};  // in callbacks
  bool entry_is_border_ = false;
  std::int64_t borders_ = 0;  // seen
  Nanos in_runs_{0};
};

bool has_loop(const StackTable& table) {
  for (std::uint32_t id = 0; id < table.frame_count(); ++id) {
    if (is_loop(table.frame(FrameId{id}))) return true;
  }
  return false;
}

}  // namespace

BlockedLoop find_blocked_loop(const Profile& profile) {
  BlockedLoop worst;
  if (profile.timeline.window > kCoarsest || !has_loop(profile.table)) return worst;
  for (const Lane& lane : profile.timeline.lanes) {
    BlockedLoop found = Loop(profile, lane).judge();
    if (found.share > worst.share) worst = std::move(found);
  }
  return worst;
}

}  // namespace gilspy::verdict
