#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "gilspy/compare.h"
#include "gilspy/wording.h"

namespace gilspy {
namespace {

double shown(double figure, bool per_work) { return per_work ? figure * 1000 : figure; }

std::pair<std::string_view, std::string_view> does(Measure measure) {
  switch (measure) {
    case Measure::kBlame: return {"makes others wait", "more"};
    case Measure::kHeld: return {"holds the GIL", "more"};
    case Measure::kWait: return {"waits for the GIL", "longer"};
  }
  return {};
}

}  // namespace

std::string_view figure_unit(bool per_work) { return per_work ? "ms per unit" : "s/s"; }

std::string figure_text(double figure, bool per_work) {
  const double value = shown(figure, per_work);
  const double size = std::abs(value);
  if (!(size >= 0.00005)) return "0";
  const int digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.0995 ? 2 : size >= 0.00995 ? 3 : 4;
  return fmt::format("{:.{}f}", value, digits);
}

std::string signed_figure_text(double figure, bool per_work) {
  const std::string text = figure_text(figure, per_work);
  return figure > 0 && text != "0" ? "+" + text : text;
}

std::string interval_text(const Change& change, bool per_work) {
  if (!change.known) return "?";
  return fmt::format("{} to {}", signed_figure_text(change.low, per_work), signed_figure_text(change.high, per_work));
}

std::string text_of(const FunctionChange& row, bool per_work) {
  const auto [what, more] = does(row.measure);
  const double ends[] = {std::abs(row.self.low), std::abs(row.self.high)};
  return fmt::format("{} {} {} {} {} ({} to {})", row.function, what,
                     figure_text(std::abs(row.self.difference()), per_work), figure_unit(per_work),
                     row.self.difference() > 0 ? more : "less", figure_text(std::min(ends[0], ends[1]), per_work),
                     figure_text(std::max(ends[0], ends[1]), per_work));
}

std::string verdict_change(const Comparison& comparison) {
  const std::string_view base = code_name(comparison.base.verdict), head = code_name(comparison.head.verdict);
  if (base == head) return fmt::format("verdict: {}, as before", head);
  return fmt::format("verdict: {} -> {}", base, head);
}

std::string how_compared(const Comparison& comparison) {
  const std::string lengths = fmt::format("{} in BASE, {} in HEAD", wording::seconds(comparison.base.sampled),
                                          wording::seconds(comparison.head.sampled));
  if (!comparison.totals.held.known) return lengths + ".";
  const std::string work =
      comparison.per_work() ? fmt::format(", {:g} and {:g} units of work", *comparison.base.work, *comparison.head.work)
                            : std::string();
  return fmt::format("{}{}; {} compared, all intervals hold together with 95 % certainty.", lengths, work,
                     wording::count_of(comparison.figures, "figure"));
}

}  // namespace gilspy
