// The formats: one row each. A new one is a folder and a row.
#include <algorithm>
#include <array>
#include <iterator>

#include "flamegraph_row.h"
#include "folded/folded.h"
#include "gilspy/format.h"
#include "html/html.h"
#include "json/json.h"
#include "markdown/markdown.h"

namespace gilspy::formats {
namespace {

constexpr std::array kFormats{
    Format{"flamegraph", ".svg", "interactive flame graph, coloured by what the threads did", render_flamegraph},
    Format{"html", ".html", "a page with the timeline of all threads, flame graphs and tables", render_html},
    Format{"folded", ".folded", "a stack a line with its microseconds, for other tools", render_folded},
    Format{"json", ".json", "all numbers and the verdict, without stacks", render_json},
    Format{"markdown", ".md", "a page of text for a comment on a pull request", render_markdown},
    Format{"gilspy", ".gilspy", "everything that was read, for gilspy report to render", nullptr},
};

}  // namespace

std::span<const Format> all() { return kFormats; }

const Format* find(std::string_view name) {
  const auto* row =
      std::find_if(kFormats.begin(), kFormats.end(), [name](const Format& format) { return format.name == name; });
  return row == kFormats.end() ? nullptr : row;
}

const Format* of_file(std::string_view path) {
  const auto same = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a - 'A' + 'a' == b); };
  const auto has_ending = [&](const Format& format) {
    return path.size() >= format.extension.size() &&
           std::equal(format.extension.begin(), format.extension.end(), path.end() - std::ssize(format.extension),
                      [&](char ending, char typed) { return same(typed, ending); });
  };
  const auto* row = std::find_if(kFormats.begin(), kFormats.end(), has_ending);
  return row == kFormats.end() ? nullptr : row;
}

std::string endings(bool also_streamed) {
  std::string text;
  for (const Format& format : kFormats) {
    if (!format.streamed() || also_streamed) text += (text.empty() ? "" : ", ") + std::string(format.extension);
  }
  return text;
}

}  // namespace gilspy::formats
