#include "thread_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
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
  Row all{
      .name = fmt::format(fmt::runtime(name_of_count), wording::grouped(count)), .tid = {}, .times = {}, .margins = {}};
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
            .margins = thread.margins};
    // One without time has a thread state there, but is elsewhere.
    if (thread.info.python && row.seen() > Nanos{0}) rows.push_back(std::move(row));
  }
  const auto lived_on = [&](const Row& row) { return row.seen() * kBriefPart >= profile.duration; };
  merge(rows, std::stable_partition(rows.begin(), rows.end(), lived_on), "{} short-lived");
  const auto by_rank = [](const Row& a, const Row& b) { return rank(a) > rank(b); };
  std::ranges::stable_sort(rows, by_rank);
  if (rows.size() > most) {
    merge(rows, std::stable_partition(rows.begin(), rows.end(), std::not_fn(is_mostly_blocked)), "{} mostly blocked");
  }
  if (rows.size() > most) merge(rows, rows.begin() + static_cast<std::ptrdiff_t>(most), "and {} more");
  return rows;
}

}  // namespace gilspy::thread_rows
