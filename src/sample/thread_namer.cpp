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
    if (!record.named) record.info.name = target_.comm_of(thread.tid).value_or("");
    wanted_ = true;
  }
  if (!wanted_ || now < next_) return;
  wanted_ = false;
  next_ = now + kEvery;
  for (const InterpreterRecord& interpreter : interpreters) name_threads_of(interpreter, now, table);
}

void ThreadNamer::name_threads_of(const InterpreterRecord& interpreter, Nanos now, ThreadTable& table) {
  std::unordered_set<std::uint64_t> idents;
  std::vector<ThreadIndex> nameless;
  for (const ThreadIndex thread : table.alive()) {
    const ThreadRecord& record = table.at(thread);
    if (!record.info.python || record.named || record.info.interpreter_id != interpreter.id) continue;
    wanted_ = true;
    if (now < record.name_due) continue;
    idents.insert(to_int(record.info.ident));
    nameless.push_back(thread);
  }
  if (nameless.empty()) return;
  for (const ThreadIndex thread : nameless) take_name_from_home(thread, table);
  auto reader = readers_.try_emplace(interpreter.id, target_, layout_, interpreter.address).first;
  const ThreadNames names = reader->second.read(idents).value_or(ThreadNames{});
  for (const ThreadIndex thread : nameless) {
    ThreadRecord& record = table.at(thread);
    const auto found = names.find(to_int(record.info.ident));
    if (record.named) continue;
    record.named = found != names.end();
    if (record.named) {
      record.info.name = found->second;
    } else {
      record.name_due = now + kEvery * (1 << std::min(record.name_tries++, kMostDoublings));
    }
  }
}

// A thread that visits another interpreter is known by name in the one it comes from.
void ThreadNamer::take_name_from_home(ThreadIndex visitor, ThreadTable& table) {
  ThreadRecord& record = table.at(visitor);
  for (const ThreadIndex thread : table.alive()) {
    const ThreadRecord& home = table.at(thread);
    if (!home.named || home.info.tid != record.info.tid || home.info.interpreter_id == record.info.interpreter_id)
      continue;
    record.info.name = home.info.name;
    record.named = true;
    return;
  }
}

}  // namespace gilspy::sample
