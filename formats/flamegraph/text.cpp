#include "text.h"

#include <algorithm>
#include <array>

#include "flamegraph.h"

namespace gilspy::flamegraph {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Decoded {
  std::size_t size = 0;  // bytes; 0 = not UTF-8
  char32_t character = 0;
};

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::size_t sequence_size(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

// The first character of a text that is not empty. Overlong forms, surrogates and what lies above U+10FFFF are not
// UTF-8.
Decoded decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = sequence_size(lead);
  if (size == 0 || size > text.size() || !std::all_of(text.begin() + 1, text.begin() + size, is_continuation)) {
    return {};
  }
  char32_t character = size == 1 ? lead : lead & (0x7FU >> size);
  for (const char c : text.substr(1, size - 1)) {
    character = (character << 6U) | (static_cast<unsigned char>(c) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  return character < kSmallest[size] || surrogate || character > 0x10FFFF ? Decoded{} : Decoded{size, character};
}

bool is_blank(char32_t c) { return c == '\t' || c == '\n' || c == '\r'; }

// U+0080..9F are legal but invisible; U+FFFE and U+FFFF are not legal in XML; the direction overrides would let a name
// rewrite the text around it.
bool is_printable(char32_t c) {
  const bool control = c < 0x20 || (c >= 0x7F && c <= 0x9F);
  const bool override_direction = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  return !control && !override_direction && c != 0xFFFE && c != 0xFFFF;
}

}  // namespace

std::string sanitised(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const Decoded next = decode(bytes);
    if (next.size != 0 && is_blank(next.character)) {
      out += ' ';
    } else {
      out += next.size != 0 && is_printable(next.character) ? bytes.substr(0, next.size) : kReplacement;
    }
    bytes.remove_prefix(std::max<std::size_t>(next.size, 1));
  }
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&apos;"; break;
      default: out += c;
    }
  }
  return out;
}

std::size_t length(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

std::string_view first(std::string_view text, std::size_t characters) {
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if (!is_continuation(text[end]) && characters-- == 0) {
      break;
    }
  }
  return text.substr(0, end);
}

std::string cut(std::string_view text, std::size_t characters) {
  if (characters < 3) {
    return {};
  }
  if (length(text) <= characters) {
    return std::string(text);
  }
  return std::string(first(text, characters - 2)) + "..";
}

std::string thousands(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) {
    digits.insert(i - 3, 1, ',');
  }
  return digits;
}

}  // namespace gilspy::flamegraph
