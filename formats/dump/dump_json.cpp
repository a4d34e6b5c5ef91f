#include <fmt/format.h>

#include <span>

#include "dump.h"
#include "formats/json/json_writer.h"
#include "formats/json/optional_json.h"
#include "formats/json/target_json.h"
#include "gilspy/wording.h"

namespace gilspy::formats {
namespace {

constexpr int kSchema = 1;

void write_tid(JsonWriter& json, std::string_view name, const Dump& dump, const std::optional<ThreadIndex>& thread) {
  const ThreadDump* const found = thread ? dump.find(*thread) : nullptr;
  if (found == nullptr) return json.pair(name, nullptr);
  json.pair(name, to_int(found->info.tid));
}

void write_inside(JsonWriter& json, std::string_view name, const std::optional<std::int32_t>& number) {
  if (!number) return json.pair(name, nullptr);
  json.pair(name, *number);
}

void write_gil(JsonWriter& json, const Dump& dump, const GilDump& gil) {
  json.object([&] {
    json.array("interpreters", [&] {
      for (const std::int64_t id : gil.interpreters) json.value(id);
    });
    json.pair("enabled", gil.facts.enabled);
    json.pair("locked", gil.facts.locked);
    write_tid(json, "held_by", dump, gil.facts.locked ? gil.facts.last_holder : std::nullopt);
    json.pair("waiters", gil.waiters);
  });
}

void write_variables(JsonWriter& json, const FrameVariables& frame) {
  if (frame.state != FrameVariables::State::kRead) return json.pair("locals", nullptr);
  json.array("locals", [&] {
    for (const ShownVariable& variable : frame.variables) {
      json.object([&] {
        json.pair("name", variable.name);
        if (variable.is_bound) {
          json.pair("value", variable.value);
        } else {
          json.pair("value", nullptr);
        }
        write_text_or_null(json, "type", variable.type);
        json.pair("argument", variable.argument);
        json.pair("cut", variable.cut);
        json.pair("changed", variable.changed);
      });
    }
  });
  json.pair("more_locals", frame.more);
}

// `variables`: of the frames of Python, where they are shown.
void write_frames(JsonWriter& json, const Dump& dump, StackId stack, std::span<const FrameVariables> variables = {}) {
  json.array("frames", [&] {
    for (; stack != kNoStack; stack = dump.table.parent(stack)) {
      const Frame& frame = dump.table.frame(dump.table.leaf(stack));
      json.object([&] {
        json.pair("function", frame.function);
        json.pair("file", frame.file);
        json.pair("line", frame.line);
        json.pair("native", frame.native);
        if (frame.native || variables.empty()) return;
        write_variables(json, variables.front());
        variables = variables.subspan(1);
      });
    }
  });
}

void write_lock(JsonWriter& json, const Dump& dump, const LockDump& lock) {
  json.pair("kind", key(lock.info.kind));
  json.pair("contention", is_contention(lock.info.kind));
  json.pair("address", fmt::format("{:#x}", lock.info.address.value()));
  write_text_or_null(json, "type", lock.info.type);
  write_text_or_null(json, "name", lock.info.name);
  write_text_or_null(json, "place", lock.info.place);
  write_tid(json, "owner", dump, lock.owner);
  json.pair("owner_inferred", lock.owner_inferred);
}

void write_thread(JsonWriter& json, const Dump& dump, const ThreadDump& thread) {
  json.object([&] {
    json.pair("tid", to_int(thread.info.tid));
    write_inside(json, "tid_inside", thread.tid_inside);
    json.pair("name", wording::thread_name(thread.info));
    json.pair("python", thread.info.python);
    if (thread.info.python) {
      json.pair("interpreter", thread.info.interpreter_id);
    } else {
      json.pair("interpreter", nullptr);
    }
    json.pair("activity", key(thread.activity));
    write_tid(json, "waits_for", dump, thread.holder);
    if (thread.syscall) {
      json.pair("syscall", *thread.syscall);
    } else {
      json.pair("syscall", nullptr);
    }
    const LockDump* const lock = dump.lock_of(thread);
    if (lock != nullptr) {
      json.object("lock", [&] { write_lock(json, dump, *lock); });
    } else {
      json.pair("lock", nullptr);
    }
    json.pair("truncated", thread.quality == StackQuality::kTruncated);
    json.pair("lost", thread.info.python && thread.quality == StackQuality::kLost);
    write_text_or_null(json, "native", std::string(key(thread.native)));
    write_frames(json, dump, thread.stack, thread.variables);
  });
}

void write_task(JsonWriter& json, const Dump& dump, const TaskState& task) {
  json.object([&] {
    json.pair("name", task.name);
    json.pair("address", fmt::format("{:#x}", task.address.value()));
    write_tid(json, "thread", dump, task.thread);
    json.pair("running", task.running);
    json.array("awaits", [&] {
      for (const std::size_t awaited : task.awaits) json.value(awaited);
    });
    write_frames(json, dump, task.stack);
  });
}

void write_core(JsonWriter& json, const std::optional<CoreFacts>& core) {
  if (!core) return json.pair("core", nullptr);
  json.object("core", [&] {
    json.pair("path", core->path);
    write_text_or_null(json, "signal", core->signal);
    if (core->signalled) {
      json.pair("thread", to_int(*core->signalled));
    } else {
      json.pair("thread", nullptr);
    }
    json.pair("bytes", core->bytes);
    json.pair("bytes_missing", core->bytes_missing);
    json.array("files_missing", [&] {
      for (const std::string& path : core->files_missing) json.value(path);
    });
  });
}

}  // namespace

std::string dump_json(const Dump& dump) {
  JsonWriter json;
  json.object([&] {
    json.pair("schema", kSchema);
    write_target(json, dump.target);
    write_inside(json, "pid_inside", dump.pid_inside);
    write_core(json, dump.core);
    json.pair("stopped", dump.stopped);
    json.array("gils", [&] {
      for (const GilDump& gil : dump.gils) write_gil(json, dump, gil);
    });
    json.array("deadlocks", [&] {
      for (const std::vector<ThreadIndex>& circle : dump.deadlocks()) {
        json.object([&] {
          json.pair("lasts", dump.lasts(circle));
          json.array("threads", [&] {
            for (const ThreadIndex thread : circle) json.value(to_int(dump.find(thread)->info.tid));
          });
        });
      }
    });
    json.array("tasks", [&] {
      for (const TaskState& task : dump.tasks) write_task(json, dump, task);
    });
    json.array("threads", [&] {
      for (const ThreadDump& thread : dump.threads) {
        if (!thread.visiting_elsewhere) write_thread(json, dump, thread);
      }
    });
  });
  return json.text();
}

}  // namespace gilspy::formats
