// Who had a GIL, and in which function, while somebody else waited for it.
#pragma once

#include <string>
#include <vector>

#include "gilspy/profile.h"

namespace gilspy::firefox {

class Holders {
 public:
  explicit Holders(const Profile& profile);

  // Who had it longest from then to then, and the stack with which that one had it longest.
  struct Holder {
    ThreadIndex thread = Blame::kNobody;
    StackId stack = kNoStack;
  };
  Holder during(GilIndex gil, const TimeRange& range) const;

 private:
  struct Held {
    Nanos from{0};
    Nanos to{0};
    ThreadIndex thread{};
    StackId stack = kNoStack;
  };
  std::vector<std::vector<Held>> gils_;  // by GilIndex, in the order of time
};

}  // namespace gilspy::firefox
