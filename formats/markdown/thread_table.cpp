#include "thread_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "escape.h"
#include "formats/thread_rows/thread_rows.h"

namespace gilspy::markdown {
namespace {

using thread_rows::Row;

constexpr std::size_t kMostRows = 10;
constexpr std::size_t kFewRows = 6;  // below a table of processes

constexpr double kNone = 0.0005;  // reads 0.0 %

// What is unknown is so in this recording: no long run makes it more exact.
std::string cell(const Row& row, std::initializer_list<Activity> activities, Share share) {
  const double value = row.share(activities);
  const bool has_margin = row.margins && share != Share::kUnknown && value >= kNone;
  const std::string margin = has_margin ? " " + wording::plus_minus((*row.margins)[share] * 100) : "";
  return fmt::format(" {:.1f} %{} |", value * 100, margin);
}

std::string line_of(const Row& row, bool with_locks) {
  using enum Activity;
  const std::string rest = with_locks ? cell(row, {kWaitsForLock}, Share::kWaitsForLock) +
                                            cell(row, {kBlocked, kStopTheWorld}, Share::kBlocked)
                                      : cell(row, {kBlocked, kWaitsForLock, kStopTheWorld}, Share::kRests);
  const std::string name = row.tid ? fmt::format("{} ({})", code(row.name), to_int(*row.tid)) : row.name;
  return fmt::format("| {} |{}{}{}{}{}\n", name, cell(row, {kHoldsGil, kHoldsGilOffCpu}, Share::kHasGil),
                     cell(row, {kWaitsForGil}, Share::kWaitsForGil),
                     cell(row, {kRunsWithoutGil}, Share::kRunsWithoutGil), rest,
                     cell(row, {kUnknown}, Share::kUnknown));
}

}  // namespace

std::string thread_table(const Profile& profile) {
  const std::vector<Row> rows = thread_rows::rows_of(profile, profile.processes.size() > 1 ? kFewRows : kMostRows);
  if (rows.empty()) return {};
  const bool with_locks =
      std::ranges::any_of(rows, [](const Row& row) { return row.share({Activity::kWaitsForLock}) >= kNone; });
  std::string text = fmt::format(
      "| thread | holds the GIL | waits for it | runs without it |{} blocked | unknown |\n"
      "|:--|--:|--:|--:|--:|{}--:|\n",
      with_locks ? " waits for a lock |" : "", with_locks ? "--:|" : "");
  for (const Row& row : rows) text += line_of(row, with_locks);
  return text;
}

}  // namespace gilspy::markdown
