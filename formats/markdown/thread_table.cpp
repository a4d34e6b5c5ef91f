#include "thread_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "escape.h"
#include "formats/thread_rows/thread_rows.h"

namespace gilspy::markdown {
namespace {

using thread_rows::Group;
using thread_rows::Row;

constexpr std::size_t kMostRows = 10;
constexpr std::size_t kFewRows = 6;  // below a table of processes

constexpr std::size_t kMostMerged = 2;  // rows beyond those that were asked for: they stand for the rest

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
  std::string name = row.tid ? fmt::format("{} ({})", code(row.name), to_int(*row.tid)) : row.name;
  if (row.interpreter) name += fmt::format(" in interpreter {}", *row.interpreter);
  return fmt::format("| {} |{}{}{}{}{}\n", name, cell(row, {kHoldsGil, kHoldsGilOffCpu}, Share::kHasGil),
                     cell(row, {kWaitsForGil}, Share::kWaitsForGil),
                     cell(row, {kRunsWithoutGil}, Share::kRunsWithoutGil), rest,
                     cell(row, {kUnknown}, Share::kUnknown));
}

// Headings take lines as well.
std::vector<Group> groups_of(const Profile& profile) {
  const std::size_t most = profile.processes.size() > 1 ? kFewRows : kMostRows;
  for (std::size_t rows = most;; --rows) {
    std::vector<Group> groups = thread_rows::groups_of(profile, rows);
    std::size_t lines = 0;
    for (const Group& group : groups) lines += group.rows.size() + (group.heading.empty() ? 0 : 1);
    if (lines <= most + kMostMerged || rows <= 1) return groups;
  }
}

}  // namespace

std::string thread_table(const Profile& profile) {
  const std::vector<Group> groups = groups_of(profile);
  std::vector<Row> rows;
  for (const Group& group : groups) rows.insert(rows.end(), group.rows.begin(), group.rows.end());
  if (rows.empty()) return {};
  const bool with_locks =
      std::ranges::any_of(rows, [](const Row& row) { return row.share({Activity::kWaitsForLock}) >= kNone; });
  std::string text = fmt::format(
      "| thread | holds the GIL | waits for it | runs without it |{} blocked | unknown |\n"
      "|:--|--:|--:|--:|--:|{}--:|\n",
      with_locks ? " waits for a lock |" : "", with_locks ? "--:|" : "");
  for (const Group& group : groups) {
    if (!group.heading.empty()) text += fmt::format("| **{}** | | | |{} | |\n", group.heading, with_locks ? " |" : "");
    for (const Row& row : group.rows) text += line_of(row, with_locks);
  }
  if (thread_rows::has_visitors(groups))
    text += "\nA thread has a row for each interpreter that it visits: shares are of its time there.\n";
  return text;
}

}  // namespace gilspy::markdown
