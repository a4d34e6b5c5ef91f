#include "thread_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "gilspy/wording.h"

namespace gilspy::terminal {
namespace {

constexpr std::size_t kMostRows = 12;
constexpr std::size_t kIndent = 2;
constexpr std::size_t kColumnWidth = 8;
constexpr std::size_t kLeastBar = 8;
constexpr std::size_t kMostBar = 40;
constexpr std::size_t kLeastName = 14;
constexpr std::size_t kMostName = 28;
constexpr double kLeastShown = 0.0005;  // of the time; less would read 0.0 %
constexpr int kBriefPart = 20;          // a thread that lived for less than this part of the recording was short-lived

struct Row {
  std::string name;
  std::optional<Tid> tid;
  ActivityTimes times{};

  Nanos seen() const {
    Nanos all{0};
    for (const Nanos time : times) all += time;
    return all;
  }
  void add(const ActivityTimes& more) {
    for (std::size_t a = 0; a < kActivityCount; ++a) times[a] += more[a];
  }
  double share(Activity activity) const {
    const Nanos all = seen();
    return all > Nanos{0} ? double(times[index_of(activity)].count()) / double(all.count()) : 0.0;
  }
};

struct Column {
  std::string_view title;
  std::array<Activity, 2> activities;  // twice the same where there is one
  bool always = true;                  // else only where there is something to show

  double share(const Row& row) const {
    const double first = row.share(activities[0]);
    return activities[0] == activities[1] ? first : first + row.share(activities[1]);
  }
};

constexpr std::array kColumns{
    Column{"holds", {Activity::kHoldsGil, Activity::kHoldsGilOffCpu}},
    Column{"waits", {Activity::kWaitsForGil, Activity::kWaitsForGil}},
    Column{"no GIL", {Activity::kRunsWithoutGil, Activity::kRunsWithoutGil}},
    Column{"blocked", {Activity::kBlocked, Activity::kBlocked}},
    Column{"lock", {Activity::kWaitsForLock, Activity::kWaitsForLock}, false},
    Column{"stopped", {Activity::kStopTheWorld, Activity::kStopTheWorld}, false},
    Column{"unknown", {Activity::kUnknown, Activity::kUnknown}, false},
};

struct Mark {
  std::string_view glyph;
  std::string_view legend;
};

// Never colour alone: every activity has a glyph, the heavier the more the GIL is involved.
constexpr std::array<Mark, kActivityCount> kMarks{{{"█", "holds the GIL"},
                                                   {"▓", "holds it off CPU"},
                                                   {"▒", "waits for it"},
                                                   {"▞", "runs without it"},
                                                   {"░", "waits for a lock"},
                                                   {"▁", "stop-the-world"},
                                                   {"·", "blocked"},
                                                   {"?", "unknown"}}};

std::vector<Row> rows_of(const Profile& profile) {
  std::vector<Row> rows, brief;
  for (const ThreadProfile& thread : profile.threads) {
    if (!thread.info.python) continue;
    std::string name = wording::printable(thread.info.name.empty() ? "thread" : thread.info.name);
    Row row{.name = std::move(name), .tid = thread.info.tid, .times = thread.times};
    if (row.seen() == Nanos{0}) continue;  // it has a thread state there, but is elsewhere
    (row.seen() * kBriefPart < profile.duration ? brief : rows).push_back(std::move(row));
  }
  if (brief.size() == 1) rows.push_back(std::move(brief.front()));
  if (brief.size() <= 1) return rows;
  Row all{.name = fmt::format("{} short-lived", brief.size()), .tid = {}, .times = {}};
  for (const Row& row : brief) all.add(row.times);
  rows.push_back(std::move(all));
  return rows;
}

// Held and waited first, then what ran without the GIL.
auto rank(const Row& row) {
  const auto& times = row.times;
  const Nanos gil = times[index_of(Activity::kHoldsGil)] + times[index_of(Activity::kHoldsGilOffCpu)] +
                    times[index_of(Activity::kWaitsForGil)];
  return std::pair(gil, times[index_of(Activity::kRunsWithoutGil)]);
}

// The rows behind the first dozen, as one.
void merge_rest(std::vector<Row>& rows) {
  if (rows.size() <= kMostRows) return;
  Row rest{.name = fmt::format("and {} more", rows.size() - kMostRows), .tid = {}, .times = {}};
  for (std::size_t i = kMostRows; i < rows.size(); ++i) rest.add(rows[i].times);
  rows.resize(kMostRows);
  rows.push_back(std::move(rest));
}

struct Layout {
  std::vector<Column> columns;
  std::size_t name = 0;
  std::size_t tid = 0;  // 0: no such column
  std::size_t bar = 0;
};

std::vector<Column> columns_for(const std::vector<Row>& rows, std::size_t width) {
  std::vector<Column> columns;
  for (const Column& column : kColumns) {
    const bool worth = column.always || std::any_of(rows.begin(), rows.end(), [&column](const Row& row) {
                         return column.share(row) >= kLeastShown;
                       });
    const std::size_t bar = column.always ? 0 : kLeastBar + 2;  // a picture of all says more than another number
    const bool fits = kIndent + kLeastName + (columns.size() + 1) * kColumnWidth + bar <= width;
    if (worth && fits) columns.push_back(column);
  }
  return columns;
}

// What is dropped first when there is little room: rare columns, thread ids, bars, columns, the ends of names.
Layout layout_for(const std::vector<Row>& rows, std::size_t width) {
  Layout layout;
  layout.columns = columns_for(rows, width);
  std::size_t tid = 0;
  for (const Row& row : rows) {
    layout.name = std::max(layout.name, columns(row.name));
    if (row.tid) tid = std::max(tid, fmt::formatted_size("  {}", to_int(*row.tid)));
  }
  const std::size_t room = width - kIndent - layout.columns.size() * kColumnWidth;
  layout.name = std::min({layout.name, kMostName, room});
  const std::size_t with_bar = room - std::min(room, kLeastBar + 2);
  if (with_bar < layout.name && with_bar >= kLeastName) layout.name = with_bar;
  if (with_bar < layout.name) return layout;
  if (layout.name + tid <= with_bar) layout.tid = tid;
  layout.bar = std::min(kMostBar, room - layout.name - layout.tid - 2);
  return layout;
}

// Rounds the running sum, so that all bars have the same length.
std::string bar_of(const Row& row, std::size_t length, const Pen& pen) {
  std::string bar;
  double sum = 0;
  std::size_t drawn = 0;
  for (const Activity activity : kActivities) {
    sum += row.share(activity);
    const std::size_t end = std::min(length, static_cast<std::size_t>(sum * double(length) + 0.5));
    std::string cells;
    for (; drawn < end; ++drawn) cells += kMarks[index_of(activity)].glyph;
    bar += pen.activity(activity, cells);
  }
  return bar;
}

std::string heading(const Layout& layout, const Pen& pen) {
  std::string line(kIndent, ' ');
  line += fit("thread", layout.name + layout.tid);
  for (const Column& column : layout.columns) line += fmt::format("{:>{}}", column.title, kColumnWidth);
  return pen.faint(line) + "\n";
}

std::string line_of(const Row& row, const Layout& layout, const Pen& pen) {
  std::string line(kIndent, ' ');
  line += fit(row.name, layout.name);
  if (layout.tid > 0) line += fmt::format("{:>{}}", row.tid ? fmt::format("{}", to_int(*row.tid)) : "", layout.tid);
  for (const Column& column : layout.columns) {
    line += fmt::format("{:>{}}", fmt::format("{:.1f}%", column.share(row) * 100), kColumnWidth);
  }
  if (layout.bar > 0) line += "  " + bar_of(row, layout.bar, pen);
  return line + "\n";
}

std::string legend(const std::vector<Row>& rows, std::size_t width, const Pen& pen) {
  std::string lines, line;
  for (const Activity activity : kActivities) {
    if (std::none_of(rows.begin(), rows.end(), [&](const Row& row) { return row.share(activity) >= kLeastShown; })) {
      continue;
    }
    const Mark& mark = kMarks[index_of(activity)];
    const std::string entry = fmt::format("  {} {}", mark.glyph, mark.legend);
    if (columns(line) + columns(entry) > width) lines += std::exchange(line, {}) + "\n";
    line += entry;
  }
  return pen.faint(lines + line) + "\n";
}

}  // namespace

std::string thread_table(const Profile& profile, std::size_t width, const Pen& pen) {
  std::vector<Row> rows = rows_of(profile);
  if (rows.empty()) return {};
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return rank(a) > rank(b); });
  merge_rest(rows);
  const Layout layout = layout_for(rows, width);
  std::string table = heading(layout, pen);
  for (const Row& row : rows) table += line_of(row, layout, pen);
  if (layout.bar > 0) table += legend(rows, width, pen);
  return table;
}

}  // namespace gilspy::terminal
