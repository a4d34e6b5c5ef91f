// The processes of a program as the rows of a table that people read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gilspy/profile.h"
#include "gilspy/verdict.h"

namespace gilspy::thread_rows {

struct ProcessRow {
  std::string name;        // its command, paths without their folders; or what several have in common
  std::optional<Pid> pid;  // none: it stands for several processes
  std::uint64_t threads = 0;
  double cpus = 0;     // that it used, mean over the program's time
  double held = 0;     // share of the program's time in which its GIL was held; of its busiest
  double waiters = 0;  // threads that waited for a GIL, mean over the program's time
  std::string code;    // of its own verdict; empty: it stands for several
};

// The one that the program began with, then those that used most CPU time; where there are more than `most`, the rest
// shares a row. None for a profile of one process.
std::vector<ProcessRow> process_rows(const Profile& program, const Verdict& verdict, std::size_t most);

}  // namespace gilspy::thread_rows
