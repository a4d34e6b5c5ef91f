// Threads that wait for each other in a circle: a deadlock.
#pragma once

#include <map>
#include <vector>

#include "gilspy/ids.h"

namespace gilspy {

// Each thread waits for one other. The circles among them, each once, beginning with its lowest index.
std::vector<std::vector<ThreadIndex>> cycles_in(const std::map<ThreadIndex, ThreadIndex>& waits_for);

}  // namespace gilspy
