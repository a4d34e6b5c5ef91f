// Who had a lock while others waited for it, by function.
#pragma once

#include <string>
#include <vector>

#include "gilspy/profile.h"

namespace gilspy {

struct LockCulprit {
  std::string function;  // of the program, unless there is none of it on the stack
  Nanos time{0};         // of those who waited meanwhile
};

// Most first. What passed while nobody was known to have it is left out.
std::vector<LockCulprit> lock_culprits(const Profile& profile, const LockProfile& lock);
// The first of them; empty where for most of the time nobody was known to have it.
std::string main_culprit(const Profile& profile, const LockProfile& lock);

}  // namespace gilspy
