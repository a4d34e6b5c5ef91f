#include "lock_table.h"

#include <algorithm>

#include "gilspy/memory.h"

namespace gilspy::sample {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""us;

constexpr std::size_t kMostLocks = 10'000;  // later ones are not told apart
constexpr std::size_t kFrameBudget = 300;
constexpr Nanos kOwnerHolds = 500us;  // so long an owner is taken to stay one
constexpr Nanos kJoinHolds = 100ms;
constexpr Nanos kNotFound = 5ms;  // to a new search
constexpr int kMostSections = 16;
// pycore_critical_section.h: tags of PyThreadState.critical_section and _cs_prev.
constexpr std::uint64_t kInactive = 1, kTwoMutexes = 2;
constexpr std::uint64_t kSectionMutex = 8, kSectionMutex2 = 16;

// Nobody has it, so that it matters less which one it is.
bool is_idle(LockKind kind) { return !is_contention(kind) && !has_owner(kind); }

}  // namespace

std::vector<FramePlace> LockTable::places_of(const StackPlan& plan) {
  std::vector<FramePlace> places;
  for (std::size_t i = 0; i < std::min(plan.depth, plan.known.size()); ++i) {
    const KnownFrame& frame = plan.known[i];
    places.push_back({frame.address, frame.code, frame.instruction});
  }
  return places;
}

std::optional<LockWait> LockTable::enter(ThreadIndex thread, RemoteAddr interpreter, const SyscallFacts& call,
                                         Nanos now, std::vector<LockInfo>& met) {
  ThreadRecord& record = threads_.at(thread);
  const RemoteAddr futex(call.first_argument);
  // It has not run since.
  if (record.lock.has_value() && record.futex == futex && record.lock_stack_tick == record.stack_tick) {
    return record.lock;
  }
  leave(thread);
  // Who waits for something to happen mostly waits for the same again.
  const bool stands = record.attach == AttachState::kSuspended;
  if (record.idle_in.has_value() && record.idle_stack == record.stack && !stands) {
    return sit_down(thread, futex, LockWait{*record.idle_in, Nanos{0}, call.timed});
  }
  const std::vector<FramePlace> places = places_of(record.plan);
  const Waiter waiter{record.state, interpreter, places, now};
  const auto found = reader_.find(waiter, futex);
  if (!found.has_value()) return std::nullopt;
  const LockIndex index = index_of(waiter, *found, met);
  record.idle_in.reset();
  if (is_idle(locks_[to_int(index)].info.kind)) record.idle_in = index;
  record.idle_stack = record.stack;
  return sit_down(thread, futex, LockWait{index, found->since, call.timed});
}

LockWait LockTable::stand_still(ThreadIndex thread, RemoteAddr interpreter, std::vector<LockInfo>& met) {
  leave(thread);
  const Waiter waiter{threads_.at(thread).state, interpreter, {}, Nanos{0}};
  return sit_down(thread, {}, LockWait{index_of(waiter, reader_.stop_the_world_of(interpreter), met)});
}

LockWait LockTable::sit_down(ThreadIndex thread, RemoteAddr futex, LockWait wait) {
  ThreadRecord& record = threads_.at(thread);
  if (locks_[to_int(wait.lock)].waiters++ == 0) contended_.push_back(wait.lock);
  record.futex = futex;
  record.lock_stack_tick = record.stack_tick;
  record.lock = wait;
  return wait;
}

void LockTable::go_on(ThreadIndex thread) {
  const std::optional<LockWait>& wait = threads_.at(thread).lock;
  if (wait.has_value() && locks_[to_int(wait->lock)].info.kind == LockKind::kStopTheWorld) leave(thread);
}

void LockTable::leave(ThreadIndex thread) {
  ThreadRecord& record = threads_.at(thread);
  if (!record.lock.has_value()) return;
  const LockIndex index = record.lock->lock;
  record.lock.reset();
  record.left_lock = index;
  if (--locks_[to_int(index)].waiters == 0) std::erase(contended_, index);
}

LockIndex LockTable::index_of(const Waiter& waiter, const FoundLock& found, std::vector<LockInfo>& met) {
  const auto key = std::tuple(found.kind, found.address);
  const auto seen = known_.find(key);
  if (seen != known_.end() && !reader_.waits_for_one_thing(waiter.frames)) return seen->second;
  LockInfo info;
  if (locks_.size() < kMostLocks) {
    info = reader_.describe(waiter, found);
  } else {
    info.kind = found.kind;
    info.name = "others";
  }
  // Several waits can mean the same: an Event has a lock of its own for each that waits.
  const auto meant = std::tuple(info.kind, info.address);
  if (const auto known = known_.find(meant); known != known_.end()) return known->second;
  info.index = static_cast<LockIndex>(locks_.size());
  known_.emplace(meant, info.index);
  if (meant == key || is_contention(info.kind)) known_.emplace(key, info.index);
  locks_.emplace_back().info = info;
  met.push_back(std::move(info));
  return locks_.back().info.index;
}

// --- who has it ------------------------------------------------------------------------------------------------------

void LockTable::refresh_owners(Nanos now, std::vector<LockOwner>& changed) {
  budget_ = kFrameBudget;
  for (const LockIndex index : contended_) {
    Record& record = locks_[to_int(index)];
    if (now < record.owner_due || budget_ == 0) continue;
    const LockKind kind = record.info.kind;
    std::optional<ThreadIndex> owner;
    bool inferred = false;
    Nanos holds = kOwnerHolds;
    if (kind == LockKind::kRLock) {
      const auto ident = reader_.owner_of_rlock(record.info.address);
      if (ident.has_value()) owner = thread_of(*ident);
    } else if (kind == LockKind::kStopTheWorld) {
      if (const auto state = reader_.who_stops_the_world(record.info.address)) owner = thread_at(*state);
    } else if (kind == LockKind::kObject) {
      owner = find_section(record);
    } else if (kind == LockKind::kLock) {
      owner = find_with(record);
      inferred = owner.has_value();
    } else if (kind == LockKind::kThread) {
      if (const auto ident = reader_.joined(record.info.address)) owner = thread_of(*ident);
      holds = kJoinHolds;
    } else {
      continue;
    }
    record.owner_due = now + (owner.has_value() ? holds : kNotFound);
    if (owner == record.owner) continue;
    record.owner = owner;
    record.inferred = inferred;
    changed.push_back({index, owner, inferred});
  }
}

std::optional<ThreadIndex> LockTable::thread_of(ThreadIdent ident) const {
  const auto found = std::ranges::find_if(threads_.alive(), [&](ThreadIndex thread) {
    const ThreadRecord& record = threads_.at(thread);
    return record.info.python && record.info.ident == ident && !record.dormant.value_or(false);
  });
  return found == threads_.alive().end() ? std::nullopt : std::optional(*found);
}

std::optional<ThreadIndex> LockTable::thread_at(RemoteAddr state) const {
  const auto found =
      std::ranges::find(threads_.alive(), state, [&](ThreadIndex thread) { return threads_.at(thread).state; });
  return found == threads_.alive().end() ? std::nullopt : std::optional(*found);
}

// CPython does not write down who has a Lock. Whoever is in a `with` statement of it has it, even while he waits for it
// once more, which is for ever. Else it is the one who waited for it and does not any more, but has not got so far as
// to run Python again: it has the lock and wants the GIL, or a CPU.
std::optional<ThreadIndex> LockTable::find_with(const Record& record) {
  const auto is_within = [&](ThreadIndex thread) {
    return threads_.at(thread).alive && std::ranges::find(had_by(thread), record.info.address) != had_by(thread).end();
  };
  const auto was_given_it = [&](ThreadIndex thread) {
    const ThreadRecord& candidate = threads_.at(thread);
    return candidate.alive && !candidate.lock.has_value() && candidate.left_lock == record.info.index &&
           candidate.lock_stack_tick == candidate.stack_tick;
  };
  if (record.owner.has_value() && is_within(*record.owner)) return record.owner;
  auto found = std::ranges::find_if(threads_.alive(), is_within);
  if (found == threads_.alive().end()) found = std::ranges::find_if(threads_.alive(), was_given_it);
  return found == threads_.alive().end() ? std::nullopt : std::optional(*found);
}

const std::vector<RemoteAddr>& LockTable::had_by(ThreadIndex thread) {
  ThreadRecord& record = threads_.at(thread);
  if (record.locks_had_tick == record.stack_tick || budget_ == 0 || !record.info.python) return record.locks_had;
  record.locks_had_tick = record.stack_tick;
  record.locks_had.clear();
  const std::vector<FramePlace> places = places_of(record.plan);
  budget_ -= std::min(budget_, places.size());
  const RemoteAddr let_go = reader_.let_go_by(places);
  for (const FramePlace& place : places) {
    for (const RemoteAddr object : frames_.kept_for_handlers(place)) {
      const RemoteAddr lock = reader_.lock_behind(object);
      if (!lock.is_null() && lock != let_go) record.locks_had.push_back(lock);
    }
  }
  return record.locks_had;
}

std::optional<ThreadIndex> LockTable::find_section(const Record& record) {
  const RemoteAddr mutex = record.info.address + layout_.object.mutex;
  for (const ThreadIndex thread : threads_.alive()) {
    const ThreadRecord& candidate = threads_.at(thread);
    if (!candidate.info.python) continue;
    if (candidate.lock.has_value() && locks_[to_int(candidate.lock->lock)].info.address == record.info.address)
      continue;
    if (is_in_section(thread, mutex)) return thread;
  }
  return std::nullopt;
}

// Sections of one thread link to each other, the innermost first; those outside of an inactive one are, too.
bool LockTable::is_in_section(ThreadIndex thread, RemoteAddr mutex) {
  auto tagged = read_value<std::uint64_t>(memory_, threads_.at(thread).state + layout_.thread.critical_section);
  for (int steps = 0; steps < kMostSections && tagged.has_value() && *tagged > kInactive + kTwoMutexes; ++steps) {
    if ((*tagged & kInactive) != 0) return false;
    const RemoteAddr section(*tagged & ~(kInactive | kTwoMutexes));
    if (read_pointer(memory_, section + kSectionMutex).value_or(RemoteAddr{}) == mutex) return true;
    const bool two = (*tagged & kTwoMutexes) != 0;
    if (two && read_pointer(memory_, section + kSectionMutex2).value_or(RemoteAddr{}) == mutex) return true;
    tagged = read_value<std::uint64_t>(memory_, section);
  }
  return false;
}

}  // namespace gilspy::sample
