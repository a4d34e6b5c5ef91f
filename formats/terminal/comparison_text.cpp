#include "comparison_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "gilspy/wording.h"
#include "text.h"

namespace gilspy::terminal {
namespace {

constexpr std::size_t kMostRows = 10;  // of each measure
constexpr std::size_t kNumbers = 8;    // columns of a number
constexpr std::size_t kBetween = 20;

std::string_view title_of(Measure measure) {
  switch (measure) {
    case Measure::kBlame: return "Makes others wait";
    case Measure::kHeld: return "Holds the GIL";
    case Measure::kWait: return "Waits for the GIL";
  }
  return {};
}

class Table {
 public:
  explicit Table(std::size_t width) : names_(width - std::min(width - 16, 3 * (kNumbers + 1) + kBetween)) {}

  std::string head(std::string_view title) const { return line(title, "base", "head", "change", "between"); }

  std::string row(std::string_view name, const Change& change, bool per_work) const {
    return line(fmt::format("  {}", name), figure_text(change.base, per_work), figure_text(change.head, per_work),
                signed_figure_text(change.difference(), per_work), interval_text(change, per_work));
  }

  std::string line(std::string_view name, std::string_view base, std::string_view head, std::string_view change,
                   std::string_view between) const {
    std::string text = fmt::format("{} {:>{}} {:>{}} {:>{}}  {}", fit(name, names_), base, kNumbers, head, kNumbers,
                                   change, kNumbers, between);
    return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  }

 private:
  std::size_t names_;
};

std::string name_of(const FunctionChange& row) {
  return fmt::format("{}{}", !row.in_base ? "new: " : !row.in_head ? "gone: " : "", row.function);
}

std::string functions(const Comparison& comparison, const Table& table) {
  std::string text;
  for (const Measure measure : kMeasures) {
    std::string rows;
    std::size_t count = 0;
    for (const FunctionChange& row : comparison.changed) {
      if (row.measure != measure || ++count > kMostRows) continue;
      rows += table.row(name_of(row), row.self, comparison.per_work());
    }
    if (count == 0) continue;
    if (count > kMostRows) rows += fmt::format("  and {} more\n", count - kMostRows);
    const std::string title = fmt::format("{}, {}", title_of(measure), figure_unit(comparison.per_work()));
    text += "\n" + table.head(title) + rows;
  }
  return text;
}

std::string span_or_none(Nanos time) { return time > Nanos{0} ? wording::span(time) : "-"; }

std::string totals(const TotalChanges& totals, const Table& table) {
  return "\n" + table.head("In all") + table.row("CPUs used", totals.cpus, false) +
         table.row("GIL held", totals.held, false) + table.row("threads waiting for it", totals.waiters, false) +
         table.line("  99 % get it within", span_or_none(totals.base_p99), span_or_none(totals.head_p99), "", "");
}

}  // namespace

std::string comparison_text(const Comparison& comparison, const TerminalOptions& options) {
  const auto width = static_cast<std::size_t>(std::clamp(options.width, 60, 200));
  const Pen pen{options.colour};
  const Table table(std::min<std::size_t>(width, 100));
  const std::string headline = wrap(comparison.headline, width);
  std::string text = pen.bold(std::string_view(headline).substr(0, headline.size() - 1)) + "\n";
  text += wrap(verdict_change(comparison), width);
  text += functions(comparison, table) + totals(comparison.totals, table) + "\n";
  for (const std::string& line : comparison.remarks) text += wrap("Mind: " + line + ".", width, 2);
  text += wrap(how_compared(comparison), width);
  if (!options.output_path.empty()) text += fmt::format("->  {}\n", options.output_path);
  return text;
}

}  // namespace gilspy::terminal
