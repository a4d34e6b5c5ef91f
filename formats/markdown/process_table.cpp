#include "process_table.h"

#include <fmt/format.h>

#include <vector>

#include "escape.h"
#include "formats/thread_rows/process_rows.h"

namespace gilspy::markdown {
namespace {

using thread_rows::ProcessRow;

constexpr std::size_t kMostRows = 8;

std::string line_of(const ProcessRow& row) {
  const std::string name = row.pid ? fmt::format("{} ({})", code(row.name), to_int(*row.pid)) : row.name;
  return fmt::format("| {} | {} | {} | {:.2f} | {} | {} |\n", name, wording::cpus(row.cpus), wording::percent(row.held),
                     row.waiters, wording::grouped(row.threads), row.code.empty() ? row.code : code(row.code));
}

}  // namespace

std::string process_table(const Profile& program, const Verdict& verdict) {
  const std::vector<ProcessRow> rows = thread_rows::process_rows(program, verdict, kMostRows);
  if (rows.empty()) return {};
  std::string text =
      "| process | CPUs used | GIL held | threads waiting | threads | by itself |\n"
      "|:--|--:|--:|--:|--:|:--|\n";
  for (const ProcessRow& row : rows) text += line_of(row);
  return text;
}

}  // namespace gilspy::markdown
