#include "thread_namer.h"

namespace gilspy::sample {
namespace {

constexpr Nanos kEvery = std::chrono::milliseconds(20);
constexpr int kMostTries = 10;

}  // namespace

void ThreadNamer::refresh(Nanos now, bool threads_started, const std::vector<InterpreterRecord>& interpreters,
                          ThreadTable& table) {
  wanted_ = wanted_ || threads_started;
  if (!wanted_ || now < next_) return;
  wanted_ = false;
  next_ = now + kEvery;
  for (const InterpreterRecord& interpreter : interpreters) name_threads_of(interpreter, table);
  for (const ThreadIndex thread : table.alive()) {
    ThreadInfo& info = table.at(thread).info;
    if (info.name.empty()) info.name = target_.comm_of(info.tid).value_or("");
  }
}

void ThreadNamer::name_threads_of(const InterpreterRecord& interpreter, ThreadTable& table) {
  std::unordered_set<std::uint64_t> idents;
  std::vector<ThreadIndex> nameless;
  for (const ThreadIndex thread : table.alive()) {
    const ThreadRecord& record = table.at(thread);
    if (!record.info.python || record.named || record.info.interpreter_id != interpreter.id) continue;
    if (record.name_tries >= kMostTries) continue;
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
      ++record.name_tries;
      wanted_ = true;
    }
  }
}

}  // namespace gilspy::sample
