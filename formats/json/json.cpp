#include "json.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "gilspy/lock_blame.h"
#include "gilspy/wording.h"
#include "json_writer.h"
#include "margin_json.h"
#include "optional_json.h"
#include "target_json.h"
#include "verdict_json.h"

namespace gilspy::formats {
namespace {

// Raised when a key changes its meaning or goes away, not when one is added.
constexpr int kSchema = 1;

double mean(Nanos time, Nanos over) { return over > Nanos{0} ? double(time.count()) / double(over.count()) : 0.0; }

void write_cpus(JsonWriter& json, const Profile& profile) {
  const CpuFacts& cpus = profile.cpus;
  json.object("cpus", [&] {
    json.pair("online", cpus.online);
    json.pair("allowed", cpus.allowed);
    write_optional(json, "cgroup_quota", cpus.cgroup_quota);
    json.pair("queued_threads", mean(profile.pressure.queued, profile.pressure.watched));
    json.pair("holders_queued", mean(profile.holders_queued, profile.sampled()));
    json.pair("periods", profile.pressure.periods);
    json.pair("throttled_periods", profile.pressure.throttled_periods);
  });
}

void write_spread(JsonWriter& json, std::string_view name, const Spread& spread) {
  json.object(name, [&] {
    json.pair("count", spread.count);
    json.pair("median_s", spread.median);
    json.pair("p99_s", spread.p99);
    json.pair("longest_s", spread.longest);
  });
}

void write_confidence(JsonWriter& json, const GilProfile& gil) {
  if (!gil.margins) return json.pair("confidence", nullptr);
  json.object("confidence", [&] {
    write_interval(json, "utilization", gil.utilization(), gil.margins->utilization, 1);
    write_interval(json, "mean_waiters", gil.mean_waiters, gil.margins->mean_waiters);
  });
}

// It has a thread state in that interpreter, but was in another one all the time.
bool is_elsewhere(const ThreadProfile& thread) {
  const auto never = [](Nanos time) { return time == Nanos{0}; };
  return thread.info.python && std::all_of(thread.times.begin(), thread.times.end(), never);
}

// What was done in it, and who shares its GIL.
void write_share(JsonWriter& json, const Profile& profile, std::int64_t interpreter, const GilProfile& gil) {
  ActivityTimes times{};
  std::set<Tid> threads;
  for (const ThreadProfile& thread : profile.threads) {
    if (!thread.info.python || thread.info.interpreter_id != interpreter || is_elsewhere(thread)) continue;
    threads.insert(thread.info.tid);
    for (std::size_t i = 0; i < kActivityCount; ++i) times[i] += thread.times[i];
  }
  json.pair("threads", threads.size());
  json.object("activities", [&] {
    for (const Activity activity : kActivities) json.pair(key(activity), times[index_of(activity)]);
  });
  json.pair("shares_gil", gil.is_shared());
  json.array("shares_gil_with", [&] {
    for (const std::int64_t other : gil.interpreters) {
      if (other != interpreter) json.value(other);
    }
  });
}

void write_interpreter(JsonWriter& json, const Profile& profile, std::int64_t interpreter, const GilProfile& gil) {
  json.object([&] {
    json.pair("id", interpreter);
    json.object("gil", [&] {
      json.pair("id", to_int(gil.index));
      json.pair("utilization", gil.utilization());
      json.pair("mean_waiters", gil.mean_waiters);
      json.pair("handoffs", gil.handoffs);
      json.pair("switch_interval_s", gil.switch_interval);
      json.pair("hogged_s", gil.hogged);
      write_spread(json, "tenure", gil.tenure);
      write_spread(json, "time_to_get_gil", gil.to_get_gil);
      write_confidence(json, gil);
    });
    if (profile.has_several_interpreters(gil.process)) write_share(json, profile, interpreter, gil);
  });
}

// Of the shares of its own time.
void write_confidence(JsonWriter& json, const ThreadProfile& thread) {
  Nanos seen{0};
  for (const Nanos time : thread.times) seen += time;
  if (!thread.margins || seen <= Nanos{0}) return json.pair("confidence", nullptr);
  json.object("confidence", [&] {
    for (const Share share : kShares) {
      if (share == Share::kRests) continue;
      Nanos time{0};
      for (const Activity activity : kActivities) {
        if (counts(share, activity)) time += thread.times[index_of(activity)];
      }
      write_interval(json, key(share), mean(time, seen), (*thread.margins)[share], 1);
    }
  });
}

void write_thread(JsonWriter& json, const ThreadProfile& thread) {
  json.object([&] {
    json.pair("tid", to_int(thread.info.tid));
    json.pair("name", wording::thread_name(thread.info));
    if (thread.info.python) {
      json.pair("interpreter", thread.info.interpreter_id);
    } else {
      json.pair("interpreter", nullptr);
    }
    json.pair("python", thread.info.python);
    json.object("activities", [&] {
      for (const Activity activity : kActivities) json.pair(key(activity), thread.times[index_of(activity)]);
    });
    json.object("blocked_in", [&] {
      for (std::size_t i = 0; i < kBlockedInCount; ++i) {
        if (thread.blocked[i] > Nanos{0}) json.pair(key(static_cast<BlockedIn>(i)), thread.blocked[i]);
      }
    });
    if (thread.info.python) {
      write_spread(json, "tenure", thread.tenure);
      write_spread(json, "time_to_get_gil", thread.to_get_gil);
      write_confidence(json, thread);
    }
  });
}

void write_lock_owner(JsonWriter& json, const Profile& profile, const LockProfile& lock) {
  if (!lock.owner.has_value() || to_int(*lock.owner) >= profile.threads.size()) return json.pair("owner", nullptr);
  const ThreadInfo& owner = profile.threads[to_int(*lock.owner)].info;
  json.object("owner", [&] {
    json.pair("tid", to_int(owner.tid));
    json.pair("name", wording::thread_name(owner));
    json.pair("inferred", lock.owner_inferred);
    json.object("activities", [&] {
      for (const Activity activity : kActivities) json.pair(key(activity), lock.owner_did[index_of(activity)]);
    });
    if (profile.lock(lock.owner_waits_for) == nullptr) return json.pair("waits_for", nullptr);
    json.object("waits_for", [&] {
      json.pair("lock", lock.owner_waits_for - 1U);
      json.pair("wait_s", lock.owner_waited);
    });
  });
}

// Who had it while others waited; the rest of the time nobody knows.
void write_lock_blame(JsonWriter& json, const Profile& profile, const LockProfile& lock) {
  json.array("blame", [&] {
    for (const LockCulprit& culprit : lock_culprits(profile, lock)) {
      json.object([&] {
        json.pair("function", culprit.function);
        json.pair("wait_s", culprit.time);
      });
    }
  });
}

void write_lock(JsonWriter& json, const Profile& profile, const LockProfile& lock, std::size_t id) {
  json.object([&] {
    json.pair("id", id);
    json.pair("kind", key(lock.info.kind));
    json.pair("contention", is_contention(lock.info.kind));
    json.pair("address", fmt::format("{:#x}", lock.info.address.value()));
    write_text_or_null(json, "type", lock.info.type);
    write_text_or_null(json, "name", lock.info.name);
    write_text_or_null(json, "place", lock.info.place);
    write_lock_owner(json, profile, lock);
    json.pair("wait_s", lock.waited);
    json.pair("waiters_mean", lock.mean_waiters());
    write_lock_blame(json, profile, lock);
  });
}

void write_deadlock(JsonWriter& json, const Profile& profile, const Deadlock& deadlock) {
  json.object([&] {
    json.pair("from_s", deadlock.time.from);
    json.pair("to_s", deadlock.time.to);
    json.pair("lasts", deadlock.lasts);
    json.array("threads", [&] {
      for (const Deadlock::Member& member : deadlock.members) {
        json.object([&] {
          const ThreadInfo& thread = profile.threads[to_int(member.thread)].info;
          json.pair("tid", to_int(thread.tid));
          json.pair("name", wording::thread_name(thread));
          if (member.lock == 0) return json.pair("lock", nullptr);
          json.pair("lock", member.lock - 1U);
        });
      }
    });
  });
}

void write_loop(JsonWriter& json, const Profile& profile, const LoopProfile& loop) {
  const ThreadInfo& thread = profile.threads[to_int(loop.thread)].info;
  json.object([&] {
    json.pair("tid", to_int(thread.tid));
    json.pair("name", wording::thread_name(thread));
    json.pair("observed_s", loop.observed);
    json.pair("busy_s", loop.busy);
    json.object("lag", [&] {
      json.pair("mean_s", loop.lag.mean);
      json.pair("median_s", loop.lag.median);
      json.pair("p90_s", loop.lag.p90);
      json.pair("p99_s", loop.lag.p99);
      json.pair("longest_s", loop.lag.longest);
    });
    json.object("ready", [&] {
      json.pair("mean", loop.ready);
      json.pair("most", loop.most_ready);
    });
  });
}

// Task-time, most first; functions as frames of a stack, the outermost first.
void write_waiting_tasks(JsonWriter& json, const Profile& profile) {
  constexpr std::size_t kMostStacks = 100;
  std::vector<TaskTime> rows = profile.tasks;
  std::ranges::stable_sort(rows, std::greater(), &TaskTime::time);
  if (rows.size() > kMostStacks) rows.resize(kMostStacks);
  json.array("waiting_tasks", [&] {
    for (const TaskTime& row : rows) {
      json.object([&] {
        json.pair("tid", to_int(profile.threads[to_int(row.thread)].info.tid));
        json.pair("mean", mean(row.time, profile.sampled()));
        json.array("stack", [&] {
          for (const FrameId id : profile.table.frames_of(row.stack)) {
            const Frame& frame = profile.table.frame(id);
            json.value(frame.line > 0 ? fmt::format("{} ({}:{})", frame.function,
                                                    wording::short_file(frame.file, profile.target), frame.line)
                                      : frame.function);
          }
        });
      });
    }
  });
}

void write_lateness(JsonWriter& json, const Quality& quality) {
  if (quality.late != quality.lateness.count) return json.pair("lateness", nullptr);
  write_spread(json, "lateness", quality.lateness);
}

void write_quality(JsonWriter& json, const Profile& profile) {
  const Quality& quality = profile.quality;
  json.object("quality", [&] {
    json.pair("ticks_asked", quality.ticks_asked);
    json.pair("ticks", quality.ticks);
    json.pair("rate_hz", quality.rate_hz);
    json.pair("late", quality.late);
    write_lateness(json, quality);
    json.pair("glances", quality.glances);
    json.pair("retried", quality.retried);
    json.pair("truncated", quality.truncated);
    json.pair("discarded", quality.discarded);
    json.pair("blurred", quality.blurred);
    json.pair("errors", quality.errors);
    json.pair("stopped_s", quality.stopped);
    json.pair("gaps_s", quality.gaps);
    json.pair("unknown_share", profile.unknown_share());
    json.pair("system_calls_told", quality.system_calls_told);
    json.object("pauses", [&] {
      json.pair("count", quality.pauses.count);
      json.pair("denied", quality.pauses.denied);
      json.pair("median_s", quality.pauses.median);
      json.pair("p99_s", quality.pauses.p99);
      json.pair("longest_s", quality.pauses.longest);
      json.pair("total_s", quality.pauses.total);
    });
    json.object("native", [&] {
      json.pair("whole", quality.native.whole);
      json.pair("cut", quality.native.cut);
      json.pair("lost", quality.native.lost);
    });
  });
}

void write_confidence(JsonWriter& json, const Profile& profile) {
  if (!profile.margins) return json.pair("confidence", nullptr);
  json.object("confidence", [&] {
    json.pair("level", 1 - kMarginMissedWith);
    write_interval(json, "parallelism", profile.parallelism(), profile.margins->cpus);
  });
}

void write_warnings(JsonWriter& json, const std::vector<Warning>& warnings) {
  json.array("warnings", [&] {
    for (const Warning& warning : warnings) {
      json.object([&] {
        json.pair("code", code_name(warning.code));
        json.pair("sentence", warning.sentence);
        write_text_or_null(json, "next_step", warning.next_step);
      });
    }
  });
}

// The same for each process.
void write_process(JsonWriter& json, const Profile& profile, const Verdict& verdict) {
  json.pair("duration_s", profile.duration);
  write_target(json, profile.target);
  write_cpus(json, profile);
  json.array("interpreters", [&] {
    for (const GilProfile& gil : profile.gils) {
      for (const std::int64_t interpreter : gil.interpreters) write_interpreter(json, profile, interpreter, gil);
    }
  });
  json.array("threads", [&] {
    for (const ThreadProfile& thread : profile.threads) {
      if (!is_elsewhere(thread)) write_thread(json, thread);
    }
  });
  json.array("locks", [&] {
    for (std::size_t i = 0; i < profile.locks.size(); ++i) write_lock(json, profile, profile.locks[i], i);
  });
  json.array("deadlocks", [&] {
    for (const Deadlock& deadlock : profile.deadlocks) write_deadlock(json, profile, deadlock);
  });
  json.array("loops", [&] {
    for (const LoopProfile& loop : profile.loops) write_loop(json, profile, loop);
  });
  if (!profile.tasks.empty()) write_waiting_tasks(json, profile);
  json.pair("parallelism", profile.parallelism());
  write_confidence(json, profile);
  write_verdict(json, verdict);
  write_warnings(json, verdict.warnings);
  write_quality(json, profile);
  json.object("self", [&] {
    json.pair("cpu_s", profile.self.cpu);
    json.pair("peak_rss_bytes", profile.self.peak_rss_bytes);
  });
  write_text_or_null(json, "ended", profile.end_note);
}

void write_total(JsonWriter& json, const Profile& program, const Verdict& verdict) {
  ActivityTimes times{};
  for (const ThreadProfile& thread : program.threads) {
    if (!thread.info.python) continue;
    for (const Activity activity : kActivities) times[index_of(activity)] += thread.times[index_of(activity)];
  }
  json.object("total", [&] {
    json.pair("processes", std::max<std::size_t>(program.processes.size(), 1));
    json.pair("threads", verdict.threads.all);
    json.pair("duration_s", program.duration);
    json.pair("parallelism", program.parallelism());
    json.object("activities", [&] {
      for (const Activity activity : kActivities) json.pair(key(activity), times[index_of(activity)]);
    });
  });
}

// What stands at the top is of the process that the program began with, but for the verdict, which is the program's.
void write_profile(JsonWriter& json, const Profile& profile, const Verdict& verdict) {
  json.pair("schema", kSchema);
  write_process(json, profile.is_program() ? profile.processes.front() : profile, verdict);
  write_total(json, profile, verdict);
  json.array("processes", [&] {
    const auto add = [&](const Profile& process, const Verdict& judged) {
      json.object([&] {
        json.pair("began_s", process.first_tick - profile.first_tick);
        write_process(json, process, judged);
      });
    };
    if (!profile.is_program()) add(profile, verdict);
    for (std::size_t i = 0; i < profile.processes.size(); ++i) add(profile.processes[i], verdict.processes[i]);
  });
  json.array("unread", [&] {
    for (const std::string& line : profile.unread) json.value(line);
  });
}

}  // namespace

std::string json_document(const Profile& profile, const Verdict& verdict, bool compact) {
  JsonWriter json;
  if (compact) json.leave_out_indents();
  json.object([&] { write_profile(json, profile, verdict); });
  return json.text();
}

std::string render_json(const Profile& profile, const Verdict& verdict, const RenderOptions&) {
  return json_document(profile, verdict, false);
}

}  // namespace gilspy::formats
