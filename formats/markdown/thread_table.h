// The threads as a table, those first that held and waited most; beyond ten (six, of several
// processes) they share a row.
#pragma once

#include <string>

#include "gilspy/profile.h"

namespace gilspy::markdown {

std::string thread_table(const Profile& profile);  // empty without Python threads

}  // namespace gilspy::markdown
