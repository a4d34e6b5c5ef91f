// Margins of error: in the long run a figure lies within its value plus or minus the margin, with a certainty of 95 %,
// as long as the program goes on doing what it did while it was recorded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gilspy/activity.h"

namespace gilspy {

inline constexpr double kMarginMissedWith = 0.05;
// A time that cannot be cut into so many blocks (see estimate.h) is too short for margins.
inline constexpr std::size_t kFewestMarginBlocks = 4;

// Shares of a thread's time as outputs show them: of one activity, or of a few that belong together.
enum class Share : std::uint8_t {
  kHasGil,  // on a CPU or not
  kWaitsForGil,
  kRunsWithoutGil,
  kWaitsForLock,
  kStopTheWorld,
  kBlocked,
  kUnknown,
  kRests,  // blocked, waits for a lock, or for stop-the-world
};
inline constexpr std::size_t kShareCount = 8;
inline constexpr std::array<Share, kShareCount> kShares{
    Share::kHasGil,       Share::kWaitsForGil, Share::kRunsWithoutGil, Share::kWaitsForLock,
    Share::kStopTheWorld, Share::kBlocked,     Share::kUnknown,        Share::kRests};

constexpr bool counts(Share share, Activity activity) {
  switch (share) {
    case Share::kHasGil: return activity == Activity::kHoldsGil || activity == Activity::kHoldsGilOffCpu;
    case Share::kWaitsForGil: return activity == Activity::kWaitsForGil;
    case Share::kRunsWithoutGil: return activity == Activity::kRunsWithoutGil;
    case Share::kWaitsForLock: return activity == Activity::kWaitsForLock;
    case Share::kStopTheWorld: return activity == Activity::kStopTheWorld;
    case Share::kBlocked: return activity == Activity::kBlocked;
    case Share::kUnknown: return activity == Activity::kUnknown;
    case Share::kRests:
      return activity == Activity::kBlocked || activity == Activity::kWaitsForLock ||
             activity == Activity::kStopTheWorld;
  }
  return false;
}

// "has_gil"; the others as their activities
constexpr std::string_view key(Share share) {
  constexpr std::array<std::string_view, kShareCount> kKeys{"has_gil",        "waits_for_gil",  "runs_without_gil",
                                                            "waits_for_lock", "stop_the_world", "blocked",
                                                            "unknown",        "rests"};
  return kKeys[static_cast<std::size_t>(share)];
}

// Of the shares of a thread's own time.
struct ShareMargins {
  std::array<float, kShareCount> of{};  // many threads have them

  double operator[](Share share) const { return double(of[static_cast<std::size_t>(share)]); }
  bool operator==(const ShareMargins&) const = default;
};

struct GilMargins {
  double utilization = 0;
  double mean_waiters = 0;

  bool operator==(const GilMargins&) const = default;
};

// Of sums over threads, per second: mean threads, and CPUs.
struct SumMargins {
  double holding = 0;
  double waiting = 0;
  double native = 0;
  double demand = 0;  // all three
  double cpus = 0;

  bool operator==(const SumMargins&) const = default;
};

}  // namespace gilspy
