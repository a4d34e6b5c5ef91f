#include "comparison_markdown.h"

#include <fmt/format.h>

#include <algorithm>

#include "escape.h"
#include "gilspy/wording.h"

namespace gilspy::formats {
namespace {

using markdown::code;
using markdown::escape;

constexpr std::size_t kMostRows = 8;  // of each measure
constexpr std::size_t kMostRemarks = 8;

std::string_view title_of(Measure measure) {
  switch (measure) {
    case Measure::kBlame: return "Makes others wait for the GIL";
    case Measure::kHeld: return "Holds the GIL";
    case Measure::kWait: return "Waits for the GIL";
  }
  return {};
}

std::string_view about(const FunctionChange& row) { return !row.in_base ? " (new)" : !row.in_head ? " (gone)" : ""; }

std::string functions(const Comparison& comparison, Measure measure) {
  std::string text;
  std::size_t count = 0;
  for (const FunctionChange& row : comparison.changed) {
    if (row.measure != measure || ++count > kMostRows) continue;
    const bool work = comparison.per_work();
    text += fmt::format("| {}{} | {} | {} | **{}** | {} |\n", code(row.function), about(row),
                        figure_text(row.self.base, work), figure_text(row.self.head, work),
                        signed_figure_text(row.self.difference(), work), interval_text(row.self, work));
  }
  if (count == 0) return {};
  if (count > kMostRows) text += fmt::format("| and {} more | | | | |\n", count - kMostRows);
  return fmt::format("\n| {}, {} | base | head | change | between |\n|:--|--:|--:|--:|--:|\n{}", title_of(measure),
                     figure_unit(comparison.per_work()), text);
}

std::string total(std::string_view name, const Change& change) {
  const std::string_view mark = change.beyond_noise() ? "**" : "";
  return fmt::format("| {} | {} | {} | {}{}{} | {} |\n", name, figure_text(change.base, false),
                     figure_text(change.head, false), mark, signed_figure_text(change.difference(), false), mark,
                     interval_text(change, false));
}

std::string span_or_none(Nanos time) { return time > Nanos{0} ? wording::span(time) : "-"; }

std::string totals(const TotalChanges& totals) {
  return "\n| in all | base | head | change | between |\n|:--|--:|--:|--:|--:|\n" + total("CPUs used", totals.cpus) +
         total("GIL held", totals.held) + total("threads waiting for it", totals.waiters) +
         fmt::format("| 99 % get it within | {} | {} | | |\n", span_or_none(totals.base_p99),
                     span_or_none(totals.head_p99));
}

std::string remarks(const Comparison& comparison) {
  std::string text;
  const std::size_t count = std::min(kMostRemarks, comparison.remarks.size());
  for (std::size_t i = 0; i < count; ++i) text += fmt::format("- {}\n", escape(comparison.remarks[i]));
  return text.empty() ? text : "\n**Mind that**\n\n" + text;
}

}  // namespace

std::string render_comparison_markdown(const Compared& compared, const ComparisonOptions&) {
  const Comparison& comparison = compared.comparison;
  std::string text = fmt::format("### {}\n\n{}\n", escape(comparison.headline), escape(verdict_change(comparison)));
  for (const Measure measure : kMeasures) text += functions(comparison, measure);
  return text + totals(comparison.totals) + remarks(comparison) + "\n" + escape(how_compared(comparison)) + "\n";
}

}  // namespace gilspy::formats
