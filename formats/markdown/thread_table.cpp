#include "thread_table.h"

#include <fmt/format.h>

#include <vector>

#include "escape.h"
#include "formats/thread_rows/thread_rows.h"

namespace gilspy::markdown {
namespace {

using thread_rows::Row;

constexpr std::size_t kMostRows = 10;
constexpr std::size_t kFewRows = 6;  // below a table of processes

std::string cell(const Row& row, std::initializer_list<Activity> activities) {
  return fmt::format(" {:.1f} % |", row.share(activities) * 100);
}

std::string line_of(const Row& row) {
  using enum Activity;
  const std::string name = row.tid ? fmt::format("{} ({})", code(row.name), to_int(*row.tid)) : row.name;
  return fmt::format("| {} |{}{}{}{}{}\n", name, cell(row, {kHoldsGil, kHoldsGilOffCpu}), cell(row, {kWaitsForGil}),
                     cell(row, {kRunsWithoutGil}), cell(row, {kBlocked, kWaitsForLock, kStopTheWorld}),
                     cell(row, {kUnknown}));
}

}  // namespace

std::string thread_table(const Profile& profile) {
  const std::vector<Row> rows = thread_rows::rows_of(profile, profile.processes.size() > 1 ? kFewRows : kMostRows);
  if (rows.empty()) return {};
  std::string text =
      "| thread | holds the GIL | waits for it | runs without it | blocked | unknown |\n"
      "|:--|--:|--:|--:|--:|--:|\n";
  for (const Row& row : rows) text += line_of(row);
  return text;
}

}  // namespace gilspy::markdown
