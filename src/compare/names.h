// What functions are called in both recordings. Lines move between two versions of a program and checkouts lie in
// different folders: a function is its name and the file's path inside the library, the project or the script's folder.
#pragma once

#include <string>
#include <vector>

#include "gilspy/profile.h"

namespace gilspy::compare {

// By FrameId: "is_prime (primes.py)". Unprinted: with whatever bytes the names had.
struct SharedNames {
  std::vector<std::string> base;
  std::vector<std::string> head;
};
SharedNames shared_names(const Profile& base, const Profile& head);

}  // namespace gilspy::compare
