// Follows one GIL from hand to hand.
#pragma once

#include <cstdint>
#include <optional>

#include "gilspy/timeline.h"

namespace gilspy {

class HolderTracker {
 public:
  // What was seen at `by`, and changed since the look at `after`.
  struct Look {
    Nanos after{0};
    Nanos by{0};
    std::optional<ThreadIndex> holder;  // none: nobody, or somebody who is not known
    std::uint64_t handoffs = 0;
  };

  // The tenure that this look found to be over, if there was one.
  std::optional<Tenure> look(const Look& look);
  // From here on nothing is known, until the next look.
  std::optional<Tenure> break_off(Nanos at);

  const std::optional<Tenure>& current() const { return current_; }  // goes on: its `to` means nothing

 private:
  std::optional<Tenure> current_;
};

}  // namespace gilspy
