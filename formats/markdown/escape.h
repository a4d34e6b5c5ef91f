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

// Between < and >, which makes it a link without any markup in it. Percent-encoded as it is; what a URL cannot contain,
// or what would end the link, becomes so.
inline std::string link(std::string_view url) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded = "<";
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_fine =
        byte > 0x20 && byte < 0x7f && std::string_view("<>\"\\^`{|}").find(c) == std::string_view::npos;
    if (is_fine) {
      encoded += c;
    } else {
      encoded += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return encoded + ">";
}

}  // namespace gilspy::markdown
