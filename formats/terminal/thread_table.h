// Threads as rows of numbers and bars.
#pragma once

#include <string>

#include "gilspy/profile.h"
#include "text.h"

namespace gilspy::terminal {

// Those that held and waited most come first; beyond a dozen they share one row. Empty without Python threads.
std::string thread_table(const Profile& profile, std::size_t width, const Pen& pen);

}  // namespace gilspy::terminal
