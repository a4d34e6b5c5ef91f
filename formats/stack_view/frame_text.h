// One frame as text that every reader of folded stacks understands.
#pragma once

#include <string>
#include <string_view>

#include "gilspy/format.h"

namespace gilspy::stack_view {

// Valid UTF-8 without ';' and control characters, never empty, never the start of a comment ("# "), and never with a
// number after a space at its end: readers take that for the count of a differential profile.
std::string safe_frame(std::string_view name);

// "is_prime (primes.py:5)", as the options ask; with whatever bytes the names had
std::string plain_frame_text(const Frame& frame, const TargetFacts& target, const RenderOptions& options);
// The same as a safe_frame
std::string frame_text(const Frame& frame, const TargetFacts& target, const RenderOptions& options);

// "worker-1 (21034)"
std::string thread_text(const Profile& profile, const ThreadProfile& thread);

}  // namespace gilspy::stack_view
