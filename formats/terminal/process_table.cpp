#include "process_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "formats/thread_rows/process_rows.h"
#include "gilspy/wording.h"

namespace gilspy::terminal {
namespace {

using thread_rows::ProcessRow;

constexpr std::size_t kMostRows = 10;
constexpr std::size_t kNumbers = 9 + 7 + 7 + 8 + 7;  // columns
constexpr std::size_t kCode = 26;
constexpr std::size_t kLeastName = 12;
constexpr std::size_t kMostName = 44;

std::string line_of(const ProcessRow& row, std::size_t name, bool with_code) {
  const std::string pid = row.pid ? fmt::format("{}", to_int(*row.pid)) : std::string();
  std::string line = fmt::format("  {}{:>9}{:>7}{:>6.0f}%{:>8.2f}{:>7}", fit(wording::printable(row.name), name), pid,
                                 wording::cpus(row.cpus), row.held * 100, row.waiters, wording::grouped(row.threads));
  if (with_code) line += "  " + row.code;
  while (line.ends_with(' ')) line.pop_back();
  return line + "\n";
}

}  // namespace

std::string process_table(const Profile& program, const Verdict& verdict, std::size_t width, const Pen& pen) {
  const std::vector<ProcessRow> rows = thread_rows::process_rows(program, verdict, kMostRows);
  if (rows.empty()) return {};
  const bool with_code = width >= 2 + kLeastName + kNumbers + kCode;
  const std::size_t room = width - 2 - kNumbers - (with_code ? kCode : 0);
  std::size_t name = kLeastName;
  for (const ProcessRow& row : rows) name = std::max(name, columns(wording::printable(row.name)));
  name = std::min({name, kMostName, std::max(room, kLeastName)});
  std::string table = pen.faint(fmt::format("  {}{:>9}{:>7}{:>7}{:>8}{:>7}{}", fit("process", name), "pid", "CPUs",
                                            "GIL", "waiting", "thr.", with_code ? "  by itself" : "")) +
                      "\n";
  for (const ProcessRow& row : rows) table += line_of(row, name, with_code);
  return table;
}

}  // namespace gilspy::terminal
