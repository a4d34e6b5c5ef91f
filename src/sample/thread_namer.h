// Gives the threads of a table their names: those from threading._active, else the kernel's.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "gilspy/layout.h"
#include "gilspy/target.h"
#include "thread_names.h"
#include "thread_table.h"

namespace gilspy::sample {

class ThreadNamer {
 public:
  ThreadNamer(Target& target, const RuntimeLayout& layout) : target_(target), layout_(layout) {}

  // New threads get the kernel's name at once, the first thread its usual one. The one people gave is set a while after
  // a thread starts, where many threads want the GIL a long while, and costs a few reads: it is looked up after 20 ms,
  // and then ever more rarely, for not every thread is one of `threading`.
  void refresh(Nanos now, const std::vector<ThreadInfo>& started, const std::vector<InterpreterRecord>& interpreters,
               ThreadTable& table);

 private:
  void name_threads_of(const InterpreterRecord& interpreter, Nanos now, ThreadTable& table);
  std::string name_until_read(const ThreadInfo& thread) const;

  static void postpone(ThreadRecord& record, Nanos now);
  static const ThreadRecord* home_of(const ThreadRecord& visitor, const ThreadTable& table);

  Target& target_;
  const RuntimeLayout& layout_;
  std::unordered_map<std::int64_t, ThreadNameReader> readers_;  // by interpreter id
  Nanos next_{0};
  bool wanted_ = true;
};

}  // namespace gilspy::sample
