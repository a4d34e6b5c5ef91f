// Folded lines to a flame graph, as `inferno-flamegraph` does it: lets the tests compare the two.
//   gilspy_folded_to_svg [--title T] [--subtitle T] [--countname N] [--minwidth PERCENT] [--maxframes N] [--width W]
//                        [--family F] [--negate 1] [FILE]
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/flamegraph/flamegraph.h"

namespace {

using gilspy::flamegraph::FoldedLine;
using gilspy::flamegraph::Options;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

// The number at the end of a line, taken away from it.
std::optional<std::uint64_t> take_number(std::string& text) {
  const std::size_t blank = text.rfind(' ');
  if (blank == std::string::npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data() + blank + 1, text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  text = trimmed(text.substr(0, blank));
  return number;
}

// "stack count", or "stack before count"; a line without a count or without a stack is no line, as for inferno.
std::optional<FoldedLine> parse(std::string_view text) {
  FoldedLine line{.stack = std::string(trimmed(text))};
  const auto count = take_number(line.stack);
  if (!count || line.stack.empty()) return std::nullopt;
  line.count = *count;
  line.before = take_number(line.stack);
  if (line.stack.empty()) return std::nullopt;
  return line;
}

std::vector<FoldedLine> read(std::istream& in) {
  std::vector<FoldedLine> lines;
  for (std::string text; std::getline(in, text);) {
    if (auto line = parse(text)) {
      lines.push_back(std::move(*line));
    }
  }
  return lines;
}

struct Arguments {
  Options options;
  std::string file = "-";
};

bool set(Options& options, std::string_view name, const char* value) {
  if (name == "--title") {
    options.title = value;
  } else if (name == "--subtitle") {
    options.subtitle = value;
  } else if (name == "--countname") {
    options.count_name = value;
  } else if (name == "--minwidth") {
    options.min_width_percent = std::strtod(value, nullptr);
  } else if (name == "--maxframes") {
    options.max_frames = std::strtoul(value, nullptr, 10);
  } else if (name == "--width") {
    options.width = std::strtod(value, nullptr);
  } else if (name == "--family") {
    options.family = value;
  } else if (name == "--negate") {
    options.negate = std::string_view(value) == "1";
  } else {
    return false;
  }
  return true;
}

std::optional<Arguments> arguments(const std::vector<const char*>& words) {
  Arguments result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!std::string_view(words[i]).starts_with("--")) {
      result.file = words[i];
    } else if (i + 1 == words.size() || !set(result.options, words[i], words[i + 1])) {
      return std::nullopt;
    } else {
      ++i;
    }
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  const auto asked = arguments({argv + 1, argv + argc});
  if (!asked) {
    std::cerr << "usage: gilspy_folded_to_svg [--title T] [--subtitle T] [--countname N] [--minwidth PERCENT]\n"
                 "         [--maxframes N] [--width PIXELS] [--family ACTIVITY] [--negate 1] [FILE]\n";
    return 2;
  }
  std::ifstream file;
  if (asked->file != "-") {
    file.open(asked->file, std::ios::binary);
    if (!file) {
      std::cerr << "gilspy_folded_to_svg: cannot open " << asked->file << '\n';
      return 1;
    }
  }
  std::cout << gilspy::flamegraph::render(read(asked->file == "-" ? std::cin : file), asked->options);
  return std::cout.flush() ? 0 : 1;
}
