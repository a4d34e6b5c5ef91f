// Names as text: nothing in them is markup, HTML or the end of a table's cell.
#pragma once

#include <string>
#include <string_view>

#include "gilspy/wording.h"

namespace gilspy::markdown {

inline std::string escape(std::string_view text) {
  std::string escaped;
  for (const char c : wording::printable(text)) {
    if (std::string_view("\\`*_<>[]|~#&@").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace gilspy::markdown
