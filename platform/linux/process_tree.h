// Who a process is, and who runs below it.
#pragma once

#include <map>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/target.h"

namespace gilspy::platform {

ProcessIdentity identity_of(Pid pid);

// Everybody below `root`, nearest first, given the children of each process. A cycle (numbers that were used again
// while /proc was listed) ends.
std::vector<Pid> below(Pid root, const std::multimap<Pid, Pid>& children);

std::vector<ProcessIdentity> descendants_of(Pid pid);

}  // namespace gilspy::platform
