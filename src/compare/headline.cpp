#include "headline.h"

#include <fmt/format.h>

#include <cmath>

#include "gilspy/wording.h"

namespace gilspy::compare {
namespace {

std::string size_of(const Change& change) { return figure_text(std::abs(change.difference()), false); }

std::string ends_of(const Change& change) { return interval_text(change, false); }

std::string about_totals(const TotalChanges& totals) {
  const auto more = [](const Change& change) { return change.difference() > 0 ? "more" : "less"; };
  if (totals.waiters.beyond_noise()) {
    return fmt::format("{} {} threads wait for the GIL on average ({}), but no single function stands out",
                       size_of(totals.waiters), totals.waiters.difference() > 0 ? "more" : "fewer",
                       ends_of(totals.waiters));
  }
  if (totals.held.beyond_noise()) {
    return fmt::format("the GIL is held {} s/s {} ({}), but no single function stands out", size_of(totals.held),
                       more(totals.held), ends_of(totals.held));
  }
  if (totals.cpus.beyond_noise()) {
    return fmt::format("the process uses {} CPUs {} ({}); nothing changed around the GIL", size_of(totals.cpus),
                       more(totals.cpus), ends_of(totals.cpus));
  }
  return "nothing changed beyond noise";
}

}  // namespace

std::string headline(const Comparison& comparison) {
  if (!comparison.totals.held.known) return "too little was recorded to tell a change from noise";
  if (comparison.changed.empty()) return about_totals(comparison.totals);
  // Several functions change because one of them does: the rows begin with those that others wait for.
  std::string text = text_of(comparison.changed.front(), comparison.per_work());
  if (const std::size_t more = comparison.changed.size() - 1; more > 0) {
    text += fmt::format("; {}", wording::count_of(more, "more change"));
  }
  return text;
}

}  // namespace gilspy::compare
