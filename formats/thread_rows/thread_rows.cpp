#include "thread_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>
#include <string_view>
#include <utility>

#include "gilspy/wording.h"

namespace gilspy::thread_rows {
namespace {

constexpr int kBriefPart = 20;     // a thread that lived for less than this part of the recording was short-lived
constexpr double kWorking = 0.05;  // less than that, and headlines do not count it either
constexpr double kMostly = 0.9;
constexpr std::size_t kSeveral = 2;  // a row that stands for one thread would only hide its name

// The rows from `first` on become one.
void merge(std::vector<Row>& rows, std::vector<Row>::iterator first, std::string_view name_of_count) {
  const auto count = static_cast<std::size_t>(rows.end() - first);
  if (count < kSeveral) return;
  Row all{.name = fmt::format(fmt::runtime(name_of_count), wording::grouped(count)),
          .tid = {},
          .times = {},
          .margins = {},
          .gil = {},
          .interpreter = {}};
  std::for_each(first, rows.end(), [&all](const Row& row) { all.add(row.times); });
  rows.erase(first, rows.end());
  rows.push_back(std::move(all));
}

// Held and waited first, then what ran without the GIL.
auto rank(const Row& row) {
  const auto time = [&row](Activity activity) { return row.times[index_of(activity)]; };
  return std::pair(time(Activity::kHoldsGil) + time(Activity::kHoldsGilOffCpu) + time(Activity::kWaitsForGil),
                   time(Activity::kRunsWithoutGil));
}

bool is_mostly_blocked(const Row& row) {
  using enum Activity;
  return row.share({kBlocked, kWaitsForLock}) >= kMostly &&
         row.share({kHoldsGil, kHoldsGilOffCpu, kWaitsForGil, kRunsWithoutGil}) < kWorking;
}

// How many rows each OS thread has.
std::map<Tid, std::size_t> visits_in(const std::vector<Row>& rows) {
  std::map<Tid, std::size_t> visits;
  for (const Row& row : rows) {
    if (row.tid) ++visits[*row.tid];
  }
  return visits;
}

std::int64_t lowest_interpreter(const GilProfile& gil) {
  const auto lowest = std::ranges::min_element(gil.interpreters);
  return lowest == gil.interpreters.end() ? std::numeric_limits<std::int64_t>::max() : *lowest;
}

}  // namespace

Nanos Row::seen() const { return std::accumulate(times.begin(), times.end(), Nanos{0}); }

double Row::share(std::initializer_list<Activity> activities) const {
  const Nanos all = seen();
  Nanos time{0};
  for (const Activity activity : activities) time += times[index_of(activity)];
  return all > Nanos{0} ? double(time.count()) / double(all.count()) : 0.0;
}

void Row::add(const ActivityTimes& more) {
  for (std::size_t a = 0; a < kActivityCount; ++a) times[a] += more[a];
}

std::vector<Row> rows_of(const Profile& profile, std::size_t most) {
  std::vector<Row> rows;
  for (const ThreadProfile& thread : profile.threads) {
    Row row{.name = wording::thread_label(profile, thread),
            .tid = thread.info.tid,
            .times = thread.times,
            .margins = thread.margins,
            .gil = {},
            .interpreter = {}};
    if (profile.has_several_interpreters(thread.process)) {
      row.gil = thread.info.gil;
      row.interpreter = thread.info.interpreter_id;
    }
    // One without time has a thread state there, but is elsewhere.
    if (thread.info.python && row.seen() > Nanos{0}) rows.push_back(std::move(row));
  }
  const auto lived_on = [&](const Row& row) { return row.seen() * kBriefPart >= profile.duration; };
  const auto is_visit = [visits = visits_in(rows)](const Row& row) { return row.gil && visits.at(*row.tid) > 1; };
  const auto stays = [&](const Row& row) { return lived_on(row) || !is_visit(row); };
  merge(rows, std::stable_partition(rows.begin(), rows.end(), stays), "{} brief visits");
  merge(rows, std::stable_partition(rows.begin(), rows.end(), lived_on), "{} short-lived");
  const auto by_rank = [](const Row& a, const Row& b) { return rank(a) > rank(b); };
  std::ranges::stable_sort(rows, by_rank);
  if (rows.size() > most) {
    merge(rows, std::stable_partition(rows.begin(), rows.end(), std::not_fn(is_mostly_blocked)), "{} mostly blocked");
  }
  if (rows.size() > most) merge(rows, rows.begin() + static_cast<std::ptrdiff_t>(most), "and {} more");
  return rows;
}

std::string heading(const Profile& profile, const GilProfile& gil) {
  std::string text = wording::gil_group(profile, gil);
  if (!profile.target_of(gil.process).gil_enabled) return text;
  text += fmt::format(": held {}", wording::percent(gil.utilization()));
  return gil.mean_waiters < 0.05 ? text : text + fmt::format(", {:.1f} threads waiting", gil.mean_waiters);
}

std::vector<Group> groups_of(const Profile& profile, std::size_t most) {
  // By process, then by interpreter.
  std::map<std::pair<std::uint32_t, std::int64_t>, Group> by_gil;
  Group alone, merged;
  for (Row& row : rows_of(profile, most)) {
    if (!row.gil || to_int(*row.gil) >= profile.gils.size()) {
      (row.tid ? alone : merged).rows.push_back(std::move(row));
      continue;
    }
    const GilProfile& gil = profile.gils[to_int(*row.gil)];
    Group& group = by_gil[{gil.process, lowest_interpreter(gil)}];
    group.heading = heading(profile, gil);
    group.rows.push_back(std::move(row));
  }
  // Where there are no groups, all rows keep their order.
  if (by_gil.empty()) return {{.heading = {}, .rows = rows_of(profile, most)}};
  std::vector<Group> groups;
  if (!alone.rows.empty()) groups.push_back(std::move(alone));
  for (auto& [place, group] : by_gil) groups.push_back(std::move(group));
  if (!merged.rows.empty()) {
    merged.heading = "several interpreters";
    groups.push_back(std::move(merged));
  }
  return groups;
}

bool has_visitors(const std::vector<Group>& groups) {
  std::vector<Row> rows;
  for (const Group& group : groups) rows.insert(rows.end(), group.rows.begin(), group.rows.end());
  return std::ranges::any_of(visits_in(rows), [](const auto& visits) { return visits.second > 1; });
}

}  // namespace gilspy::thread_rows
