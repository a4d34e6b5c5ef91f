#include "thread_namer.h"

#include <algorithm>

namespace gilspy::sample {
namespace {

constexpr Nanos kEvery = std::chrono::milliseconds(20);
constexpr int kMostDoublings = 7;  // 2.6 s between looks, in the end

}  // namespace

void ThreadNamer::refresh(Nanos now, const std::vector<ThreadInfo>& started,
                          const std::vector<InterpreterRecord>& interpreters, ThreadTable& table) {
  for (const ThreadInfo& thread : started) {
    ThreadRecord& record = table.at(thread.index);
    if (!record.named) record.info.name = name_until_read(record.info);
    wanted_ = true;
  }
  if (!wanted_ || now < next_) return;
  wanted_ = false;
  next_ = now + kEvery;
  // Whoever visits has the name that it has at home, in an interpreter with a smaller number.
  std::vector<const InterpreterRecord*> by_id;
  for (const InterpreterRecord& interpreter : interpreters) by_id.push_back(&interpreter);
  std::ranges::sort(by_id, {}, [](const InterpreterRecord* interpreter) { return interpreter->id; });
  for (const InterpreterRecord* const interpreter : by_id) name_threads_of(*interpreter, now, table);
}

// The list of names cannot be read while it is being changed, nor when the program does without the threading module.
std::string ThreadNamer::name_until_read(const ThreadInfo& thread) const {
  const bool is_first = thread.python && to_int(thread.tid) == to_int(target_.identity().pid);
  return is_first ? "MainThread" : target_.comm_of(thread.tid).value_or("");
}

void ThreadNamer::name_threads_of(const InterpreterRecord& interpreter, Nanos now, ThreadTable& table) {
  std::unordered_set<std::uint64_t> idents;
  std::vector<ThreadIndex> nameless;
  for (const ThreadIndex thread : table.alive()) {
    ThreadRecord& record = table.at(thread);
    if (!record.info.python || record.named || record.info.interpreter_id != interpreter.id) continue;
    wanted_ = true;
    if (now < record.name_due) continue;
    // The interpreter that a thread visits may call it something else: there it is the main thread, perhaps.
    if (const ThreadRecord* const home = home_of(record, table); home != nullptr) {
      record.named = home->named;
      if (home->named) record.info.name = home->info.name;
      if (!home->named) postpone(record, now);
      continue;
    }
    idents.insert(to_int(record.info.ident));
    nameless.push_back(thread);
  }
  if (nameless.empty()) return;
  auto reader = readers_.try_emplace(interpreter.id, target_, layout_, interpreter.address).first;
  const ThreadNames names = reader->second.read(idents).value_or(ThreadNames{});
  for (const ThreadIndex thread : nameless) {
    ThreadRecord& record = table.at(thread);
    const auto found = names.find(to_int(record.info.ident));
    record.named = found != names.end();
    if (record.named) {
      record.info.name = found->second;
    } else {
      postpone(record, now);
    }
  }
}

void ThreadNamer::postpone(ThreadRecord& record, Nanos now) {
  record.name_due = now + kEvery * (1 << std::min(record.name_tries++, kMostDoublings));
}

// The same thread in the interpreter that it came from; null: it is at home.
const ThreadRecord* ThreadNamer::home_of(const ThreadRecord& visitor, const ThreadTable& table) {
  for (const ThreadIndex thread : table.alive()) {
    const ThreadRecord& record = table.at(thread);
    if (record.info.tid == visitor.info.tid && record.info.interpreter_id >= 0 &&
        record.info.interpreter_id < visitor.info.interpreter_id) {
      return &record;
    }
  }
  return nullptr;
}

}  // namespace gilspy::sample
