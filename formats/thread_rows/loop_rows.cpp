#include "loop_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "gilspy/wording.h"

namespace gilspy::thread_rows {

std::vector<LoopRow> loop_rows(const Profile& profile, std::size_t most) {
  std::vector<LoopProfile> loops = profile.loops;
  std::ranges::stable_sort(loops, std::greater(), [](const LoopProfile& loop) { return loop.lag.p99; });
  if (loops.size() > most) loops.resize(most);
  std::vector<LoopRow> rows;
  for (const LoopProfile& loop : loops) {
    const double busy = loop.observed > Nanos{0} ? double(loop.busy.count()) / double(loop.observed.count()) : 0;
    rows.push_back({wording::thread_label(profile, profile.threads[to_int(loop.thread)]), wording::percent(busy),
                    wording::span(loop.lag.mean), wording::span(loop.lag.p90), wording::span(loop.lag.p99),
                    wording::span(loop.lag.longest), fmt::format("{:.1f}", loop.ready),
                    wording::grouped(loop.most_ready)});
  }
  return rows;
}

std::string text_of(const LoopRow& row) {
  std::string text = fmt::format(
      "The event loop of {} was busy {} of the time. What became due waited {} on average, {} "
      "at the 99th percentile, {} at most",
      row.thread, row.busy, row.mean, row.p99, row.longest);
  if (row.most_ready != "0") {
    text += fmt::format("; {} callbacks were ready beside the one that ran on average, {} at most", row.ready,
                        row.most_ready);
  }
  return text + ".";
}

}  // namespace gilspy::thread_rows
