#include "process_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "gilspy/wording.h"

namespace gilspy::thread_rows {
namespace {

double share(Nanos part, Nanos whole) { return whole > Nanos{0} ? double(part.count()) / double(whole.count()) : 0; }

ProcessRow row_of(const Profile& process, const Verdict& verdict, Nanos duration) {
  ProcessRow row;
  row.name = wording::command(process.target);
  row.pid = process.target.pid;
  row.threads = verdict.threads.all;
  row.cpus = share(process.cpu_time, duration);
  for (const GilProfile& gil : process.gils) row.held = std::max(row.held, share(gil.held, duration));
  for (const ThreadProfile& thread : process.threads) {
    row.waiters += share(thread.times[index_of(Activity::kWaitsForGil)], duration);
  }
  row.code = code_name(verdict.code);
  return row;
}

ProcessRow merged(const std::vector<ProcessRow>& rows, std::size_t first) {
  ProcessRow all{.name = fmt::format("and {} more", wording::grouped(rows.size() - first)), .pid = {}, .code = {}};
  for (std::size_t i = first; i < rows.size(); ++i) {
    all.threads += rows[i].threads;
    all.cpus += rows[i].cpus;
    all.held = std::max(all.held, rows[i].held);
    all.waiters += rows[i].waiters;
  }
  return all;
}

}  // namespace

std::vector<ProcessRow> process_rows(const Profile& program, const Verdict& verdict, std::size_t most) {
  std::vector<ProcessRow> rows;
  if (program.processes.size() < 2) return rows;
  for (std::size_t i = 0; i < program.processes.size(); ++i) {
    rows.push_back(row_of(program.processes[i], verdict.processes[i], program.duration));
  }
  std::stable_sort(rows.begin() + 1, rows.end(),
                   [](const ProcessRow& a, const ProcessRow& b) { return a.cpus > b.cpus; });
  if (rows.size() <= most) return rows;
  ProcessRow rest = merged(rows, most - 1);
  rows.resize(most - 1);
  rows.push_back(std::move(rest));
  return rows;
}

}  // namespace gilspy::thread_rows
