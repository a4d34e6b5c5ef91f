// Locks that threads waited for as the rows of a table that people read.
#pragma once

#include <string>
#include <vector>

#include "gilspy/profile.h"

namespace gilspy::thread_rows {

struct LockRow {
  std::string name;       // as people call it
  std::string what;       // its type, or the kind of it; empty: the name says it
  double waiters = 0;     // mean over the recording
  std::string owner;      // the thread that mostly had it while others waited; empty: not known
  bool inferred = false;  // from a `with` statement that the owner is in
  std::string function;   // in which it mostly had it; empty: not known
  // What its owner itself waited for meanwhile, "the GIL" or a lock, if that matters; for that share of the waiting.
  std::string next;
  double next_share = 0;
};

// Most waited for first; only those for which waiting is contention.
std::vector<LockRow> lock_rows(const Profile& profile, std::size_t most);

}  // namespace gilspy::thread_rows
