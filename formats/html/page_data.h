// What the page knows of time: the profile's timeline with stacks as they are shown, made small enough for a page.
// Whatever is left out or put together, the time that each thread spent in each activity stays what it was.
#pragma once

#include <string>
#include <vector>

#include "gilspy/format.h"

namespace gilspy::html {

struct PageData {
  Timeline timeline;  // its stacks are those of `table`
  // Frame::function is the frame as it is shown, "is_prime (primes.py:7)", Frame::file the function that tables name,
  // "is_prime (primes.py:4)". Frames that look the same are one.
  StackTable table;
  TimeRange excerpt;  // a typical moment, never coarsened; may be empty
  double rare = 0;    // stacks with a smaller share of all thread-time end at their parents
};

// Nothing is left out but what a moment is not shown for.
PageData page_data(const Profile& profile, const RenderOptions& options);

// Stacks with less than this share of all thread-time end at their parents, which get that time.
PageData shortened(const PageData& data, double rare);

// Inside each window of this length, counted from 0, what one thread did with one stack is put together, in the order
// in which it first appeared; the excerpt is spared. Of tenures, those of one thread, in the same way.
PageData coarsened(const PageData& data, Nanos window);

// A moment that shows what the whole is like, long enough for every thread's turn; empty if the whole is not much
// longer, or its stretches are not dated finely enough.
TimeRange typical_moment(const Timeline& timeline, Nanos duration);

}  // namespace gilspy::html
