#include "thread_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "escape.h"

namespace gilspy::markdown {
namespace {

constexpr std::size_t kMostRows = 10;

struct Row {
  std::string name;
  ActivityTimes times{};

  Nanos time(Activity activity) const { return times[index_of(activity)]; }
  Nanos seen() const {
    Nanos all{0};
    for (const Nanos one : times) all += one;
    return all;
  }
  Nanos busy() const {
    return time(Activity::kHoldsGil) + time(Activity::kHoldsGilOffCpu) + time(Activity::kWaitsForGil) +
           time(Activity::kRunsWithoutGil);
  }
  void add(const Row& more) {
    for (std::size_t a = 0; a < kActivityCount; ++a) times[a] += more.times[a];
  }
};

std::string cell(const Row& row, std::initializer_list<Activity> activities) {
  Nanos time{0};
  for (const Activity activity : activities) time += row.time(activity);
  const Nanos seen = row.seen();
  return fmt::format(" {:.1f} % |", seen > Nanos{0} ? double(time.count()) * 100 / double(seen.count()) : 0.0);
}

std::string line_of(const Row& row) {
  using enum Activity;
  return fmt::format("| {} |{}{}{}{}{}\n", row.name, cell(row, {kHoldsGil, kHoldsGilOffCpu}), cell(row, {kWaitsForGil}),
                     cell(row, {kRunsWithoutGil}), cell(row, {kBlocked, kWaitsForLock, kStopTheWorld}),
                     cell(row, {kUnknown}));
}

std::vector<Row> rows_of(const Profile& profile) {
  std::vector<Row> rows;
  for (const ThreadProfile& thread : profile.threads) {
    if (!thread.info.python) continue;
    Row row{
        fmt::format("{} ({})", code(thread.info.name.empty() ? "thread" : thread.info.name), to_int(thread.info.tid)),
        thread.times};
    if (row.seen() > Nanos{0}) rows.push_back(std::move(row));  // else it is in another interpreter
  }
  std::ranges::stable_sort(rows, std::ranges::greater{}, &Row::busy);
  if (rows.size() <= kMostRows + 1) return rows;
  Row rest{fmt::format("and {} more", rows.size() - kMostRows), {}};
  for (std::size_t i = kMostRows; i < rows.size(); ++i) rest.add(rows[i]);
  rows.resize(kMostRows);
  rows.push_back(std::move(rest));
  return rows;
}

}  // namespace

std::string thread_rows(const Profile& profile) {
  const std::vector<Row> rows = rows_of(profile);
  if (rows.empty()) return {};
  std::string text =
      "| thread | holds the GIL | waits for it | runs without it | blocked | unknown |\n"
      "|:--|--:|--:|--:|--:|--:|\n";
  for (const Row& row : rows) text += line_of(row);
  return text;
}

}  // namespace gilspy::markdown
