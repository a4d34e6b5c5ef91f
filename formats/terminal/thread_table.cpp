#include "thread_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "formats/thread_rows/thread_rows.h"
#include "gilspy/wording.h"

namespace gilspy::terminal {
namespace {

using thread_rows::Group;
using thread_rows::Row;

constexpr std::size_t kMostRows = 12;
constexpr std::size_t kIndent = 2;
constexpr std::size_t kColumnWidth = 8;
constexpr std::size_t kLeastBar = 8;
constexpr std::size_t kMostBar = 40;
constexpr std::size_t kLeastName = 14;
constexpr std::size_t kMostName = 28;
constexpr std::size_t kRoomForInterpreters = 60;
constexpr double kLeastShown = 0.0005;  // of the time; less would read 0.0 %

constexpr std::string_view kMarginTitle = "±";
constexpr std::string_view kInterpreterTitle = "interp.";

struct Column {
  std::string_view title;
  std::array<Activity, 2> activities;  // twice the same where there is one
  Share of;
  bool always = true;  // else only where there is something to show

  double share(const Row& row) const {
    return activities[0] == activities[1] ? row.share({activities[0]}) : row.share({activities[0], activities[1]});
  }
};

constexpr std::array kColumns{
    Column{"holds", {Activity::kHoldsGil, Activity::kHoldsGilOffCpu}, Share::kHasGil},
    Column{"waits", {Activity::kWaitsForGil, Activity::kWaitsForGil}, Share::kWaitsForGil},
    Column{"no GIL", {Activity::kRunsWithoutGil, Activity::kRunsWithoutGil}, Share::kRunsWithoutGil},
    Column{"blocked", {Activity::kBlocked, Activity::kBlocked}, Share::kBlocked},
    Column{"lock", {Activity::kWaitsForLock, Activity::kWaitsForLock}, Share::kWaitsForLock, false},
    Column{"stopped", {Activity::kStopTheWorld, Activity::kStopTheWorld}, Share::kStopTheWorld, false},
    Column{"unknown", {Activity::kUnknown, Activity::kUnknown}, Share::kUnknown, false},
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

struct Layout {
  std::size_t indent = kIndent;
  std::vector<Column> columns;
  std::size_t interpreter = 0;  // 0: no such column, as below
  std::size_t margin = 0;
  std::size_t name = 0;
  std::size_t tid = 0;
  std::size_t bar = 0;
};

std::size_t always_shown() {
  return static_cast<std::size_t>(std::ranges::count_if(kColumns, [](const Column& column) { return column.always; }));
}

// How sure the shares are comes before rare activities.
std::size_t margin_width(const std::vector<Row>& rows, std::size_t width) {
  const bool known = std::ranges::any_of(rows, [](const Row& row) { return row.margins.has_value(); });
  const bool fits = kIndent + kLeastName + (always_shown() + 1) * kColumnWidth + kLeastBar + 2 <= width;
  return known && fits ? kColumnWidth : 0;
}

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
  const bool several = std::ranges::any_of(rows, [](const Row& row) { return row.interpreter.has_value(); });
  if (several && width >= kRoomForInterpreters) layout.interpreter = kColumnWidth;
  layout.margin = margin_width(rows, width - layout.interpreter);
  layout.columns = columns_for(rows, width - layout.interpreter - layout.margin);
  std::size_t tid = 0;
  if (several) layout.indent += kIndent;
  for (const Row& row : rows) {
    layout.name = std::max(layout.name, columns(wording::printable(row.name)));
    if (row.tid) tid = std::max(tid, fmt::formatted_size("  {}", to_int(*row.tid)));
  }
  const std::size_t room =
      width - layout.indent - layout.columns.size() * kColumnWidth - layout.interpreter - layout.margin;
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
    sum += row.share({activity});
    const std::size_t end = std::min(length, static_cast<std::size_t>(sum * double(length) + 0.5));
    std::string cells;
    for (; drawn < end; ++drawn) cells += kMarks[index_of(activity)].glyph;
    bar += pen.activity(activity, cells);
  }
  return bar;
}

std::string heading(const Layout& layout, const Pen& pen) {
  std::string line(layout.indent, ' ');
  line += fit("thread", layout.name + layout.tid);
  if (layout.interpreter > 0) line += fmt::format("{:>{}}", kInterpreterTitle, layout.interpreter);
  for (const Column& column : layout.columns) line += fmt::format("{:>{}}", column.title, kColumnWidth);
  if (layout.margin > 0) line += std::string(layout.margin - columns(kMarginTitle), ' ') + std::string(kMarginTitle);
  return pen.faint(line) + "\n";
}

// The widest of those that are shown, in points.
std::string margin_of(const Row& row, const Layout& layout) {
  if (!row.margins) return "?";
  double widest = 0;
  for (const Column& column : layout.columns) widest = std::max(widest, (*row.margins)[column.of]);
  return fmt::format("{:.1f}", std::max(widest * 100, 0.1));
}

std::string line_of(const Row& row, const Layout& layout, const Pen& pen) {
  std::string line(layout.indent, ' ');
  line += fit(wording::printable(row.name), layout.name);
  if (layout.tid > 0) line += fmt::format("{:>{}}", row.tid ? fmt::format("{}", to_int(*row.tid)) : "", layout.tid);
  if (layout.interpreter > 0) {
    const std::string id = row.interpreter ? fmt::format("{}", *row.interpreter) : "";
    line += fmt::format("{:>{}}", id, layout.interpreter);
  }
  for (const Column& column : layout.columns) {
    line += fmt::format("{:>{}}", fmt::format("{:.1f}%", column.share(row) * 100), kColumnWidth);
  }
  if (layout.margin > 0) line += fmt::format("{:>{}}", margin_of(row, layout), layout.margin);
  if (layout.bar > 0) line += "  " + bar_of(row, layout.bar, pen);
  return line + "\n";
}

std::string legend(const std::vector<Row>& rows, std::size_t width, const Pen& pen) {
  std::string lines, line;
  for (const Activity activity : kActivities) {
    if (std::none_of(rows.begin(), rows.end(), [&](const Row& row) { return row.share({activity}) >= kLeastShown; })) {
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
  const std::vector<Group> groups = thread_rows::groups_of(profile, kMostRows);
  std::vector<Row> rows;
  for (const Group& group : groups) rows.insert(rows.end(), group.rows.begin(), group.rows.end());
  if (rows.empty()) return {};
  const Layout layout = layout_for(rows, width);
  std::string table = heading(layout, pen);
  for (const Group& group : groups) {
    if (!group.heading.empty()) {
      table += std::string(kIndent, ' ') + wrap(group.heading, width - kIndent, kIndent + kIndent);
    }
    for (const Row& row : group.rows) table += line_of(row, layout, pen);
  }
  if (layout.bar > 0) table += legend(rows, width, pen);
  if (layout.margin > 0) table += pen.faint("  ± points: all shares of that thread, 95 % sure") + "\n";
  if (thread_rows::has_visitors(groups)) {
    table += "  " + wrap("A thread has a row for each interpreter that it visits: shares are of its time there.",
                         width - kIndent, kIndent);
  }
  return table;
}

}  // namespace gilspy::terminal
