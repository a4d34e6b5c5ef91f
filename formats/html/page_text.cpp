#include "page_text.h"

#include "gilspy/wording.h"

namespace gilspy::html {
std::string escaped(std::string_view bytes) {
  const std::string line = wording::printable(bytes);
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    switch (c) {
      case '&': text += "&amp;"; break;
      case '<': text += "&lt;"; break;
      case '>': text += "&gt;"; break;
      case '"': text += "&quot;"; break;
      case '\'': text += "&#39;"; break;
      case ' ': text += line.compare(i, 2, " %") == 0 ? "&nbsp;" : " "; break;  // never on the next line
      default: text += c;
    }
  }
  return text;
}

std::string script_safe(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace gilspy::html
