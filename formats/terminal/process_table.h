// The processes of a program as a table.
#pragma once

#include <string>

#include "gilspy/profile.h"
#include "gilspy/verdict.h"
#include "text.h"

namespace gilspy::terminal {

// Empty for a profile of one process.
std::string process_table(const Profile& program, const Verdict& verdict, std::size_t width, const Pen& pen);

}  // namespace gilspy::terminal
