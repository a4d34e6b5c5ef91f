// What a thread that is blocked in a futex waits for, found from outside without symbols.
//
// CPython 3.13 and later park waiting threads (Python/parking_lot.c): the futex lies in a wait_entry on the waiter's
// own C stack, which names the address that it waits for. Locks of older versions are semaphores of their own, sem_t,
// which nothing leads back from: the lock is looked for in the waiter's innermost frame.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "frame_reader.h"
#include "gilspy/layout.h"
#include "gilspy/locks.h"
#include "gilspy/stacks.h"
#include "gilspy/target.h"
#include "type_names.h"

namespace gilspy::sample {

struct Waiter {
  RemoteAddr thread_state, interpreter;
  std::span<const FramePlace> frames;  // the innermost last
  Nanos now{0};
};

struct FoundLock {
  LockKind kind = LockKind::kUnknown;
  RemoteAddr address;  // see LockInfo
  Nanos since{0};      // see LockWait
};

class LockReader {
 public:
  LockReader(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr runtime, FrameReader& frames,
             CodeCache& codes, const StackTable& stacks)
      : memory_(memory),
        layout_(layout),
        runtime_(runtime),
        frames_(frames),
        codes_(codes),
        stacks_(stacks),
        types_(memory, layout) {}

  // Nothing: it is no lock of Python's.
  std::optional<FoundLock> find(const Waiter& waiter, RemoteAddr futex);

  // What people call it. What a class of `threading` or `queue` waits for inside counts as that class.
  LockInfo describe(const Waiter& waiter, const FoundLock& found);

  // What is waited for in there is made for each wait, so that its address means something else the next time.
  bool waits_for_one_thing(std::span<const FramePlace> frames);

  // Who has an RLock, by pthread_self().
  std::optional<ThreadIdent> owner_of_rlock(RemoteAddr lock);
  // The thread that is waited for, by the Thread object.
  std::optional<ThreadIdent> joined(RemoteAddr thread);
  // The lock that a thread with these frames has let go of inside its `with` statement, in Condition.wait; null: none.
  RemoteAddr let_go_by(std::span<const FramePlace> frames);
  // What all that stand still wait for.
  FoundLock stop_the_world_of(RemoteAddr interpreter) const;
  // Whose thread state it is that has all others of the interpreter stand still.
  std::optional<RemoteAddr> who_stops_the_world(RemoteAddr interpreters_own);
  // The lock of which this is the bound method `__exit__`, or the lock itself, or that of a Condition; null: something
  // else.
  RemoteAddr lock_behind(RemoteAddr object);

 private:
  struct Parked {
    RemoteAddr address;
    Nanos since{0};
  };
  std::optional<Parked> parked_at(RemoteAddr futex, Nanos now);
  FoundLock what_lies_at(const Waiter& waiter, RemoteAddr address);
  std::optional<LockKind> kind_of_lock(RemoteAddr object);
  std::optional<FoundLock> lock_of_semaphore(const Waiter& waiter, RemoteAddr semaphore);
  bool is_lock_with(RemoteAddr object, RemoteAddr semaphore);
  std::string internal_name(const Waiter& waiter, RemoteAddr address) const;
  bool is_library(const FramePlace& place);
  RemoteAddr self_of(const FramePlace& place);
  RemoteAddr lock_of_condition(RemoteAddr object);
  std::string name_in(const FramePlace& place, RemoteAddr object);
  std::string method_at(const FramePlace& place);

  MemoryReader& memory_;
  const RuntimeLayout& layout_;
  RemoteAddr runtime_;
  FrameReader& frames_;
  CodeCache& codes_;
  const StackTable& stacks_;
  TypeNames types_;
  std::unordered_map<RemoteAddr, RemoteAddr> semaphores_;  // to the lock that was found to have it
};

}  // namespace gilspy::sample
