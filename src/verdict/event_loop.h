// Whether callbacks keep an asyncio event loop from going round: the loop's own thread is inside what Handle._run
// called, in one callback, for Profile::loop_threshold or more at a time. Knows the loop that CPython brings, written
// in Python.
#pragma once

#include <string>

#include "gilspy/profile.h"

namespace gilspy::verdict {

struct BlockedLoop {
  double share = 0;      // of the recording: in callbacks that kept the loop for long
  Nanos longest{0};      // of them
  double asleep = 0;     // part of that time in which the thread was blocked; else it computed
  double for_locks = 0;  // of the recording: in them, waiting for locks that others had
  std::string function;  // where most of it was: the innermost function that is not a library's
  std::string place;     // "app.py:21": the line of it in which it was most
  std::string does;      // what it did there most: "sleeps", "computes", "waits for self._lock of Pool"
  ThreadIndex thread{};  // that runs the loop
};

// The one whose callbacks kept it most. All zero: there is no loop, or it goes round.
BlockedLoop find_blocked_loop(const Profile& profile);
// The one of which a single callback kept it longest. All zero as above.
BlockedLoop longest_blocked_loop(const Profile& profile);

bool has_event_loop(const Profile& profile);
// What is shorter counts as a loop that goes round: the threshold, more in a coarsened timeline.
Nanos shortest_seen_block(const Profile& profile);

}  // namespace gilspy::verdict
