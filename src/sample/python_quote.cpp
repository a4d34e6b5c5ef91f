#include "python_quote.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace gilspy::sample {
namespace {

constexpr char32_t kReplacement = 0xfffd;

struct Range {
  char32_t first, last;
};

// Beyond ASCII: controls and formats (they could command a terminal, or turn the direction of text), separators,
// surrogates, what is private, and the planes without characters.
constexpr std::array kNotPrintable{
    Range{0x7f, 0xa0},       Range{0xad, 0xad},       Range{0x600, 0x605},       Range{0x61c, 0x61c},
    Range{0x6dd, 0x6dd},     Range{0x70f, 0x70f},     Range{0x890, 0x891},       Range{0x8e2, 0x8e2},
    Range{0x1680, 0x1680},   Range{0x180e, 0x180e},   Range{0x2000, 0x200f},     Range{0x2028, 0x202f},
    Range{0x205f, 0x206f},   Range{0x3000, 0x3000},   Range{0xd800, 0xf8ff},     Range{0xfeff, 0xfeff},
    Range{0xfff0, 0xfffb},   Range{0xfffe, 0xffff},   Range{0x110bd, 0x110bd},   Range{0x110cd, 0x110cd},
    Range{0x13430, 0x1343f}, Range{0x1bca0, 0x1bca3}, Range{0x1d173, 0x1d17a},   Range{0x1fffe, 0x1ffff},
    Range{0x2fffe, 0x2ffff}, Range{0x3fffe, 0xe00ff}, Range{0xe01f0, 0xffffffff}};

void append_escape(std::string& out, char32_t c) {
  const auto value = static_cast<std::uint32_t>(c);
  switch (c) {
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default:
      out += value < 0x100     ? fmt::format("\\x{:02x}", value)
             : value < 0x10000 ? fmt::format("\\u{:04x}", value)
                               : fmt::format("\\U{:08x}", value);
  }
}

// Single quotes, unless that needs escapes and double quotes do not.
template <typename Text>
char32_t quote_for(const Text& text) {
  const auto has = [&](char quote) {
    return std::ranges::any_of(text, [&](auto c) { return static_cast<char32_t>(c) == static_cast<char32_t>(quote); });
  };
  return has('\'') && !has('"') ? U'"' : U'\'';
}

}  // namespace

void append_utf8(std::string& out, char32_t c) {
  if (c >= 0x110000 || (c >= 0xd800 && c < 0xe000)) c = kReplacement;
  const auto byte = [&out](char32_t value) { out.push_back(static_cast<char>(value)); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xc0 | (c >> 6));
    byte(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    byte(0xe0 | (c >> 12));
    byte(0x80 | ((c >> 6) & 0x3f));
    byte(0x80 | (c & 0x3f));
  } else {
    byte(0xf0 | (c >> 18));
    byte(0x80 | ((c >> 12) & 0x3f));
    byte(0x80 | ((c >> 6) & 0x3f));
    byte(0x80 | (c & 0x3f));
  }
}

bool is_printable(char32_t c) {
  if (c < 0x7f) return c >= 0x20;
  const auto range = std::ranges::lower_bound(kNotPrintable, c, {}, &Range::last);
  return range == kNotPrintable.end() || c < range->first;
}

std::string quoted(std::u32string_view text) {
  std::string out;
  const char32_t quote = quote_for(text);
  append_utf8(out, quote);
  for (const char32_t c : text) {
    if (c == quote || c == '\\') out += '\\';
    if (is_printable(c)) {
      append_utf8(out, c);
    } else {
      append_escape(out, c);
    }
  }
  append_utf8(out, quote);
  return out;
}

std::string quoted(std::span<const std::byte> bytes) {
  std::string out = "b";
  const char32_t quote = quote_for(bytes);
  append_utf8(out, quote);
  for (const std::byte byte : bytes) {
    const auto c = std::to_integer<char32_t>(byte);
    if (c == quote || c == '\\') out += '\\';
    if (c >= 0x20 && c < 0x7f) {
      append_utf8(out, c);
    } else {
      append_escape(out, c);
    }
  }
  append_utf8(out, quote);
  return out;
}

// Names come as UTF-8 that was made from characters, or are told byte by byte.
std::string printable_name(std::string_view utf8) {
  std::string out;
  for (std::size_t at = 0; at < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[at]);
    const std::size_t size = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    char32_t c = size == 1 ? lead : lead & (0xffU >> (size + 1));
    bool is_valid = lead < 0x80 || lead >= 0xc2;
    for (std::size_t i = 1; i < size; ++i) {
      const auto next = at + i < utf8.size() ? static_cast<unsigned char>(utf8[at + i]) : 0U;
      is_valid = is_valid && (next & 0xc0U) == 0x80;
      c = (c << 6) | (next & 0x3fU);
    }
    if (is_valid && is_printable(c)) {
      append_utf8(out, c);
    } else {
      append_escape(out, is_valid ? c : lead);
    }
    at += is_valid ? size : 1;
  }
  return out;
}

std::string short_float_text(double value) {
  if (std::isnan(value)) return "nan";
  return fmt::format("{}", value);
}

std::string float_text(double value) {
  std::string text = short_float_text(value);
  const bool is_whole = std::ranges::all_of(text, [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
  return is_whole ? text + ".0" : text;
}

}  // namespace gilspy::sample
