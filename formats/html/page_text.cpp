#include "page_text.h"

#include "gilspy/wording.h"

namespace gilspy::html {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Embeddings, overrides and isolates: U+202A to U+202E, U+2066 to U+2069; and the line and paragraph separators.
bool changes_direction(std::string_view three) {
  if (three.size() < 3 || three[0] != '\xE2') return false;
  const auto last = static_cast<unsigned char>(three[2]);
  if (three[1] == '\x80') return last >= 0xA8 && last <= 0xAE;
  return three[1] == '\x81' && last >= 0xA6 && last <= 0xA9;
}

}  // namespace

std::string plain(std::string_view bytes) {
  const std::string line = wording::printable(bytes);
  std::string text;
  text.reserve(line.size());
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (changes_direction(std::string_view(line).substr(i, 3))) {
      text += kReplacement;
      i += 2;
    } else {
      text += line[i];
    }
  }
  return text;
}

std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char c : plain(bytes)) {
    switch (c) {
      case '&': text += "&amp;"; break;
      case '<': text += "&lt;"; break;
      case '>': text += "&gt;"; break;
      case '"': text += "&quot;"; break;
      case '\'': text += "&#39;"; break;
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
