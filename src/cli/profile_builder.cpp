#include "profile_builder.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace gilspy::cli {
namespace {

constexpr std::size_t kMostCpuSteps = 20'000;
constexpr std::size_t kLongestComm = 15;

// The kernel gives a thread the name of the one that started it: in the end, that of the program. Whoever still has it
// was given none, or ended before that could be read.
bool has_name_of_its_own(const ThreadInfo& thread, const ProcessIdentity& process) {
  const auto is_it = [&](std::string_view path) {
    const std::string_view program = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
    return thread.name == program.substr(0, kLongestComm);
  };
  const bool is_main = to_int(thread.tid) == to_int(process.pid);
  if (!thread.python || is_main) return true;
  const auto words =
      std::min<std::ptrdiff_t>(std::ssize(process.command), 2);  // the second: a script that was executed
  return !is_it(process.executable) && std::none_of(process.command.begin(), process.command.begin() + words, is_it);
}

}  // namespace

void ProfileBuilder::add(const Sample& sample) {
  aggregator_.add(sample, classifier_.classify(sample));
  period_ = sample.period;
  if (!first_tick_.has_value() && !sample.failed) first_tick_ = sample.time;
  if (better_known_.empty() || sample.failed) return;
  for (const ThreadInfo& info : sample.started) better_known_.erase(to_int(info.index));  // told anew
}

void ProfileBuilder::update(const RunUpdate& update) {
  latest_ = update;
  cpu_.insert(cpu_.end(), update.cpu.begin(), update.cpu.end());
  for (const ThreadInfo& info : update.threads) better_known_[to_int(info.index)] = info;
  interpreters_.insert(interpreters_.end(), update.interpreters.begin(), update.interpreters.end());
}

Profile ProfileBuilder::finish(StackTable table, std::string end_note) {
  Profile profile;
  profile.quality.rate_hz = facts_.rate_hz;
  profile.quality.late = latest_.late;
  profile.quality.lateness = latest_.lateness;
  profile.quality.glances = latest_.glances;
  profile.quality.system_calls_told = facts_.system_calls_told;
  aggregator_.finish(profile);
  profile.quality.ticks_asked =
      period_.count() > 0 ? static_cast<std::uint64_t>(profile.duration / period_) + 1 : profile.quality.ticks;
  profile.cpu_time = cpu_time(profile.duration);
  profile.cpus = facts_.cpus;
  profile.pressure = latest_.pressure;
  profile.end_note = std::move(end_note);
  for (const auto& [index, info] : better_known_) {
    if (index < profile.threads.size()) profile.threads[index].info = info;
  }
  for (ThreadProfile& thread : profile.threads) {
    if (!has_name_of_its_own(thread.info, facts_.identity)) thread.info.name.clear();
  }
  for (const InterpreterInfo& interpreter : interpreters_) {
    if (to_int(interpreter.gil) >= profile.gils.size()) continue;
    profile.gils[to_int(interpreter.gil)].interpreters.push_back(interpreter.id);
  }
  profile.first_tick = first_tick_.value_or(Nanos{0});
  if (first_tick_ && facts_.wall_minus_clock > Nanos{0}) profile.began = facts_.wall_minus_clock + *first_tick_;
  describe_target(profile);
  profile.table = std::move(table);
  profile.self = latest_.self;
  profile.timeline.cpus = cpu_steps();
  measure_margins(profile);
  return profile;
}

std::vector<CpuUse> ProfileBuilder::cpu_steps() const {
  std::vector<CpuUse> steps;
  if (!first_tick_.has_value()) return steps;
  // Many hours have many readings: every so many of them will do.
  const std::size_t stride = cpu_.size() / kMostCpuSteps + 1;
  for (std::size_t last = 0, next = stride; next < cpu_.size(); last = next, next += stride) {
    const CpuReading& from = cpu_[last];
    const CpuReading& to = cpu_[next];
    if (to.at <= from.at || to.cpu < from.cpu || from.at < *first_tick_) continue;
    const double cpus = double((to.cpu - from.cpu).count()) / double((to.at - from.at).count());
    steps.push_back({from.at - *first_tick_, to.at - *first_tick_, cpus});
  }
  return steps;
}

// Spread over `duration`: the last look can be a little older than the last tick.
Nanos ProfileBuilder::cpu_time(Nanos duration) const {
  if (!latest_.first_cpu || !latest_.last_cpu) return Nanos{0};
  const Nanos cpu = latest_.last_cpu->cpu - latest_.first_cpu->cpu;
  const Nanos time = latest_.last_cpu->at - latest_.first_cpu->at;
  if (time.count() <= 0 || cpu.count() <= 0) return Nanos{0};
  constexpr double kMost = 4e18;  // recordings can claim anything
  const double share = double(cpu.count()) / double(time.count());
  return Nanos(static_cast<std::int64_t>(std::min(share * double(duration.count()), kMost)));
}

void ProfileBuilder::describe_target(Profile& profile) const {
  const auto mostly_on = [](const GilProfile& gil) { return 2 * gil.enabled > gil.observed; };
  TargetFacts& target = profile.target;
  target.pid = facts_.identity.pid;
  target.command = facts_.identity.command;
  target.executable = facts_.identity.executable;
  target.working_folder = facts_.identity.working_folder;
  target.python = facts_.python;
  target.free_threaded = facts_.free_threaded;
  target.gil_set_by = facts_.gil_set_by;
  target.extension_modules = latest_.extension_modules;
  target.gil_enabled = !facts_.free_threaded || std::ranges::any_of(profile.gils, mostly_on);
}

}  // namespace gilspy::cli
