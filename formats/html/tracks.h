// Which threads share a lane of the picture. A program that starts a thread for each request has thousands of them;
// those of one kind that did not live at the same time are drawn one behind the other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gilspy/profile.h"

namespace gilspy::html {

struct Track {
  std::string name;  // of its thread, or what the names of its threads have in common
  std::vector<ThreadIndex> threads;
};

// Every thread with a lane that is not empty is in exactly one track.
std::vector<Track> tracks(const Profile& profile);

// "process_request_thread" of "Thread-17 (process_request_thread)", "worker" of "worker-3"
std::string kind_of(std::string_view thread_name);

}  // namespace gilspy::html
