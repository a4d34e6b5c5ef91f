// What the kernel says of the threads, on a budget: who runs, who is blocked and where, who queues for a CPU.
#include <algorithm>

#include "gilspy/memory.h"
#include "musl_waiters.h"
#include "sampler.h"

namespace gilspy::sample {
namespace {

using std::chrono_literals::operator""us;

constexpr std::size_t kOsBudget = 16;     // OS facts a tick
constexpr std::size_t kQuietRefresh = 2;  // OS facts a tick of threads that nothing points to
// So long a thread is taken to do what the kernel said, unless it got or lost the GIL: ticks can come faster than
// threads fall asleep and wake up.
constexpr Nanos kOsHolds = 250us;

}  // namespace

Result<void> LiveSampler::read_os_facts(Sample& sample) {
  const std::vector<ThreadIndex> touched = touched_;  // a thread that turns out to have ended leaves the list
  for (const ThreadIndex thread : touched) {
    if (table_.at(thread).attach != AttachState::kAttached) read_os(thread, sample);
  }
  for (const GilFacts& gil : sample.gils) {
    if (gil.locked && gil.last_holder.has_value()) read_run_queue(*gil.last_holder, sample);
  }
  refresh_others(sample);
  locks_.refresh_owners(time_, sample.owners);
  return look_again(sample);
}

// What was read after the GILs' second words may be of another time: of a stack, or that a holder was blocked.
Result<void> LiveSampler::look_again(Sample& sample) {
  const auto blocked_holder = [&](const GilFacts& gil) {
    if (!gil.locked || !gil.last_holder.has_value()) return false;
    const ThreadRecord& holder = table_.at(*gil.last_holder);
    return holder.os_tick == tick_ && holder.os != SyscallFacts::State::kRunning;
  };
  if (!all_were_ahead_ || std::ranges::any_of(sample.gils, blocked_holder)) {
    GILSPY_CHECK(words_.read(after_, other_heads_));
  }
  for (std::size_t i = 0; i < now_.size() && i < after_.size(); ++i) {
    sample.gils[i].steady = now_[i].same_holding(after_[i]);
  }
  return {};
}

// Threads that ran natively may stop to; beyond them, threads whose state nothing announces: more of them when the
// number of waiters by the condition variable is not the number that our records say.
void LiveSampler::refresh_others(Sample& sample) {
  for (const ThreadInfo& info : sample.started) {
    if (info.python) read_os(info.index, sample);
  }
  std::size_t budget = kOsBudget;
  const auto refresh = [&](ThreadIndex thread) {
    const ThreadRecord& record = table_.at(thread);
    if (!record.alive || !record.info.python || record.os_tick == tick_ || time_ < record.os_due) return;
    --budget;
    read_os(thread, sample);
  };
  const std::vector<ThreadIndex> running = running_;
  for (const ThreadIndex thread : running) {
    if (budget > kQuietRefresh) refresh(thread);  // however many run: the others have their turn
  }
  if (accounts_agree(sample)) budget = std::min(budget, kQuietRefresh);
  const std::vector<ThreadIndex> recent = budget > kQuietRefresh ? recent_ : std::vector<ThreadIndex>{};
  for (const ThreadIndex thread : recent) {
    if (budget > kQuietRefresh) refresh(thread);
  }
  for (std::size_t looked = 0; looked < table_.alive().size() && budget > 0; ++looked) {
    os_cursor_ = (os_cursor_ + 1) % table_.alive().size();  // threads that turn out to have ended leave the list
    refresh(table_.alive()[os_cursor_]);
  }
}

bool LiveSampler::accounts_agree(const Sample& sample) const {
  for (std::size_t i = 0; i < sample.gils.size(); ++i) {
    const GilFacts& gil = sample.gils[i];
    if (!gil.enabled) continue;
    if (!gil.cond_waiters.has_value()) return false;
    if (*gil.cond_waiters != words_.gils()[i].known_waiters) return false;
  }
  return true;
}

void LiveSampler::read_os(ThreadIndex thread, Sample& sample) {
  ThreadRecord& record = table_.at(thread);
  if (!record.alive || record.os_tick == tick_ || record.dormant.value_or(false)) return;
  if (time_ < record.os_due) return;
  // Its frames changed while they were read: no need to ask the kernel whether it runs.
  if (record.stack_tick == tick_ && record.moved) return note_os(thread, {SyscallFacts::State::kRunning}, sample);
  auto read = target_.syscall_of(record.info.tid);
  if (read.has_value()) {
    // Until its CPU hears that it may go on it seems blocked, which on a virtual CPU can take milliseconds.
    record.let_go = record.let_go && read->state == SyscallFacts::State::kElsewhere;
    if (record.let_go) read->state = SyscallFacts::State::kRunning;
    return note_os(thread, *read, sample);
  }
  if (read.error().code() == ErrorCode::kGone) {
    table_.end(thread);
    drop_thread(thread, sample);
  }
}

void LiveSampler::note_os(ThreadIndex thread, const SyscallFacts& read, Sample& sample) {
  ThreadRecord& record = table_.at(thread);
  record.os_tick = tick_;
  record.os_due = time_ + kOsHolds;
  record.blocked = read;
  place_thread(record, read);
  // Nobody announces who ran without a GIL: whoever is blocked in another call did, though its frame may be the same.
  const bool ran = read.number != record.call || read.first_argument != record.call_argument;
  if (ran && record.attach != AttachState::kNotRead && record.stack_tick != tick_) ran_.push_back(thread);
  record.call = read.number;
  record.call_argument = read.first_argument;
  ThreadFacts& facts = facts_of(thread, sample);
  facts.os_read = true;
  facts.os = record.os;
  facts.place = record.place;
  facts.blocked_in = read.blocked_in;
  note_lock(thread, read, sample);
  facts_of(thread, sample).lock = record.lock;
  // Looked at again at the next tick: who computes natively, and who is attached without a GIL and yet blocked.
  std::erase(running_, thread);
  const bool runs = record.os == SyscallFacts::State::kRunning;
  if (runs != (record.attach == AttachState::kAttached)) running_.push_back(thread);
}

void LiveSampler::place_thread(ThreadRecord& record, const SyscallFacts& facts) {
  record.os = facts.state;
  GilRecord& gil = words_.gils()[to_int(record.info.gil)];
  const RemoteAddr futex(facts.first_argument);
  const bool in_futex = facts.state == SyscallFacts::State::kInSyscall && facts.number == kFutexSyscall;
  WaitPlace place = WaitPlace::kNone;
  if (in_futex && futex.in(gil.address, layout_.gil.size)) place = WaitPlace::kGilMutex;
  for (const Offset offset : {layout_.gil.cond, layout_.gil.switch_cond}) {
    const RemoteAddr cond = gil.address + offset;
    if (!in_futex || !futex.in(cond, kCondSize)) continue;
    place = WaitPlace::kGilCond;
    // Which word the waiters sleep on tells the layout of the target's pthread_cond_t: __g_signals stands at 40 in
    // glibc 2.36 and at 32 in 2.43, __wrefs right before it.
    gil.wrefs = futex.since(cond) >= 40 ? 36 : 28;
  }
  if (in_futex && place == WaitPlace::kNone && record.info.python && waits_on_musl_gil(gil, futex)) {
    place = WaitPlace::kGilCond;
  }
  set_place(record, place);
}

bool LiveSampler::waits_on_musl_gil(const GilRecord& gil, RemoteAddr futex) {
  return gil.enabled && (waits_on_musl(target_, futex, gil.address + layout_.gil.cond) ||
                         waits_on_musl(target_, futex, gil.address + layout_.gil.switch_cond));
}

void LiveSampler::note_lock(ThreadIndex thread, const SyscallFacts& read, Sample& sample) {
  const ThreadRecord& record = table_.at(thread);
  const bool in_futex = read.state == SyscallFacts::State::kInSyscall && read.number == kFutexSyscall;
  const bool stands = record.attach == AttachState::kSuspended;
  if (stands && read.state == SyscallFacts::State::kRunning) {  // it was just woken, or has not parked yet
    locks_.stand_still(thread, record.interpreter, sample.locks);
    return;
  }
  if (!in_futex || record.place != WaitPlace::kNone || !record.info.python) return locks_.leave(thread);
  locks_.enter(thread, record.interpreter, read, time_, sample.locks);
}

void LiveSampler::set_place(ThreadRecord& record, WaitPlace place) {
  GilRecord& gil = words_.gils()[to_int(record.info.gil)];
  if (record.place == WaitPlace::kGilCond) --gil.known_waiters;
  if (place == WaitPlace::kGilCond) ++gil.known_waiters;
  record.place = place;
}

std::optional<std::uint32_t> LiveSampler::cond_waiters(const GilRecord& gil, const GilWords& words) const {
  if (!gil.wrefs.has_value()) return std::nullopt;
  std::uint32_t waiters = 0;
  for (const auto& cond : {words.cond, words.switch_cond}) {
    const auto wrefs = StructView(cond).get<std::uint32_t>(*gil.wrefs);
    // Bit 0 marks a condition variable shared by processes, bit 2 one that is being destroyed: neither is the GIL's.
    if ((wrefs & 5U) != 0 || (wrefs >> 3) > table_.alive().size()) return std::nullopt;
    waiters += wrefs >> 3;
  }
  return waiters;
}

// It moves at scheduler ticks only, so there is no need to follow it closely.
void LiveSampler::read_run_queue(ThreadIndex holder, Sample& sample) {
  ThreadRecord& record = table_.at(holder);
  const GilFacts& gil = sample.gils[to_int(record.info.gil)];
  const bool held_since = record.run_queue_read && record.run_queue_switch == gil.switch_number;
  if (!record.alive || (held_since && time_ < record.run_queue_due)) return;
  const auto sched = target_.sched_of(record.info.tid);
  if (!sched.has_value()) return;
  if (held_since) facts_of(holder, sample).run_queue_delay = sched->run_queue - record.run_queue;
  record.run_queue_read = true;
  record.run_queue = sched->run_queue;
  record.run_queue_switch = gil.switch_number;
  record.run_queue_due = time_ + kOsHolds;
}

}  // namespace gilspy::sample
