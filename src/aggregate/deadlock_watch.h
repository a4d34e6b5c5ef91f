// Circles of threads that wait for each other's locks, and how long each lasted.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "gilspy/locks.h"
#include "gilspy/profile.h"

namespace gilspy {

class DeadlockWatch {
 public:
  struct Wait {
    LockIndex lock{};
    ThreadIndex owner{};
    StackId stack = kNoStack;  // of who waits
    Nanos since{0};
    bool gives_up = false;
  };

  // Whether it is time to look again: circles do not pass by themselves.
  bool is_due(Nanos now) const { return now >= due_; }
  // By the thread that waits. Locks have the numbers of their indices (see Stretch::lock).
  void look(Nanos now, const std::map<ThreadIndex, Wait>& waits);

  // In the order in which they began; times as they were given.
  std::vector<Deadlock> take(Nanos end);

 private:
  Nanos due_{0};
  std::map<std::pair<Nanos, std::vector<ThreadIndex>>, Deadlock> met_;
};

}  // namespace gilspy
