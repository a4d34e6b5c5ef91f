// Locks that threads were seen to wait for: what they are, where they live, and whether waiting for them is contention.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gilspy/ids.h"

namespace gilspy {

enum class LockIndex : std::uint32_t {};  // dense, in the order of appearance

enum class LockKind : std::uint8_t {
  kLock,       // threading.Lock
  kRLock,      // threading.RLock
  kCondition,  // Condition.wait, until somebody notifies
  kSemaphore,
  kEvent,
  kBarrier,
  kQueue,         // queue.Queue: empty, or full
  kThread,        // Thread.join
  kObject,        // free-threaded builds: the mutex inside an object (ob_mutex)
  kDictKeys,      // free-threaded builds: the mutex of shared keys
  kInternal,      // of the interpreter itself; `name` says which
  kStopTheWorld,  // everybody stands still because one thread asked for it
  kUnknown,       // in the parking lot of CPython, but none of those above
};
inline constexpr std::size_t kLockKindCount = 13;

constexpr std::string_view key(LockKind kind) {
  constexpr std::array<std::string_view, kLockKindCount> kKeys{
      "lock",   "rlock",  "condition", "semaphore", "event",          "barrier", "queue",
      "thread", "object", "dict_keys", "internal",  "stop_the_world", "unknown"};
  return kKeys[static_cast<std::size_t>(kind)];
}

// Waiting for something to happen is no contention: somebody else has nothing to let go of.
constexpr bool is_contention(LockKind kind) {
  switch (kind) {
    case LockKind::kCondition:
    case LockKind::kEvent:
    case LockKind::kBarrier:
    case LockKind::kQueue:
    case LockKind::kThread: return false;
    default: return true;
  }
}

// Those that lead on to the thread that has them, or that is waited for: threads can wait for each other by them.
constexpr bool has_owner(LockKind kind) {
  return kind == LockKind::kLock || kind == LockKind::kRLock || kind == LockKind::kObject || kind == LockKind::kThread;
}

struct LockInfo {
  LockIndex index{};
  LockKind kind = LockKind::kUnknown;
  RemoteAddr address;  // of the object; kInternal, kUnknown: of the mutex itself
  std::string type;    // of the object: "_thread.lock", "dict"; may be empty
  std::string name;    // "self._lock of Pool", "LOCK", "import lock"; empty where nobody's variable has it
  std::string place;   // where it was first waited for, outside of the standard library: "acquire (pool.py:88)"

  bool operator==(const LockInfo&) const = default;
};

// Locks have numbers of 16 bits where there are many stretches (see Stretch::lock): from 1 on; 0: none, or one too
// many.
inline constexpr std::size_t kMostNumberedLocks = 0xffff;
constexpr std::uint16_t number_of(LockIndex lock) {
  return to_int(lock) < kMostNumberedLocks ? static_cast<std::uint16_t>(to_int(lock) + 1) : std::uint16_t{0};
}

// What a blocked thread waits for.
struct LockWait {
  LockIndex lock{};
  // CLOCK_MONOTONIC at which the wait began, as CPython itself wrote down (mutex_entry.time_to_be_fair); 0: not known.
  Nanos since{0};
  bool timed = false;  // it gives up at some time (acquire(timeout=...))

  bool operator==(const LockWait&) const = default;
};

// Who has a lock, where that is known; the thread that is waited for, of kThread.
struct LockOwner {
  LockIndex lock{};
  std::optional<ThreadIndex> owner;
  bool inferred = false;  // from a `with` statement that the thread is in; else CPython itself wrote it down

  bool operator==(const LockOwner&) const = default;
};

}  // namespace gilspy
