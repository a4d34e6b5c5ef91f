// The processes of a program as a table; beyond eight they share a row.
#pragma once

#include <string>

#include "gilspy/profile.h"
#include "gilspy/verdict.h"

namespace gilspy::markdown {

std::string process_table(const Profile& program, const Verdict& verdict);  // empty for one process

}  // namespace gilspy::markdown
