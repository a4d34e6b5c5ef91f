// Which fact of a sample stands in which column, said once for both directions: a new fact is a line here and one in
// recording.proto. An old recording lacks its column, which then reads as zeros.
#pragma once

#include <array>
#include <limits>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "columns.h"
#include "gilspy/sample.h"
#include "gilspy/stacks.h"

namespace gilspy::recording {

// What deltas are taken against. A block begins with a new one.
struct Context {
  struct Gil {
    std::uint64_t holder = 0;
    std::uint64_t switch_number = 0;
  };
  struct Thread {
    std::uint64_t stack = 0;
    std::uint64_t on_cpu = 0;
  };
  std::uint64_t time = 0;
  std::vector<Gil> gils;
  std::uint64_t next_index = 0;
  std::uint64_t tid = 0;
  std::uint64_t ident = 0;
  std::uint64_t fact_thread = 0;
  std::uint64_t next_lock = 0;
  std::uint64_t lock_address = 0;
  std::uint64_t fact_lock = 0;
  std::uint64_t owned_lock = 0;
  std::uint64_t task_stack = 0;
  std::unordered_map<std::uint32_t, Thread> threads;
};

template <typename T>
constexpr std::uint64_t number_of(const T& value) {
  return ColumnWriter::number_of(value);
}

// A list's rows: `kind` says how many.
template <typename Codec, typename List, typename Each>
void exchange_rows(Codec& codec, Kind kind, List& list, bool counts_vary, Each each) {
  std::uint64_t count = list.size();
  if (counts_vary) {
    codec.plain(kind, count);
  } else {
    codec.runs(kind, count);
  }
  if constexpr (Codec::kWrites) {
    codec.rows(list, each);
  } else {
    codec.rows(list, count, each);
  }
}

template <typename Codec, typename Facts>
void exchange_gil(Codec& codec, Context::Gil& last, Facts& gil) {
  bool has_holder = gil.last_holder.has_value();
  bool has_waiters = gil.cond_waiters.has_value();
  codec.bits(wire::GIL_SHAPE, Bits{gil.enabled, 1, true}, Bits{gil.locked, 1, true}, Bits{gil.steady, 1, true},
             Bits{has_holder, 1, true}, Bits{has_waiters, 1, true});
  if (has_holder) {
    ThreadIndex holder = gil.last_holder.value_or(ThreadIndex{});
    codec.delta(wire::GIL_HOLDER, holder, last.holder);
    last.holder = number_of(holder);
    if constexpr (!Codec::kWrites) gil.last_holder = holder;
  }
  codec.plain(wire::GIL_HANDOFFS, gil.handoffs);
  codec.delta_runs(wire::GIL_SWITCH_NUMBER, gil.switch_number, last.switch_number + gil.handoffs);
  last.switch_number = gil.switch_number;
  codec.runs(wire::GIL_SWITCH_INTERVAL, gil.switch_interval);
  if (has_waiters) {
    std::uint32_t waiters = gil.cond_waiters.value_or(0);
    codec.plain(wire::GIL_COND_WAITERS, waiters);
    if constexpr (!Codec::kWrites) gil.cond_waiters = waiters;
  }
}

template <typename Codec, typename H>
void exchange_handoff(Codec& codec, std::uint64_t& before, H& handoff) {
  codec.runs(wire::HANDOFF_GIL, handoff.gil);
  codec.delta(wire::HANDOFF_BY, handoff.by, before);
  before = number_of(handoff.by);
  Nanos since = handoff.by - handoff.after;
  codec.plain(wire::HANDOFF_AFTER, since);
  codec.runs(wire::HANDOFF_COUNT, handoff.count);
  std::uint64_t to = handoff.to.has_value() ? number_of(*handoff.to) + 1 : 0;
  codec.plain(wire::HANDOFF_TO, to);
  if constexpr (!Codec::kWrites) {
    handoff.after = Nanos(static_cast<std::int64_t>(number_of(handoff.by) - number_of(since)));
    codec.accept(to <= std::numeric_limits<std::uint32_t>::max());
    if (to > 0 && codec.ok()) handoff.to = static_cast<ThreadIndex>(to - 1);
  }
}

template <typename Codec, typename Info>
void exchange_started(Codec& codec, Context& context, Info& info) {
  codec.delta(wire::STARTED_INDEX, info.index, context.next_index);
  context.next_index = number_of(info.index) + 1;
  codec.delta(wire::STARTED_TID, info.tid, context.tid);
  context.tid = number_of(info.tid);
  codec.delta(wire::STARTED_IDENT, info.ident, context.ident);
  context.ident = number_of(info.ident);
  codec.text(wire::STARTED_NAME, info.name);
  codec.runs(wire::STARTED_INTERPRETER, info.interpreter_id);
  codec.runs(wire::STARTED_GIL, info.gil);
  codec.runs(wire::STARTED_PYTHON, info.python);
}

template <typename Codec, typename Facts>
void exchange_context_switches(Codec& codec, Facts& facts) {
  std::uint64_t told = facts.context_switches.has_value() ? std::uint64_t{*facts.context_switches} + 1 : 0;
  codec.runs(wire::FACT_CONTEXTS, told);
  if constexpr (!Codec::kWrites) {
    codec.accept(told <= std::uint64_t{std::numeric_limits<std::uint32_t>::max()} + 1);
    if (told > 0 && codec.ok()) facts.context_switches = static_cast<std::uint32_t>(told - 1);
  }
}

template <typename Codec, typename Facts>
void exchange_lock_wait(Codec& codec, Context& context, Facts& facts, bool timed) {
  LockWait wait = facts.lock.value_or(LockWait{});
  codec.delta(wire::FACT_LOCK, wait.lock, context.fact_lock);
  context.fact_lock = number_of(wait.lock);
  Nanos ago =
      wait.since.count() > 0 ? Nanos(static_cast<std::int64_t>(context.time)) - wait.since + Nanos{1} : Nanos{0};
  codec.plain(wire::FACT_LOCK_SINCE, ago);
  if constexpr (!Codec::kWrites) {
    const Nanos now(static_cast<std::int64_t>(context.time));
    if (ago.count() > 0 && ago <= now) wait.since = now + Nanos{1} - ago;
    wait.timed = timed;
    facts.lock = wait;
  }
}

template <typename Codec, typename Facts>
void exchange_loop(Codec& codec, const Context& context, Facts& facts, int state) {
  LoopFacts loop = facts.loop.value_or(LoopFacts{});
  loop.state = static_cast<LoopFacts::State>(state - 1);
  if (loop.state == LoopFacts::State::kRuns) {
    codec.delta(wire::FACT_LOOP_ROUND, loop.round, context.time);
    codec.bits(wire::FACT_LOOP_LEFT, Bits{loop.timer, 1, true}, Bits{loop.unseen, 1, true},
               Bits{loop.left, 32, kMostCallbacks});
  }
  if constexpr (!Codec::kWrites) facts.loop = loop;
}

template <typename Codec, typename Info>
void exchange_lock(Codec& codec, Context& context, Info& info) {
  codec.delta(wire::LOCK_INDEX, info.index, context.next_lock);
  context.next_lock = number_of(info.index) + 1;
  codec.runs(wire::LOCK_KIND, info.kind);
  std::uint64_t address = info.address.value();
  codec.delta(wire::LOCK_ADDRESS, address, context.lock_address);
  context.lock_address = address;
  if constexpr (!Codec::kWrites) {
    info.address = RemoteAddr(address);
    codec.accept(to_int(info.kind) < kLockKindCount);
  }
  codec.text(wire::LOCK_TYPE, info.type);
  codec.text(wire::LOCK_NAME, info.name);
  codec.text(wire::LOCK_PLACE, info.place);
}

template <typename Codec, typename Owner>
void exchange_owner(Codec& codec, Context& context, Owner& owner) {
  codec.delta(wire::OWNER_LOCK, owner.lock, context.owned_lock);
  context.owned_lock = number_of(owner.lock);
  std::uint64_t thread = owner.owner.has_value() ? number_of(*owner.owner) + 1 : 0;
  codec.plain(wire::OWNER_THREAD, thread);
  codec.runs(wire::OWNER_INFERRED, owner.inferred);
  if constexpr (!Codec::kWrites) {
    codec.accept(thread <= std::numeric_limits<std::uint32_t>::max());
    if (thread > 0 && codec.ok()) owner.owner = static_cast<ThreadIndex>(thread - 1);
  }
}

template <typename Codec, typename Task>
void exchange_task(Codec& codec, Context& context, Task& task) {
  codec.runs(wire::TASK_THREAD, task.thread);
  codec.delta(wire::TASK_STACK, task.stack, context.task_stack);
  context.task_stack = number_of(task.stack);
  codec.runs(wire::TASK_STANDS_FOR, task.stands_for);
}

template <typename Codec, typename Facts>
void exchange_facts(Codec& codec, Context& context, Facts& facts) {
  codec.delta(wire::FACT_THREAD, facts.thread, context.fact_thread);
  context.fact_thread = number_of(facts.thread);
  int dormant = !facts.dormant.has_value() ? 0 : *facts.dormant ? 2 : 1;
  bool has_delay = facts.run_queue_delay.count() != 0;
  bool has_on_cpu = facts.on_cpu.has_value();
  bool has_lock = facts.lock.has_value();
  bool timed = has_lock && facts.lock->timed;
  int loop = facts.loop.has_value() ? static_cast<int>(facts.loop->state) + 1 : 0;
  codec.bits(wire::FACT_SHAPE, Bits{facts.quality, 2, StackQuality::kLost}, Bits{facts.os_read, 1, true},
             Bits{facts.os, 2, SyscallFacts::State::kUnreadable}, Bits{facts.place, 2, WaitPlace::kGilMutex},
             Bits{facts.ended, 1, true}, Bits{facts.attach_state, 2, AttachState::kSuspended}, Bits{dormant, 2, 2},
             Bits{has_delay, 1, true}, Bits{has_on_cpu, 1, true}, Bits{has_lock, 1, true},
             Bits{facts.blocked_in, 4, BlockedIn::kOther}, Bits{timed, 1, true}, Bits{loop, 2, 3},
             Bits{facts.native, 2, NativeQuality::kLost});
  if constexpr (!Codec::kWrites) {
    if (dormant > 0) facts.dormant = dormant == 2;
  }
  if (has_delay) codec.plain(wire::FACT_RUN_QUEUE, facts.run_queue_delay);
  if (has_lock) exchange_lock_wait(codec, context, facts, timed);
  if (loop > 0) exchange_loop(codec, context, facts, loop);
  const bool has_stack = facts.quality == StackQuality::kWhole || facts.quality == StackQuality::kTruncated;
  if (!has_stack && !has_on_cpu) return;
  Context::Thread& last = context.threads[to_int(facts.thread)];
  if (has_stack) {
    codec.delta(wire::FACT_STACK, facts.stack, last.stack);
    last.stack = number_of(facts.stack);
    exchange_context_switches(codec, facts);
  }
  if (has_on_cpu) {
    Nanos on_cpu = facts.on_cpu.value_or(Nanos{0});
    codec.delta(wire::FACT_ON_CPU, on_cpu, last.on_cpu);
    last.on_cpu = number_of(on_cpu);
    if constexpr (!Codec::kWrites) facts.on_cpu = on_cpu;
  }
}

template <typename Codec, typename S>
void exchange_looks(Codec& codec, std::uint64_t before, S& sample) {
  Nanos ago = sample.looked.has_value() ? sample.time - *sample.looked : Nanos{0};
  codec.plain(wire::TICK_LOOKED, ago);
  if constexpr (!Codec::kWrites) {
    sample.looked.reset();
    if (ago.count() > 0 && ago < sample.time) sample.looked = sample.time - ago;
  }
  exchange_rows(codec, wire::TICK_HANDOFFS, sample.handoffs, false,
                [&](auto& handoff) { exchange_handoff(codec, before, handoff); });
}

// `sample` is a Sample, const for a writer. What has no column here is not told: a reader hands in an empty one.
template <typename Codec, typename S>
void exchange_sample(Codec& codec, Context& context, S& sample) {
  std::uint32_t flags = (sample.failed ? 1U : 0U) | (sample.stopped ? 2U : 0U) | (sample.holder_stack_lost ? 4U : 0U) |
                        (sample.stop_denied ? 8U : 0U);
  codec.runs(wire::TICK_FLAGS, flags);
  if constexpr (!Codec::kWrites) {
    sample.failed = (flags & 1U) != 0;
    sample.stopped = (flags & 2U) != 0;
    sample.holder_stack_lost = (flags & 4U) != 0;
    sample.stop_denied = (flags & 8U) != 0;
  }
  codec.runs(wire::TICK_PERIOD, sample.period);
  const std::uint64_t before = context.time;
  codec.delta(wire::TICK_TIME, sample.time, before + number_of(sample.period));
  context.time = number_of(sample.time);
  codec.plain(wire::TICK_PAUSE, sample.pause);
  if (sample.failed) return;
  codec.plain(wire::TICK_STACK_RETRIES, sample.stack_retries);
  exchange_looks(codec, before, sample);
  std::size_t gil = 0;
  exchange_rows(codec, wire::TICK_GILS, sample.gils, false, [&](auto& facts) {
    if (gil >= context.gils.size()) context.gils.resize(gil + 1);
    exchange_gil(codec, context.gils[gil++], facts);
  });
  exchange_rows(codec, wire::TICK_STARTED, sample.started, false,
                [&](auto& info) { exchange_started(codec, context, info); });
  exchange_rows(codec, wire::TICK_LOCKS, sample.locks, false, [&](auto& info) { exchange_lock(codec, context, info); });
  exchange_rows(codec, wire::TICK_OWNERS, sample.owners, false,
                [&](auto& owner) { exchange_owner(codec, context, owner); });
  exchange_rows(codec, wire::TICK_TASKS, sample.tasks, false, [&](auto& task) { exchange_task(codec, context, task); });
  if (!sample.gils.empty() && sample.gils.front().last_holder) {
    context.fact_thread = number_of(*sample.gils.front().last_holder);
  }
  exchange_rows(codec, wire::TICK_THREADS, sample.threads, true,
                [&](auto& facts) { exchange_facts(codec, context, facts); });
}

template <typename Codec, typename F>
void exchange_frame(Codec& codec, F& frame) {
  codec.text(wire::FRAME_FUNCTION, frame.function);
  codec.text(wire::FRAME_FILE, frame.file);
  codec.plain(wire::FRAME_LINE, frame.line);
  codec.delta(wire::FRAME_FIRST_LINE, frame.first_line, number_of(frame.line));
  codec.runs(wire::FRAME_NATIVE, frame.native);
}

struct Node {
  StackId parent{};
  FrameId frame{};
};
// `before`: the node that is numbered right before this one. `last_frame`: the frame of the row before.
template <typename Codec, typename N>
void exchange_node(Codec& codec, N& node, std::uint64_t before, std::uint64_t& last_frame) {
  codec.delta(wire::NODE_PARENT, node.parent, before);
  codec.delta(wire::NODE_FRAME, node.frame, last_frame);
  last_frame = number_of(node.frame);
}

}  // namespace gilspy::recording
