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

// A name: nobody is notified by @name, no #12 becomes a link.
inline std::string code(std::string_view text) {
  std::string quoted = "`";
  for (const char c : wording::printable(text)) {
    if (c == '|') quoted += '\\';  // also in code the end of a table's cell
    quoted += c == '`' ? '\'' : c;
  }
  return quoted + "`";
}

}  // namespace gilspy::markdown
