// What makes two recordings hard to compare, a line each. Nothing is refused for it.
#pragma once

#include <string>
#include <vector>

#include "gilspy/compare.h"

namespace gilspy::compare {

std::vector<std::string> remarks(const Profile& base, const Profile& head);

}  // namespace gilspy::compare
