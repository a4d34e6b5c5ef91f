// How timelines call what they show.
#pragma once

#include <cstdint>
#include <string>

#include "gilspy/profile.h"

namespace gilspy::timeline_walk {

std::string thread_name(const ThreadInfo& thread);     // "worker-1", "(unnamed)"; valid UTF-8
std::string holder_name(const ThreadInfo& thread);     // "worker-1 (21034)"
std::string process_name(const TargetFacts& target);   // its command
std::string interpreters_name(const GilProfile& gil);  // "interpreter 0", "interpreters 0 and 3"
// Of which interpreters or process something is, where there are several: " of interpreter 0", " of process 4711"; else
// nothing.
std::string of_interpreters(const Profile& profile, const GilProfile& gil);
std::string of_process(const Profile& profile, std::uint32_t process);

// Processes of a profile; one that is not a program's has one.
std::uint32_t process_count(const Profile& profile);
bool has_several_processes(const Profile& profile);

// What a stretch waited for, by Stretch::lock: "self._lock of Pool"; valid UTF-8, empty where it is not known.
std::string lock_name(const Profile& profile, std::uint16_t lock);

// What the timeline lacks: "What threads did with one stack is put together inside windows of 16 ms: ..."; else empty.
std::string coarseness(const Timeline& timeline);
// The same of who had the GIL: "Turns with the GIL are put together inside windows of 16 ms: ..."; else empty.
std::string coarseness_of_turns(const Timeline& timeline);

inline constexpr const char* kActivityTrack = "activity";
inline constexpr const char* kHoldingTrack = "has the GIL";
inline constexpr const char* kOwnerTrack = "GIL owner";
inline constexpr const char* kWaitersTrack = "threads waiting for the GIL";
inline constexpr const char* kCpusTrack = "CPUs in use";

}  // namespace gilspy::timeline_walk
