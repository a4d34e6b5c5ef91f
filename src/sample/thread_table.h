// The threads of the target: found in the interpreters' lists, kept by the id of their thread state. Addresses of
// thread states are used again (thousands of threads live at a handful of them), so an address alone names nobody.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/layout.h"
#include "gilspy/sample.h"
#include "gilspy/target.h"
#include "stack_plan.h"
#include "thread_ids.h"
#include "thread_names.h"

namespace gilspy::sample {

struct ThreadRecord {
  ThreadInfo info;
  RemoteAddr state;        // PyThreadState*
  RemoteAddr interpreter;  // PyInterpreterState*
  std::uint64_t id = 0;    // PyThreadState.id
  bool alive = true;
  Nanos name_due{0};   // when to look again
  int name_tries = 0;  // readings of threading._active that did not know it
  bool named = false;  // its name comes from there
  StackPlan plan;
  // What the sampler knows of it and when it learned it (tick numbers; 0 = never).
  std::uint64_t stack_tick = 0;
  std::uint64_t os_tick = 0;
  bool let_go = false;  // was stopped for a read, and the kernel has not said since what it does
  Nanos os_due{0};      // not to be asked for before then
  SyscallFacts::State os = SyscallFacts::State::kUnreadable;
  WaitPlace place = WaitPlace::kNone;
  std::int64_t call = -1;  // the system call that it was blocked in, and its first argument
  std::uint64_t call_argument = 0;
  AttachState attach = AttachState::kNotRead;
  RemoteAddr frame_root;  // read together with `attach`
  StackId stack = kNoStack;
  // Of its native stack, where those are asked for: what was copied last, and of which moment.
  std::shared_ptr<NativeJob> native;
  SyscallFacts native_call;       // in which it was blocked then
  RemoteAddr stack_end;           // of the C stack, as that copy found it; null: not known
  std::uint64_t native_tick = 0;  // at which that was certain last
  SyscallFacts blocked;           // as of os_tick
  // What it is blocked in, if that is a lock; the futex, and the tick of its stack then. Where waiting is no
  // contention, also what it waited for last, with which stack.
  std::optional<LockWait> lock;
  RemoteAddr futex;
  std::uint64_t lock_stack_tick = 0;
  std::optional<LockIndex> left_lock;  // that it waited for last
  std::optional<LockIndex> idle_in;
  StackId idle_stack = kNoStack;
  std::vector<RemoteAddr> locks_had;  // by the `with` statements that it is in, with the stack of that tick
  std::uint64_t locks_had_tick = 0;
  bool moved = false;                            // its frames changed while its stack was read, at stack_tick
  std::optional<std::uint64_t> context_version;  // read with the stack
  LoopFacts loop;                                // read with the stack
  LoopFacts loop_round;                          // the last one that was read
  std::uint64_t loop_version = 0;                // context_version then
  std::optional<bool> dormant;                   // see ThreadFacts; none: it shares its tid with no other
  // Time that it waited for a CPU, when it was last looked at with the GIL in hand, and the GIL's switch_number then.
  bool run_queue_read = false;
  Nanos run_queue{0};
  std::uint64_t run_queue_switch = 0;
  Nanos run_queue_due{0};       // not before then again
  std::uint64_t fact_tick = 0;  // the tick whose sample has facts of this thread, and where in it
  std::size_t fact_slot = 0;
};

struct InterpreterRecord {
  RemoteAddr address;
  std::int64_t id = 0;
  GilIndex gil{};
  // {next_unique_id, head} when the list was last walked: a thread that starts changes both.
  std::uint64_t next_id = 0;
  RemoteAddr head;
};

class ThreadTable {
 public:
  ThreadTable(Target& target, const RuntimeLayout& layout) : target_(target), layout_(layout), ids_(target, layout) {}

  ThreadRecord& at(ThreadIndex index) { return threads_[to_int(index)]; }
  const ThreadRecord& at(ThreadIndex index) const { return threads_[to_int(index)]; }
  const std::vector<ThreadIndex>& alive() const { return alive_; }

  // The living thread whose state lies there.
  std::optional<ThreadIndex> find(RemoteAddr state) const;

  // Walks an interpreter's list; new threads are appended to `started`. Threads that are no more are appended to
  // `ended`. False: some are not ready yet or the list changed under the walk, so another walk is due soon. Errors:
  // kGone, kDenied.
  Result<bool> walk(const InterpreterRecord& interpreter, std::vector<ThreadInfo>& started,
                    std::vector<ThreadIndex>& ended);

  // True: there are several interpreters, so that thread states may name another thread than the one that runs them.
  void expect_visitors(bool several_interpreters) { visitors_ = several_interpreters; }

  // Ends the threads of interpreters that are no more.
  void retire_orphans(const std::vector<InterpreterRecord>& living, std::vector<ThreadIndex>& ended);

  // Living threads that are one for the kernel, where there are such: an OS thread that visits other interpreters has a
  // thread state in each; and those that are dormant still though they are alone by now. Sorted by tid.
  std::vector<ThreadIndex> shared_tids() const;

  // Threads of the process without a thread state, seen in two scans in a row (a Python thread binds its state late).
  Result<void> scan_native(std::vector<ThreadInfo>& started, std::vector<ThreadIndex>& ended);

  void end(ThreadIndex index);

 private:
  struct Link {
    RemoteAddr address, next, interpreter;
    std::uint64_t id = 0;
    std::uint64_t native_id = 0;
    std::uint64_t ident = 0;
    RemoteAddr cframe;  // FrameRoot::kViaCframe: on the C stack of the thread that runs this state
  };
  Link view_link(RemoteAddr address, std::span<const std::byte> bytes) const;
  Result<void> prefetch(const InterpreterRecord& interpreter);
  Result<bool> follow(const InterpreterRecord& interpreter, RemoteAddr head, std::vector<Link>& links);
  Result<Link> link_at(RemoteAddr address);
  std::optional<Tid> tid_of(const Link& link);
  std::optional<Tid> idle_owner(const Link& link);
  // An OS thread, and the interpreter that it is in.
  static std::pair<Tid, std::int64_t> place_of(const ThreadRecord& record) {
    return {record.info.tid, record.info.interpreter_id};
  }
  std::optional<ThreadIndex> earlier_visit(const ThreadRecord& visitor) const;
  bool meet(const InterpreterRecord& interpreter, const Link& link, std::vector<ThreadInfo>& started);
  bool carries_its_creators_tid(const InterpreterRecord& interpreter, Tid tid) const;
  bool has_ended(Tid tid);
  Result<bool> retire_missing(const InterpreterRecord& interpreter, std::vector<ThreadIndex>& ended);
  void retire(const std::vector<ThreadIndex>& gone, std::vector<ThreadIndex>& ended);
  ThreadIndex add(ThreadRecord record, std::vector<ThreadInfo>& started);

  Target& target_;
  const RuntimeLayout& layout_;
  ThreadIds ids_;
  std::vector<ThreadRecord> threads_;
  std::vector<ThreadIndex> alive_;
  std::unordered_map<RemoteAddr, ThreadIndex> by_state_;
  std::map<std::pair<Tid, std::int64_t>, ThreadIndex> latest_;  // by place_of()
  bool visitors_ = false;
  std::unordered_map<std::int32_t, int> native_sightings_;
  std::unordered_set<std::int32_t> python_tids_;  // of threads that have, or had, a thread state
  std::vector<Mapping> mappings_;  // of the target when a thread state last had to be found by its C stack
  // Scratch of one walk.
  std::unordered_map<RemoteAddr, Link> prefetched_;
  std::unordered_set<std::uint32_t> met_;
  std::unordered_set<RemoteAddr> listed_;
  std::vector<std::byte> bytes_;
};

}  // namespace gilspy::sample
