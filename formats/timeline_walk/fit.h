// How coarse a timeline must be for viewers that read all of a file before they show any of it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "gilspy/profile.h"

namespace gilspy::timeline_walk {

// Of whatever a file has for a lane.
using Cost = std::function<std::uint64_t(const Lane& lane)>;

// The window by which lanes have to be coarsened() for a cost of no more than `most` in all; 0: they may stay as they
// are. Where that cannot be reached, one above the duration.
Nanos window_for(const Profile& profile, std::uint64_t most, const Cost& cost);

// By StackId: its frames, 1 for the stack without frames, since something stands for them.
std::vector<std::uint32_t> depths(const StackTable& table);

// Calls take(first, end) for the stretches [first, end) of each State of the lane.
template <typename Take>
void for_each_state(const Lane& lane, Take take) {
  for (auto first = lane.begin(); first != lane.end();) {
    auto end = first + 1;
    const auto goes_on = [&](const Stretch& next) {
      return next.activity == first->activity && next.lock == first->lock && next.from == (end - 1)->to;
    };
    while (end != lane.end() && goes_on(*end)) ++end;
    take(first, end);
    first = end;
  }
}

}  // namespace gilspy::timeline_walk
