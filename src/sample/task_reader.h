// Tasks of asyncio, read from outside of a process that may go on running: what changes meanwhile is left out.
//
// 3.14 and later keep lists of tasks, in the thread states and in the interpreter, and each knows who awaits it. Before
// that there are sets of weak references in asyncio.tasks; whom a task awaits is told by the future that it waits for,
// or by the variables of the coroutine of the standard library that it is in (TaskGroup, wait, wait_for).
#pragma once

#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "code_cache.h"
#include "frame_reader.h"
#include "gilspy/layout.h"
#include "gilspy/target.h"
#include "gilspy/tasks.h"
#include "type_names.h"

namespace gilspy::sample {

class TaskReader {
 public:
  struct Home {  // an interpreter, and its thread states
    struct Thread {
      RemoteAddr state;
      ThreadIdent ident{};
      ThreadIndex index{};
    };
    RemoteAddr interpreter;
    std::vector<Thread> threads;
  };

  TaskReader(MemoryReader& memory, const RuntimeLayout& layout, CodeCache& codes, StackTable& stacks)
      : memory_(memory),
        layout_(layout),
        codes_(codes),
        stacks_(stacks),
        frames_(memory, layout, codes),
        types_(memory, layout) {}

  // Those that have not ended. None where asyncio is not used.
  std::vector<TaskState> read(const Home& home);

  // The same one by one: which there are, in no order, and what one is at. `awaits` of its state is empty.
  std::vector<RemoteAddr> list(const Home& home);
  struct Seen {
    TaskState state;
    RemoteAddr coroutine;
    std::vector<RemoteAddr> awaits, awaiters;  // the former up to 3.13, the latter from 3.14 on
  };
  std::optional<Seen> look(RemoteAddr task, const Home& home, bool is_running);

  struct Running {  // a thread, and the task of which its loop runs a step
    ThreadIndex thread{};
    RemoteAddr task;
  };
  std::vector<Running> running(const Home& home);
  // Whether this is the outermost frame of the task's coroutine.
  bool runs_in(RemoteAddr task, RemoteAddr frame);

 private:
  // Where a Task object (_asynciomodule.c, FutureObj_HEAD) has its fields: found by what lies there, since no header
  // and no table has the struct.
  struct Fields {
    std::uint64_t size = 0;
    Offset coroutine = 0;  // in front of it the future that it waits for, behind it the name, the context and the links
    Offset node = 0;       // the links in a list of tasks, 3.14+; 0: not known yet
  };

  std::vector<Seen> look_at_all(const Home& home);
  std::vector<RemoteAddr> tasks_in_lists(const Home& home);
  std::vector<RemoteAddr> tasks_in_sets(const Home& home);
  std::vector<RemoteAddr> nodes_of(RemoteAddr head);
  bool walk(RemoteAddr head, std::uint64_t link, std::unordered_set<RemoteAddr>& met);
  RemoteAddr task_of_node(RemoteAddr node);
  bool has_lists() const { return layout_.asyncio.thread_tasks != kAbsent; }

  bool find_fields(RemoteAddr task);
  bool is_task(RemoteAddr object);
  RemoteAddr field(RemoteAddr task, std::int64_t from_coroutine);
  std::optional<TaskState> state_of(RemoteAddr task, const Home& home);
  std::optional<std::string> name_of(RemoteAddr task);
  std::optional<ThreadIndex> thread_of(RemoteAddr task, const Home& home);
  std::optional<ThreadIndex> thread_of_loop(RemoteAddr loop, const Home& home);

  std::vector<FramePlace> chain_of(RemoteAddr coroutine);
  std::optional<FramePlace> frame_of(RemoteAddr generator);
  RemoteAddr awaited_by_frame(const FramePlace& place);
  bool is_generator(RemoteAddr object);
  bool is_over(RemoteAddr coroutine);

  std::vector<RemoteAddr> awaiters_of(RemoteAddr task);
  std::vector<RemoteAddr> awaited_by_task(RemoteAddr task, const std::vector<FramePlace>& chain);
  void add_tasks_in(RemoteAddr object, std::vector<RemoteAddr>& tasks);

  MemoryReader& memory_;
  const RuntimeLayout& layout_;
  CodeCache& codes_;
  StackTable& stacks_;
  FrameReader frames_;
  TypeNames types_;
  std::optional<Fields> fields_;
  std::unordered_map<RemoteAddr, ThreadIndex> threads_;       // by loop, since the last list()
  std::unordered_map<RemoteAddr, RemoteAddr> current_tasks_;  // by interpreter: the dict of that name
};

}  // namespace gilspy::sample
