#pragma once

#include "code_cache.h"
#include "gil_words.h"
#include "gilspy/sampler.h"
#include "lock_table.h"
#include "loop_reader.h"
#include "stack_reader.h"
#include "task_reader.h"
#include "task_watch.h"
#include "thread_namer.h"
#include "thread_table.h"
#include "variable_reader.h"

namespace gilspy::sample {

// PyThreadState.state (pycore_pystate.h). 3.15 tells apart why a thread waits.
AttachState attach_state_of(std::int32_t state);

class LiveSampler : public Sampler {
 public:
  LiveSampler(Target& target, const RuntimeLocation& location, const RuntimeLayout& layout, StackTable& stacks,
              Stopping stopping)
      : target_(target),
        layout_(layout),
        stopping_(stopping),
        words_(target, location, layout),
        table_(target, layout),
        codes_(target, layout, stacks),
        stacks_(target, layout, codes_, stacks),
        locks_(target, layout, location.runtime, codes_, stacks, table_),
        names_(target, layout),
        loops_(target, layout, codes_, stacks),
        tasks_(target, layout, codes_, stacks),
        task_watch_(tasks_, stacks),
        variables_(target, layout, codes_) {}

  Result<void> start();

  Result<void> tick(Nanos now, Sample& sample) override;
  void glance(Nanos now) override;
  bool takes_turns() const override { return takes_turns_ && !stopped_; }
  std::vector<InterpreterInfo> interpreters() const override;
  void show_tasks(AsyncTasks which) override { task_watch_.show(which); }
  Result<void> show_native() override;
  std::vector<TaskState> tasks() override;
  StackVariables variables(ThreadIndex thread, VariableDetail detail) override;
  const ThreadInfo& thread(ThreadIndex index) const override;

 private:
  struct NativeCopied {  // of a thread that stood still; its stack lies in stack_bytes_
    Registers registers;
    std::size_t size = 0;
    StackOutcome python;
  };

  Result<void> take(Sample& sample);
  Result<void> slow_chores(Sample& sample);
  Result<void> look();
  Result<void> walk_lists(Sample& sample);
  void note_gils(Sample& sample);
  void tell_handoffs(Sample& sample);
  Result<void> read_attach_states(Sample& sample);
  void trim_attached();
  void pick_free_threads();
  void forget_attach_states(GilIndex gil);
  void note_attach_state(ThreadIndex thread, AttachState state, RemoteAddr frame, Sample& sample);
  void tell_dormant(Sample& sample);
  void set_dormant(ThreadIndex thread, bool dormant, Sample& sample);
  ThreadIndex active_of(std::span<const ThreadIndex> states, const Sample& sample) const;
  bool without_gil(const ThreadRecord& record) const;
  Result<void> stop_holders(Sample& sample);
  Result<void> stop_attached(Sample& sample);
  bool stop_running(std::span<const ThreadIndex> threads, Sample& sample);
  std::vector<ThreadIndex> holders() const;
  bool stands_still(const ThreadRecord& record) const;
  void stop_for_variables(ThreadIndex thread, Sample& scratch);
  StackVariables try_variables(ThreadIndex thread, VariableDetail detail);
  bool read_stack_of(ThreadRecord& record, StackQuality& quality);
  void let_go(Sample& sample);
  void end_stop(std::span<const ThreadIndex> threads, std::span<const StackRequest> requests, Sample& sample);
  void drop_doubtful(std::span<StackOutcome> outcomes) const;
  Result<void> complete_stacks(Sample& sample);
  Result<void> read_standing(std::span<const std::size_t> wanting, Sample& sample);
  Result<void> read_stacks(Sample& sample);
  Result<void> read_in_groups(Sample& sample);
  void note_stack(ThreadIndex thread, const StackOutcome& outcome, Sample& sample);
  static void note_context(ThreadRecord& record, std::uint64_t version, ThreadFacts& facts);
  static bool has_unseen_rounds(const ThreadRecord& record, const LoopReader::Reading& now);
  void note_loop(ThreadRecord& record, ThreadFacts& facts);
  void step_tasks(Sample& sample);
  void copy_native_of_holders(Sample& sample);
  void copy_native_of_others(Sample& sample);
  void copy_native_of_runners(Sample& sample);
  bool copy_native_stopped(ThreadIndex thread, Sample& sample);
  bool copy_native_blocked(ThreadIndex thread, Sample& sample);
  std::size_t copy_native_stack(RemoteAddr from, RemoteAddr& end);
  std::optional<NativeCopied> copy_native(ThreadRecord& record, const Registers& registers);
  void keep_native(ThreadIndex thread, const NativeCopied& copied, std::int64_t system_call, Sample& sample);
  bool holds_gil(const ThreadRecord& record, std::span<const GilWords> words) const;
  void tell_native(Sample& sample);
  void pick_stacks(const Sample& sample);
  void pick_stack(ThreadIndex thread);
  Result<void> read_os_facts(Sample& sample);
  Result<void> look_again(Sample& sample);
  void read_os(ThreadIndex thread, Sample& sample);
  void note_os(ThreadIndex thread, const SyscallFacts& read, Sample& sample);
  void read_run_queue(ThreadIndex holder, Sample& sample);
  void refresh_others(Sample& sample);
  void place_thread(ThreadRecord& record, const SyscallFacts& facts);
  bool waits_on_musl_gil(const GilRecord& gil, RemoteAddr futex);
  void set_place(ThreadRecord& record, WaitPlace place);
  void note_lock(ThreadIndex thread, const SyscallFacts& read, Sample& sample);
  std::optional<std::uint32_t> cond_waiters(const GilRecord& gil, const GilWords& words) const;
  bool accounts_agree(const Sample& sample) const;
  void mark_active(ThreadIndex thread);
  void drop_thread(ThreadIndex thread, Sample& sample);
  ThreadFacts& facts_of(ThreadIndex thread, Sample& sample);
  Result<void> explain_failure(Error error, Sample& sample);

  Target& target_;
  const RuntimeLayout& layout_;
  Stopping stopping_;
  WordReader words_;
  ThreadTable table_;
  CodeCache codes_;
  StackReader stacks_;
  LockTable locks_;
  ThreadNamer names_;
  LoopReader loops_;
  TaskReader tasks_;
  TaskWatch task_watch_;
  VariableReader variables_;

  std::uint64_t tick_ = 0;
  bool stopped_ = false;
  bool native_ = false;            // native stacks are asked for
  std::size_t native_cursor_ = 0;  // of those that run without a GIL
  std::vector<std::byte> stack_bytes_;
  std::unique_ptr<ThreadStop> stop_;  // while threads stand still
  std::vector<GilWords> now_, after_, glanced_, then_;
  std::vector<ListHead> heads_, other_heads_;
  std::vector<std::byte> word_bytes_;
  std::vector<ReadRange> ranges_;
  std::vector<StackRequest> requests_;
  std::vector<StackOutcome> outcomes_, group_outcomes_;
  std::vector<bool> doubtful_;     // by request: was read as if it stood still, and maybe did not
  bool all_were_ahead_ = true;     // no stack of this tick needed a call of its own
  std::vector<Handoff> handoffs_;  // seen by glances since the last tick
  Nanos told_{0};                  // the last tick that told of them
  Nanos looked_{0};                // at the GILs, by a tick or a glance
  bool takes_turns_ = false;
  std::vector<ThreadIndex> touched_;  // holders and former holders of this tick
  std::vector<ThreadIndex> recent_;   // active lately, latest first
  std::vector<ThreadIndex> running_;  // ran without the GIL when last looked at
  std::vector<ThreadIndex> stack_picks_;
  std::vector<ThreadIndex> attached_;      // run Python without a GIL, as far as this tick looked
  std::vector<ThreadIndex> state_picks_;   // threads whose attach state this tick reads
  std::vector<ThreadIndex> loop_threads_;  // run event loops
  std::vector<ThreadIndex> shared_tids_;   // see ThreadTable::shared_tids
  std::vector<std::byte> state_bytes_;
  std::vector<ThreadIndex> ran_;            // since their stacks were read, as the kernel says
  std::vector<ThreadInfo> untold_started_;  // of ticks that failed
  std::vector<ThreadIndex> untold_ended_;
  std::vector<LockInfo> untold_locks_;
  std::vector<LockOwner> untold_owners_;
  std::size_t stack_cursor_ = 0, os_cursor_ = 0, state_cursor_ = 0;
  Nanos time_{0}, next_chores_{0}, next_liveness_{0}, next_walk_{0};
  Nanos rest_until_{0};  // from walking long lists
};

}  // namespace gilspy::sample
