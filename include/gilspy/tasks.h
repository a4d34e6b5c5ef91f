// Tasks of asyncio's event loops as they stand at one moment.
#pragma once

#include <cstddef>
#include <cstdint>
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

// Which tasks show in recorded stacks.
enum class AsyncTasks : std::uint8_t {
  kNone,
  kRunning,  // between a loop and the callbacks that it runs: the task, and outside of it those that await it
  kAll,      // those that wait as well, as stacks of their own
};

// A task that waited when a sample was taken: one of several, which take turns at being looked at.
struct WaitingTask {
  ThreadIndex thread{};  // that runs its loop
  StackId stack =
      kNoStack;  // those that await it, itself and what it awaits, with a frame "task NAME" in front of each
  std::uint32_t stands_for = 1;  // so many tasks waited then

  bool operator==(const WaitingTask&) const = default;
};

}  // namespace gilspy
