// Threads as the rows of a table that people read: many of one kind share a row.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "gilspy/profile.h"

namespace gilspy::thread_rows {

struct Row {
  std::string name;        // as the program gave it, or what several have in common
  std::optional<Tid> tid;  // none: it stands for several threads
  ActivityTimes times{};
  std::optional<ShareMargins> margins;  // of one thread, if it lived for long enough

  Nanos seen() const;
  double share(std::initializer_list<Activity> activities) const;  // of the time in which it was seen
  void add(const ActivityTimes& more);
};

// The Python threads, those first that held the GIL and waited for it most. Short-lived ones share a row; where there
// are more than `most`, so do those that were mostly blocked, then the rest.
std::vector<Row> rows_of(const Profile& profile, std::size_t most);

}  // namespace gilspy::thread_rows
