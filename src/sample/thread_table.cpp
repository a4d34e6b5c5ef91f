#include "thread_table.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "gilspy/memory.h"

namespace gilspy::sample {
namespace {

constexpr std::size_t kMostThreads = 200'000;

}  // namespace

std::optional<ThreadIndex> ThreadTable::find(RemoteAddr state) const {
  const auto found = by_state_.find(state);
  if (found == by_state_.end()) return std::nullopt;
  return found->second;
}

ThreadTable::Link ThreadTable::view_link(RemoteAddr address, std::span<const std::byte> bytes) const {
  const StructView view(bytes);
  return {address,
          view.pointer(layout_.thread.next),
          view.pointer(layout_.thread.interpreter),
          view.get<std::uint64_t>(layout_.thread.id),
          layout_.thread.native_thread_id == kAbsent ? 0 : view.get<std::uint64_t>(layout_.thread.native_thread_id),
          view.get<std::uint64_t>(layout_.thread.thread_id),
          layout_.frame_root == FrameRoot::kViaCframe ? view.pointer(layout_.thread.frame_root) : RemoteAddr{}};
}

// All known thread states of the interpreter in one call: following the list then costs a read only for new ones.
Result<void> ThreadTable::prefetch(const InterpreterRecord& interpreter) {
  std::vector<RemoteAddr> addresses;
  for (const ThreadIndex thread : alive_) {
    const ThreadRecord& record = at(thread);
    if (record.info.python && record.info.interpreter_id == interpreter.id) addresses.push_back(record.state);
  }
  prefetched_.clear();
  bytes_.resize(addresses.size() * layout_.thread.size);
  std::vector<ReadRange> ranges;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    ranges.push_back({addresses[i], std::span(bytes_).subspan(i * layout_.thread.size, layout_.thread.size)});
  }
  return read_those_there(target_, ranges, [&](std::size_t i) {
    prefetched_.emplace(addresses[i], view_link(addresses[i], ranges[i].into));
  });
}

Result<ThreadTable::Link> ThreadTable::link_at(RemoteAddr address) {
  if (const auto found = prefetched_.find(address); found != prefetched_.end()) return found->second;
  bytes_.resize(layout_.thread.size);
  GILSPY_CHECK(read_exact(target_, address, bytes_));
  return view_link(address, bytes_);
}

// False: it changed while it was followed, and what was met is not all of it.
Result<bool> ThreadTable::follow(const InterpreterRecord& interpreter, RemoteAddr head, std::vector<Link>& links) {
  GILSPY_CHECK(prefetch(interpreter));
  links.clear();
  listed_.clear();
  for (RemoteAddr address = head; !address.is_null() && links.size() < kMostThreads; address = links.back().next) {
    const auto link = link_at(address);
    if (!link.has_value() && link.error().code() != ErrorCode::kBadAddress) return tl::unexpected(link.error());
    if (!link.has_value() || link->interpreter != interpreter.address || !listed_.insert(address).second) return false;
    links.push_back(*link);
  }
  return true;
}

Result<bool> ThreadTable::walk(const InterpreterRecord& interpreter, std::vector<ThreadInfo>& started,
                               std::vector<ThreadIndex>& ended) {
  if (visitors_ && layout_.frame_root == FrameRoot::kViaCframe) {
    GILSPY_TRY(mappings_, target_.mappings());
  }
  std::vector<Link> links;
  GILSPY_TRY(const bool whole, follow(interpreter, interpreter.head, links));
  // Oldest first: a thread is met after the one that created it.
  met_.clear();
  bool ready = true;
  for (auto link = links.rbegin(); link != links.rend(); ++link) ready = meet(interpreter, *link, started) && ready;
  if (!whole) return false;
  GILSPY_TRY(const bool sure, retire_missing(interpreter, ended));
  return sure && ready;
}

// Up to 3.12, running code in another interpreter uses the thread state of whoever created that interpreter, whose ids
// stay in it (_xxsubinterpretersmodule.c). But its _PyCFrame lies on the C stack of the thread that runs it.
std::optional<Tid> ThreadTable::tid_of(const Link& link) {
  const std::optional<Tid> named = ids_.tid_of(link.native_id, static_cast<ThreadIdent>(link.ident));
  if (!visitors_ || link.cframe.is_null()) return named;
  const auto stack =
      std::ranges::find_if(mappings_, [&](const Mapping& m) { return link.cframe.in(m.begin, m.end.since(m.begin)); });
  if (stack == mappings_.end()) return idle_owner(link);
  if (stack->path == "[stack]") return static_cast<Tid>(to_int(target_.identity().pid));
  // A pthread's struct lies above its stack, in the same mapping or the next one: the nearest above is the thread's.
  std::optional<Tid> nearest;
  std::uint64_t distance = 0;
  for (const ThreadIndex thread : alive_) {
    const ThreadInfo& info = at(thread).info;
    const RemoteAddr end(to_int(info.ident));
    if (!info.python || !end.in(stack->begin, stack->end.since(stack->begin)) || end < link.cframe) continue;
    if (nearest.has_value() && end.since(link.cframe) >= distance) continue;
    nearest = info.tid;
    distance = end.since(link.cframe);
  }
  return nearest.has_value() ? nearest : idle_owner(link);
}

// Nobody runs it: it stays with the thread that did, else with the one that it names.
std::optional<Tid> ThreadTable::idle_owner(const Link& link) {
  if (const auto known = find(link.address); known.has_value()) return at(*known).info.tid;
  return ids_.tid_of(link.native_id, static_cast<ThreadIdent>(link.ident));
}

std::vector<ThreadIndex> ThreadTable::shared_tids() const {
  std::unordered_map<std::int32_t, int> count;
  for (const ThreadIndex thread : alive_) {
    if (at(thread).info.python) ++count[to_int(at(thread).info.tid)];
  }
  std::vector<ThreadIndex> shared;
  for (const ThreadIndex thread : alive_) {
    const ThreadRecord& record = at(thread);
    if (!record.info.python) continue;
    // One that was dormant beside another state is told apart once more when that is gone.
    if (count[to_int(record.info.tid)] > 1 || record.dormant.value_or(false)) shared.push_back(thread);
  }
  std::ranges::stable_sort(shared, {}, [this](ThreadIndex thread) { return to_int(at(thread).info.tid); });
  return shared;
}

// False when the thread is not running yet: its parent links its state before it exists.
bool ThreadTable::meet(const InterpreterRecord& interpreter, const Link& link, std::vector<ThreadInfo>& started) {
  if (const auto known = find(link.address); known.has_value()) {
    const bool same = at(*known).id == link.id && at(*known).info.interpreter_id == interpreter.id;
    if (same && (!visitors_ || tid_of(link).value_or(at(*known).info.tid) == at(*known).info.tid)) {
      met_.insert(to_int(*known));
      return true;
    }
    by_state_.erase(link.address);  // it belongs to somebody else now; the one before is missing and will be retired
  }
  const std::optional<Tid> tid = tid_of(link);
  if (!tid.has_value() || carries_its_creators_tid(interpreter, *tid)) return false;
  ThreadRecord record;
  record.info.tid = *tid;
  record.info.ident = static_cast<ThreadIdent>(link.ident);
  record.info.interpreter_id = interpreter.id;
  record.info.gil = interpreter.gil;
  record.state = link.address;
  record.interpreter = interpreter.address;
  record.id = link.id;
  const ThreadIndex added = add(std::move(record), started);
  by_state_[link.address] = added;
  met_.insert(to_int(added));
  python_tids_.insert(to_int(*tid));
  return true;
}

// Up to 3.11 a new thread state names the thread that made it until its own thread runs.
bool ThreadTable::carries_its_creators_tid(const InterpreterRecord& interpreter, Tid tid) const {
  if (!python_tids_.contains(to_int(tid))) return false;
  return std::ranges::any_of(alive_, [&](ThreadIndex thread) {
    const ThreadRecord& record = at(thread);
    return record.info.tid == tid && record.info.interpreter_id == interpreter.id && met_.contains(to_int(thread));
  });
}

// Every visit to an interpreter may make a thread state anew, and so does every PyGILState_Ensure() of a thread that C
// code started; to us it is the same thread that comes again. The kernel uses tids again, with another stack mostly.
std::optional<ThreadIndex> ThreadTable::earlier_visit(const ThreadRecord& visitor) const {
  const auto known = latest_.find(place_of(visitor));
  if (known == latest_.end()) return std::nullopt;
  const ThreadRecord& record = at(known->second);
  const bool is_there = record.alive && listed_.contains(record.state) && find(record.state) == record.info.index;
  if (is_there || (!visitors_ && record.info.ident != visitor.info.ident)) return std::nullopt;
  return record.info.index;
}

ThreadIndex ThreadTable::add(ThreadRecord record, std::vector<ThreadInfo>& started) {
  const std::optional<ThreadIndex> before = earlier_visit(record);
  record.info.index = before.value_or(static_cast<ThreadIndex>(threads_.size()));
  if (before.has_value()) {
    ThreadRecord& earlier = at(*before);
    end(*before);
    record.info.name = earlier.info.name;
    record.named = earlier.named && visitors_;
    record.place = earlier.place;
    record.fact_tick = earlier.fact_tick;
    record.fact_slot = earlier.fact_slot;
    earlier = std::move(record);
  } else {
    threads_.push_back(std::move(record));
  }
  const ThreadInfo& info = at(before.value_or(static_cast<ThreadIndex>(threads_.size() - 1))).info;
  latest_[place_of(at(info.index))] = info.index;
  alive_.push_back(info.index);
  started.push_back(info);
  return info.index;
}

bool ThreadTable::has_ended(Tid tid) {
  const auto facts = target_.syscall_of(tid);
  return !facts.has_value() && facts.error().code() == ErrorCode::kGone;
}

// Whose state belongs to somebody else by now, or whose OS thread has ended, is gone. Of others a list that changed
// under the walk says nothing: they are gone when a second walk, from the head that is there then, misses them too.
// At once: thread states of C code's threads live for one call, and would seem to live for several ticks.
Result<bool> ThreadTable::retire_missing(const InterpreterRecord& interpreter, std::vector<ThreadIndex>& ended) {
  std::vector<ThreadIndex> gone;
  std::vector<ThreadIndex> doubtful;
  for (const ThreadIndex thread : alive_) {
    const ThreadRecord& record = at(thread);
    if (!record.info.python || record.info.interpreter_id != interpreter.id || met_.contains(to_int(thread))) continue;
    const auto owner = find(record.state);
    const bool replaced = !owner.has_value() || *owner != thread;
    (replaced || has_ended(record.info.tid) ? gone : doubtful).push_back(thread);
  }
  bool sure = true;
  if (!doubtful.empty()) {
    GILSPY_TRY(const RemoteAddr head, read_pointer(target_, interpreter.address + layout_.interpreter.threads_head));
    std::vector<Link> links;
    GILSPY_TRY(sure, follow(interpreter, head, links));
    std::unordered_set<std::uint64_t> there;
    for (const Link& link : links) there.insert(link.id);
    std::ranges::copy_if(doubtful, std::back_inserter(gone),
                         [&](ThreadIndex thread) { return sure && !there.contains(at(thread).id); });
  }
  retire(gone, ended);
  return sure;
}

void ThreadTable::retire_orphans(const std::vector<InterpreterRecord>& living, std::vector<ThreadIndex>& ended) {
  std::vector<ThreadIndex> gone;
  for (const ThreadIndex thread : alive_) {
    const ThreadInfo& info = at(thread).info;
    if (info.python && std::ranges::count(living, info.interpreter_id, &InterpreterRecord::id) == 0) {
      gone.push_back(thread);
    }
  }
  retire(gone, ended);
}

void ThreadTable::retire(const std::vector<ThreadIndex>& gone, std::vector<ThreadIndex>& ended) {
  for (const ThreadIndex thread : gone) {
    end(thread);
    ended.push_back(thread);
  }
}

Result<void> ThreadTable::scan_native(std::vector<ThreadInfo>& started, std::vector<ThreadIndex>& ended) {
  GILSPY_TRY(const std::vector<Tid> tids, target_.threads());
  std::unordered_map<std::int32_t, int> sightings;
  for (const Tid tid : tids) {
    if (python_tids_.contains(to_int(tid))) continue;
    const int seen = native_sightings_[to_int(tid)] + 1;
    sightings[to_int(tid)] = seen;
    if (seen != 2) continue;
    ThreadRecord record;
    record.info.tid = tid;
    record.info.python = false;
    add(std::move(record), started);
  }
  native_sightings_ = std::move(sightings);
  std::vector<ThreadIndex> gone;
  for (const ThreadIndex thread : alive_) {
    const ThreadInfo& info = at(thread).info;
    if (!info.python && !native_sightings_.contains(to_int(info.tid))) gone.push_back(thread);
  }
  retire(gone, ended);
  return {};
}

void ThreadTable::end(ThreadIndex index) {
  ThreadRecord& record = at(index);
  if (!record.alive) return;
  record.alive = false;
  record.plan = {};
  std::erase(alive_, index);
  if (const auto owner = find(record.state); owner.has_value() && *owner == index) by_state_.erase(record.state);
  if (std::ranges::any_of(alive_, [&](ThreadIndex other) { return at(other).info.tid == record.info.tid; })) return;
  python_tids_.erase(to_int(record.info.tid));  // the kernel uses tids again
  target_.forget(record.info.tid);
}

}  // namespace gilspy::sample
