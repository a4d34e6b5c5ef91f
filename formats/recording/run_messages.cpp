#include "run_messages.h"

#include <cmath>

namespace gilspy::recording {
namespace {

// 146 years: sums of a few of these do not overflow.
constexpr std::int64_t kLongest = std::int64_t{1} << 62;
constexpr double kFastestHz = 1e9;
constexpr std::uint32_t kMostCpus = 1U << 20;

bool is_time(std::int64_t nanoseconds) { return nanoseconds >= 0 && nanoseconds < kLongest; }

void fill(wire::CpuReading& message, const CpuReading& reading) {
  message.set_at_ns(reading.at.count());
  message.set_cpu_ns(reading.cpu.count());
}

Result<CpuReading> reading_of(const wire::CpuReading& message) {
  if (!is_time(message.at_ns()) || !is_time(message.cpu_ns())) {
    return fail(ErrorCode::kBadRecording, "its CPU times are none");
  }
  return CpuReading{Nanos(message.at_ns()), Nanos(message.cpu_ns())};
}

void fill(wire::CpuPressure& message, const CpuPressure& pressure) {
  message.set_watched_ns(pressure.watched.count());
  message.set_queued_ns(pressure.queued.count());
  message.set_periods(pressure.periods);
  message.set_throttled_periods(pressure.throttled_periods);
  message.set_throttled_ns(pressure.throttled.count());
}

Result<CpuPressure> pressure_of(const wire::CpuPressure& message) {
  if (!is_time(message.watched_ns()) || !is_time(message.queued_ns()) || !is_time(message.throttled_ns()) ||
      message.throttled_periods() > message.periods()) {
    return fail(ErrorCode::kBadRecording, "its times without a CPU are none");
  }
  return CpuPressure{Nanos(message.watched_ns()), Nanos(message.queued_ns()), message.periods(),
                     message.throttled_periods(), Nanos(message.throttled_ns())};
}

void fill(wire::Lateness& message, const Spread& lateness) {
  message.set_median_ns(lateness.median.count());
  message.set_p99_ns(lateness.p99.count());
  message.set_longest_ns(lateness.longest.count());
}

Result<Spread> lateness_of(const wire::Lateness& message, std::uint64_t late) {
  if (!is_time(message.median_ns()) || !is_time(message.p99_ns()) || !is_time(message.longest_ns())) {
    return fail(ErrorCode::kBadRecording, "it was late by times that are none");
  }
  return Spread{late, Nanos(message.median_ns()), Nanos(message.p99_ns()), Nanos(message.longest_ns())};
}

void fill(wire::Thread& message, const ThreadInfo& info) {
  message.set_index(to_int(info.index));
  message.set_tid(to_int(info.tid));
  message.set_ident(to_int(info.ident));
  message.set_name(info.name);
  message.set_interpreter_id(info.interpreter_id);
  message.set_gil(to_int(info.gil));
  message.set_python(info.python);
}

ThreadInfo info_of(const wire::Thread& message) {
  ThreadInfo info;
  info.index = static_cast<ThreadIndex>(message.index());
  info.tid = static_cast<Tid>(message.tid());
  info.ident = static_cast<ThreadIdent>(message.ident());
  info.name = message.name();
  info.interpreter_id = message.interpreter_id();
  info.gil = static_cast<GilIndex>(message.gil());
  info.python = message.python();
  return info;
}

}  // namespace

void fill(wire::Header& message, const RunFacts& facts) {
  message.set_gilspy_version(facts.gilspy_version);
  message.set_pid(to_int(facts.identity.pid));
  for (const std::string& argument : facts.identity.command) message.add_command(argument);
  message.set_executable(facts.identity.executable);
  message.set_working_folder(facts.identity.working_folder);
  message.set_python_major(facts.python.major);
  message.set_python_minor(facts.python.minor);
  message.set_python_micro(facts.python.micro);
  message.set_free_threaded(facts.free_threaded);
  message.set_cpus_online(facts.cpus.online);
  message.set_cpus_allowed(facts.cpus.allowed);
  if (facts.cpus.cgroup_quota) message.set_cgroup_quota(*facts.cpus.cgroup_quota);
  message.set_rate_hz(facts.rate_hz);
  message.set_system_calls_told(facts.system_calls_told);
  message.set_wall_minus_clock_ns(facts.wall_minus_clock.count());
  message.set_stopping(facts.stopping);
  message.set_gil_set_by(facts.gil_set_by);
}

Result<RunFacts> facts_of(const wire::Header& message) {
  RunFacts facts;
  facts.gilspy_version = message.gilspy_version();
  facts.identity.pid = static_cast<Pid>(message.pid());
  facts.identity.command.assign(message.command().begin(), message.command().end());
  facts.identity.executable = message.executable();
  facts.identity.working_folder = message.working_folder();
  facts.python = {message.python_major(), message.python_minor(), message.python_micro()};
  facts.free_threaded = message.free_threaded();
  facts.cpus.online = message.cpus_online();
  facts.cpus.allowed = message.cpus_allowed();
  if (message.has_cgroup_quota()) facts.cpus.cgroup_quota = message.cgroup_quota();
  facts.rate_hz = message.rate_hz();
  facts.system_calls_told = message.system_calls_told();
  facts.wall_minus_clock = Nanos(message.wall_minus_clock_ns());
  facts.stopping = message.stopping();
  facts.gil_set_by = message.gil_set_by();
  const double quota = facts.cpus.cgroup_quota.value_or(1);
  const bool sane = std::isfinite(quota) && quota >= 0 && quota <= kMostCpus && facts.cpus.online <= kMostCpus &&
                    facts.cpus.allowed <= kMostCpus && facts.rate_hz >= 0 && facts.rate_hz <= kFastestHz;
  if (!sane) return fail(ErrorCode::kBadRecording, "its header holds numbers that cannot be");
  return facts;
}

void fill(wire::Update& message, const RunUpdate& update) {
  message.set_late(update.late);
  if (update.lateness.count > 0) fill(*message.mutable_lateness(), update.lateness);
  if (update.first_cpu) fill(*message.mutable_first_cpu(), *update.first_cpu);
  if (update.last_cpu) fill(*message.mutable_last_cpu(), *update.last_cpu);
  for (const CpuReading& reading : update.cpu) fill(*message.add_cpu(), reading);
  message.set_glances(update.glances);
  message.set_self_cpu_ns(update.self.cpu.count());
  message.set_self_peak_rss_bytes(update.self.peak_rss_bytes);
  for (const ThreadInfo& info : update.threads) fill(*message.add_threads(), info);
  for (const InterpreterInfo& interpreter : update.interpreters) {
    wire::Interpreter& added = *message.add_interpreters();
    added.set_id(interpreter.id);
    added.set_gil(to_int(interpreter.gil));
  }
  if (update.pressure.watched > Nanos{0}) fill(*message.mutable_pressure(), update.pressure);
  for (const std::string& name : update.extension_modules) message.add_extension_modules(name);
}

Result<RunUpdate> update_of(const wire::Update& message) {
  RunUpdate update;
  update.late = message.late();
  if (message.has_lateness()) {
    GILSPY_TRY(update.lateness, lateness_of(message.lateness(), update.late));
  }
  if (message.has_first_cpu()) {
    GILSPY_TRY(update.first_cpu, reading_of(message.first_cpu()));
  }
  if (message.has_last_cpu()) {
    GILSPY_TRY(update.last_cpu, reading_of(message.last_cpu()));
  }
  for (const wire::CpuReading& reading : message.cpu()) {
    GILSPY_TRY(const CpuReading read, reading_of(reading));
    update.cpu.push_back(read);
  }
  update.glances = message.glances();
  if (!is_time(message.self_cpu_ns())) return fail(ErrorCode::kBadRecording, "its CPU times are none");
  update.self = {Nanos(message.self_cpu_ns()), message.self_peak_rss_bytes()};
  for (const wire::Thread& thread : message.threads()) update.threads.push_back(info_of(thread));
  for (const wire::Interpreter& interpreter : message.interpreters()) {
    update.interpreters.push_back({interpreter.id(), static_cast<GilIndex>(interpreter.gil())});
  }
  if (message.has_pressure()) {
    GILSPY_TRY(update.pressure, pressure_of(message.pressure()));
  }
  update.extension_modules.assign(message.extension_modules().begin(), message.extension_modules().end());
  return update;
}

}  // namespace gilspy::recording
