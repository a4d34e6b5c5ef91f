// The timeline told from its beginning to its end: the piece that all viewers of timelines share, so that they show the
// same facts. Memory is that of the lanes' number, not of their length.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gilspy/profile.h"

namespace gilspy::timeline_walk {

// What a thread did, whatever its stack was: stretches of one activity, and one lock, that follow each other are one.
struct State {
  ThreadIndex thread{};
  Activity activity = Activity::kUnknown;
  std::uint16_t lock = 0;  // see Stretch
  Nanos from{0};
  Nanos to{0};
};

// A tenure of profile.timeline, and who had the GIL before and after. That somebody takes it who had it last is no
// hand-off.
struct Holding {
  GilIndex gil{};
  Tenure tenure;
  std::uint64_t number = 0;  // among all GILs' tenures, from 1
  bool handed_over = false;  // from the tenure before, which has the number before
  bool handed_on = false;    // to the next
};

// What a thread did at one moment of many at even distances.
struct Shot {
  ThreadIndex thread{};
  StackId stack = kNoStack;
  Activity activity = Activity::kUnknown;
  Nanos at{0};
};

class Visitor {
 public:
  virtual ~Visitor() = default;
  // In the order of time; of what happens at the same moment, ends come first.
  virtual void begin(const State&) {}
  virtual void end(const State&) {}
  virtual void begin(const Holding&) {}
  virtual void end(const Holding&) {}
  virtual void shot(const Shot&) {}
  // From then on. At 0 for each GIL that has tenures or was waited for.
  virtual void waiters(GilIndex, Nanos /*at*/, std::uint32_t /*count*/) {}
  virtual void cpus(Nanos /*at*/, double /*count*/) {}
};

// `shots`: their distance; 0: none. Of each thread and activity there are as many as fit into its time, rounded.
// Blocked threads are left out of them unless asked for.
struct Options {
  Nanos shots{0};
  bool shoot_blocked = false;
};
void walk(const Profile& profile, const Options& options, Visitor& visitor);

// As asked for, else as it came to be. 0: there were none.
Nanos distance_of_ticks(const Profile& profile);
// The same, or more where that would make more shots than `most`. 0: nothing to shoot.
Nanos distance_of_shots(const Profile& profile, bool shoot_blocked, std::uint64_t most);

// Whether there is anything to tell of this GIL: that of a free-threaded build may never have been on.
bool is_used(const Profile& profile, GilIndex gil);

}  // namespace gilspy::timeline_walk
