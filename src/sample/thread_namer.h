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

  // Names are set shortly after a thread starts and cost a few reads each: they are looked up every 20 ms while threads
  // are nameless, and not for ever, for not every thread is one of `threading`.
  void refresh(Nanos now, bool threads_started, const std::vector<InterpreterRecord>& interpreters, ThreadTable& table);

 private:
  void name_threads_of(const InterpreterRecord& interpreter, ThreadTable& table);

  Target& target_;
  const RuntimeLayout& layout_;
  std::unordered_map<std::int64_t, ThreadNameReader> readers_;  // by interpreter id
  Nanos next_{0};
  bool wanted_ = true;
};

}  // namespace gilspy::sample
