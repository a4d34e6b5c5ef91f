// Event loops as the rows of a table that people read.
#pragma once

#include <string>
#include <vector>

#include "gilspy/profile.h"

namespace gilspy::thread_rows {

struct LoopRow {
  std::string thread;                   // that runs it
  std::string busy;                     // "82 %": it did not wait for events
  std::string mean, p90, p99, longest;  // lag: "3.1 ms"
  std::string ready, most_ready;        // callbacks that were ready while another one ran: "1.3", "12"
};

// Most lag at the 99th percentile first.
std::vector<LoopRow> loop_rows(const Profile& profile, std::size_t most);

// "The event loop of MainThread was busy 82 % of the time. ..."
std::string text_of(const LoopRow& row);

}  // namespace gilspy::thread_rows
