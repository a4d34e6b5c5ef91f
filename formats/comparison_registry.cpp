// The formats of comparisons: one row each.
#include <algorithm>
#include <array>

#include "differential.h"
#include "gilspy/comparison_format.h"
#include "json/comparison_json.h"
#include "markdown/comparison_markdown.h"

namespace gilspy::formats {
namespace {

constexpr std::array kFormats{
    ComparisonFormat{"flamegraph", ".svg", "differential flame graph: red is more in HEAD, blue is less",
                     render_differential},
    ComparisonFormat{"json", ".json", "all figures with their intervals", render_comparison_json},
    ComparisonFormat{"markdown", ".md", "a page of text for a comment on a pull request", render_comparison_markdown},
};

}  // namespace

std::span<const ComparisonFormat> of_comparisons() { return kFormats; }

const ComparisonFormat* find_comparison(std::string_view name) {
  const auto* row = std::ranges::find(kFormats, name, &ComparisonFormat::name);
  return row == kFormats.end() ? nullptr : row;
}

const ComparisonFormat* comparison_of_file(std::string_view path) {
  // Endings of other formats are longer: x.trace.json is no comparison.
  const Format* const format = of_file(path);
  return format == nullptr ? nullptr : find_comparison(format->name);
}

}  // namespace gilspy::formats
