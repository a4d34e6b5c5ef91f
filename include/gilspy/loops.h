// Event loops of asyncio: what a thread that runs one is at, and how late it was. Of the loop that CPython brings,
// written in Python (BaseEventLoop._run_once, the same from 3.8 to 3.15 in what is read of it); not of uvloop's.
#pragma once

#include <cstdint>

#include "gilspy/ids.h"

namespace gilspy {

// A loop goes in rounds: it waits for events, then runs the callbacks that are ready, those that become ready meanwhile
// in the next round.
struct LoopFacts {
  enum class State : std::uint8_t {
    kNone,   // the thread runs no event loop
    kWaits,  // for events, or it is about to pick callbacks
    kRuns,   // callbacks
  };
  State state = State::kNone;
  // kRuns: when the round began, by the loop's own clock, which is CLOCK_MONOTONIC unless somebody gave it another.
  Nanos round{0};
  std::uint32_t left = 0;  // kRuns: callbacks of this round that have not begun
  bool unseen = false;     // kRuns: other rounds, too short to be read, came between this one and what was told before
  bool timer = false;      // kRuns: the one that runs was due at some time; those come last in a round

  bool operator==(const LoopFacts&) const = default;
};

inline constexpr std::uint32_t kMostCallbacks = 100'000'000;  // of a round: more are garbage

// How late a loop was. What becomes due at some time, while callbacks run, waits until their round is over, and for
// what comes first in the next one: this long, for moments spread evenly over the time for which the loop was seen.
struct LoopLag {
  Nanos mean{0};
  Nanos median{0};
  Nanos p90{0};
  Nanos p99{0};
  Nanos longest{0};

  bool operator==(const LoopLag&) const = default;
};

struct LoopProfile {
  ThreadIndex thread{};
  std::uint32_t process = 0;  // its place in Profile::processes
  Nanos observed{0};          // the thread ran the loop, and gilspy ran as well
  Nanos busy{0};              // part of it: it did not wait for events
  LoopLag lag;
  double ready = 0;  // callbacks that were ready while another one ran, mean over `observed`
  std::uint32_t most_ready = 0;

  bool operator==(const LoopProfile&) const = default;
};

}  // namespace gilspy
