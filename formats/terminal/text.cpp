#include "text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace gilspy::terminal {
namespace {

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

// Bytes of the first `count` code points.
std::size_t bytes_of(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (starts_character(text[at]) && count-- == 0) break;
  }
  return at;
}

constexpr std::string_view kNoBreakSpace = "\u00a0";

std::string_view take_word(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  std::size_t end = std::min(text.find(' ', begin), text.size());
  if (text.substr(end, 2) == " %") end = std::min(text.find(' ', end + 1), text.size());
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

// The xterm colours that come closest to the palette of the SVG.
constexpr std::array<int, kActivityCount> kColours{214, 172, 166, 36, 175, 32, 250, 244};

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from)) {
    result.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  return result.append(text);
}

}  // namespace

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

std::string fit(std::string_view text, std::size_t width) {
  const std::size_t have = columns(text);
  if (have <= width) return std::string(text) + std::string(width - have, ' ');
  if (width == 0) return {};
  return std::string(text.substr(0, bytes_of(text, width - 1))) + "…";
}

std::string wrap(std::string_view text, std::size_t width, std::size_t indent) {
  std::string lines;
  std::size_t used = 0;
  bool at_start = true;
  const auto next_line = [&] {
    lines += '\n' + std::string(indent, ' ');
    used = indent;
    at_start = true;
  };
  for (std::string_view word = take_word(text); !word.empty(); word = take_word(text)) {
    if (!at_start && used + 1 + columns(word) > width) next_line();
    if (!at_start) lines += ' ', ++used;
    at_start = false;
    while (used + columns(word) > width && width > indent) {
      const std::size_t head = bytes_of(word, width - used);
      lines += word.substr(0, head);
      word.remove_prefix(head);
      next_line();
      at_start = false;
    }
    lines += word;
    used += columns(word);
  }
  return replaced(lines, kNoBreakSpace, " ") + '\n';
}

std::string unbroken(std::string_view text) { return replaced(text, " ", kNoBreakSpace); }

std::string Pen::bold(std::string_view text) const {
  return colour ? fmt::format("\x1b[1m{}\x1b[0m", text) : std::string(text);
}

std::string Pen::faint(std::string_view text) const {
  return colour ? fmt::format("\x1b[2m{}\x1b[0m", text) : std::string(text);
}

std::string Pen::activity(Activity activity, std::string_view text) const {
  if (!colour || text.empty()) return std::string(text);
  return fmt::format("\x1b[38;5;{}m{}\x1b[0m", kColours[index_of(activity)], text);
}

}  // namespace gilspy::terminal
