// Threads as the rows of a table that people read: many of one kind share a row.
#pragma once

#include <cstdint>
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
  // Of one thread, where its process has several interpreters.
  std::optional<GilIndex> gil;
  std::optional<std::int64_t> interpreter;

  Nanos seen() const;
  double share(std::initializer_list<Activity> activities) const;  // of the time in which it was seen
  void add(const ActivityTimes& more);
};

// The Python threads, those first that held the GIL and waited for it most. Short-lived ones share a row; where there
// are more than `most`, so do those that were mostly blocked, then the rest. A thread that visits other interpreters
// has a row in each; brief visits share one.
std::vector<Row> rows_of(const Profile& profile, std::size_t most);

// The same rows by GIL, in the order of their interpreters. Rows of processes with one interpreter come before them,
// rows that stand for several threads behind them.
struct Group {
  std::string heading;  // "interpreters 0 and 1 share a GIL: held 99 %, 1.0 threads waiting"; empty: they have none
  std::vector<Row> rows;
};
std::vector<Group> groups_of(const Profile& profile, std::size_t most);

// "interpreters 0 and 1 share a GIL: held 99 %, 1.0 threads waiting"
std::string heading(const Profile& profile, const GilProfile& gil);

// Whether a thread has rows in several interpreters: shares are of its time in each.
bool has_visitors(const std::vector<Group>& groups);

}  // namespace gilspy::thread_rows
