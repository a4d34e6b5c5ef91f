// The locks that threads were seen to wait for, who waits for them now, and who has them.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "lock_reader.h"
#include "thread_table.h"

namespace gilspy::sample {

class LockTable {
 public:
  LockTable(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr runtime, CodeCache& codes,
            const StackTable& stacks, ThreadTable& threads)
      : memory_(memory),
        layout_(layout),
        threads_(threads),
        frames_(memory, layout, codes),
        reader_(memory, layout, runtime, frames_, codes, stacks) {}

  // The thread is blocked in `call`, a futex that is none of a GIL. A lock that is new is appended to `met`. Nothing:
  // it waits for no lock that can be told.
  std::optional<LockWait> enter(ThreadIndex thread, RemoteAddr interpreter, const SyscallFacts& call, Nanos now,
                                std::vector<LockInfo>& met);
  // Another thread has it stand still.
  LockWait stand_still(ThreadIndex thread, RemoteAddr interpreter, std::vector<LockInfo>& met);
  // The world goes on.
  void go_on(ThreadIndex thread);
  // It is not blocked any more, or in something else.
  void leave(ThreadIndex thread);

  // Looks, on a budget, who has the locks that somebody waits for; where that is another one than was told before, it
  // is appended to `changed`.
  void refresh_owners(Nanos now, std::vector<LockOwner>& changed);
  // The frames of the last known stack, the outermost first.
  static std::vector<FramePlace> places_of(const StackPlan& plan);

 private:
  struct Record {
    LockInfo info;
    std::uint32_t waiters = 0;
    std::optional<ThreadIndex> owner;
    bool inferred = false;
    Nanos owner_due{0};
  };

  LockWait sit_down(ThreadIndex thread, RemoteAddr futex, LockWait wait);
  LockIndex index_of(const Waiter& waiter, const FoundLock& found, std::vector<LockInfo>& met);
  std::optional<ThreadIndex> thread_of(ThreadIdent ident) const;
  std::optional<ThreadIndex> thread_at(RemoteAddr state) const;
  std::optional<ThreadIndex> find_with(const Record& record);
  const std::vector<RemoteAddr>& had_by(ThreadIndex thread);
  std::optional<ThreadIndex> find_section(const Record& record);
  bool is_in_section(ThreadIndex thread, RemoteAddr mutex);

  MemoryReader& memory_;
  const RuntimeLayout& layout_;
  ThreadTable& threads_;
  FrameReader frames_;
  LockReader reader_;
  std::vector<Record> locks_;  // by LockIndex
  std::map<std::tuple<LockKind, RemoteAddr>, LockIndex> known_;
  std::vector<LockIndex> contended_;  // those with waiters
  std::size_t budget_ = 0;            // frames that may still be looked into at this tick; later ticks go on
};

}  // namespace gilspy::sample
