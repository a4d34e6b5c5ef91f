// A profile of more threads than a page has room for.
#pragma once

#include <cstddef>

#include "gilspy/profile.h"

namespace gilspy::html {

inline constexpr std::size_t kMostThreads = 5'000;

// Threads that share a track (tracks.h) become one thread, "process_request_thread x 1,441", with all that they did.
// Stacks and blame keep the numbers that threads had.
Profile gathered(const Profile& profile);

}  // namespace gilspy::html
