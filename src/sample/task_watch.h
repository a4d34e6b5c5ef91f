// The tasks of asyncio as part of stacks. Who awaits whom is looked up task by task, a few at a time: what a sample
// costs does not follow from how many tasks there are.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "gilspy/sample.h"
#include "gilspy/stacks.h"
#include "stack_plan.h"
#include "task_reader.h"

namespace gilspy::sample {

class TaskWatch {
 public:
  TaskWatch(TaskReader& tasks, StackTable& stacks) : tasks_(tasks), stacks_(stacks) {}

  void show(AsyncTasks which) { which_ = which; }
  bool is_on() const { return which_ != AsyncTasks::kNone; }

  // The stack of a thread whose loop runs callbacks, with what the task is called that it runs, and outside of that who
  // awaits it. `home` has this thread alone; `loop`: the depth of the loop's frame.
  StackId with_task(Nanos now, const TaskReader::Home& home, const StackPlan& plan, StackId stack, std::size_t loop);

  // Looks at the next task. `homes`: of the threads that run loops, at least one.
  void step(Nanos now, const std::vector<TaskReader::Home>& homes, std::vector<WaitingTask>& told);
  bool is_due(Nanos now) const { return is_on() && now >= due_; }

 private:
  struct Known {
    TaskReader::Seen seen;
    Nanos at{0};  // when
  };
  struct Listed {
    RemoteAddr task;
    std::size_t home = 0;
  };

  bool look_at_next(Nanos now, const std::vector<TaskReader::Home>& homes, std::vector<WaitingTask>& told);
  const TaskReader::Seen* know(Nanos now, RemoteAddr task, const TaskReader::Home& home, bool is_running);
  void list(Nanos now, const std::vector<TaskReader::Home>& homes);
  StackId with_awaiters(Nanos now, const TaskReader::Home& home, const TaskReader::Seen& task, StackId below);
  StackId with_own(StackId below, const TaskReader::Seen& task);
  FrameId label_of(const std::string& name, FrameId outermost);

  TaskReader& tasks_;
  StackTable& stacks_;
  AsyncTasks which_ = AsyncTasks::kNone;
  std::unordered_map<RemoteAddr, Known> known_;
  std::unordered_map<RemoteAddr, RemoteAddr> awaited_by_;  // up to 3.13, where a task does not say so
  std::unordered_set<std::string> names_;
  std::vector<Listed> listed_;
  std::size_t next_ = 0;
  Nanos due_{0}, list_due_{0}, list_again_{0};
};

}  // namespace gilspy::sample
