#include <fmt/format.h>

#include "gilspy/locate.h"

namespace gilspy {

std::string PythonVersion::text() const {
  return micro < 0 ? fmt::format("{}.{}", major, minor) : fmt::format("{}.{}.{}", major, minor, micro);
}

}  // namespace gilspy
