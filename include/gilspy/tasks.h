// Tasks of asyncio's event loops as they stand at one moment.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/stacks.h"

namespace gilspy {

struct TaskState {
  RemoteAddr address;                 // of the Task object
  std::string name;                   // "Task-3", or what people gave it
  std::optional<ThreadIndex> thread;  // that runs its event loop; none: not known
  bool running = false;               // the loop runs a step of it: the thread's stack is its stack
  StackId stack = kNoStack;           // else its coroutine, and what that awaits, innermost last
  std::vector<std::size_t> awaits;    // places of the tasks that it waits for, in the same list

  bool operator==(const TaskState&) const = default;
};

}  // namespace gilspy
