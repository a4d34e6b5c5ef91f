// Copies of native stacks. A thread that is blocked tells the kernel where its stack is, and does not change it: it is
// copied as it stands, and counts if the thread is blocked in the same place afterwards. A thread that runs is stopped
// alone, for as long as it takes to copy its registers, its stack and its Python frames. What was copied is unwound
// elsewhere (native.h).
//
// A thread that stands where it stood when it was copied last, with the same Python frames, is not copied again.
#include <algorithm>
#include <utility>

#include "sampler.h"

namespace gilspy::sample {
namespace {

using std::chrono_literals::operator""us;
using std::chrono_literals::operator""ms;

constexpr std::uint64_t kPage = 4096;
// Threads that run without the GIL and are stopped at a tick, at most.
constexpr std::size_t kMostRunners = 2;
// A thread that has no CPU stops when it gets one, which takes a time slice of the scheduler or two. Whoever holds the
// GIL is worth waiting for until the next tick is near: nobody else can run Python meanwhile.
constexpr Nanos kMostPatience = 4ms;
constexpr Nanos kMostPatienceWithRunners = 500us;

Nanos patience_with_holder(const Sample& sample) {
  return sample.period.count() > 0 ? std::min(sample.period * 3 / 4, kMostPatience) : kMostPatience;
}

bool is_same_place(const SyscallFacts& a, const SyscallFacts& b) {
  return a.state == b.state && a.number == b.number && a.first_argument == b.first_argument &&
         a.stack_pointer == b.stack_pointer && a.instruction == b.instruction;
}

bool is_blocked(const SyscallFacts& facts) {
  return facts.state != SyscallFacts::State::kRunning && !facts.stack_pointer.is_null();
}

// From the stack pointer to the end of the page, and page after page: the stack ends where nothing is mapped. One piece
// is quicker copied where the end is known; `end`: null where it is not.
std::size_t copy_stack(MemoryReader& memory, RemoteAddr from, std::span<std::byte> into, RemoteAddr& end) {
  if (from < end) {
    const ReadRange whole{from, into.first(std::min<std::size_t>(end.since(from), into.size()))};
    const auto complete = memory.read_batch({&whole, 1});
    if (complete.has_value() && *complete == 1) return whole.into.size();
    end = RemoteAddr{};
  }
  std::vector<ReadRange> ranges;
  for (std::size_t at = 0; at < into.size();) {
    const std::size_t size = std::min<std::size_t>(into.size() - at, kPage - (from + at).value() % kPage);
    ranges.push_back({from + at, into.subspan(at, size)});
    at += size;
  }
  const auto complete = memory.read_batch(ranges);
  std::size_t copied = 0;
  for (std::size_t i = 0; complete.has_value() && i < *complete; ++i) copied += ranges[i].into.size();
  end = copied < into.size() ? from + copied : RemoteAddr{};
  return copied;
}

}  // namespace

bool LiveSampler::holds_gil(const ThreadRecord& record, std::span<const GilWords> words) const {
  const GilWords& gil = words[to_int(record.info.gil)];
  return gil.enabled && gil.locked && gil.last_holder == record.state;
}

// As soon as its Python stack was read, while it still is what the GIL's words told.
void LiveSampler::copy_native_of_holders(Sample& sample) {
  std::vector<ThreadIndex> threads = holders();
  threads.insert(threads.end(), attached_.begin(), attached_.end());
  for (const ThreadIndex thread : threads) copy_native_stopped(thread, sample);
}

// Those of whom this tick tells something, and some of those that run without the GIL.
void LiveSampler::copy_native_of_others(Sample& sample) {
  for (std::size_t i = 0; i < sample.threads.size(); ++i) {
    const ThreadFacts& facts = sample.threads[i];
    const ThreadRecord& record = table_.at(facts.thread);
    if (!record.alive || !record.info.python || record.native_tick == tick_) continue;
    if (facts.os_read || facts.quality != StackQuality::kUnchanged) copy_native_blocked(facts.thread, sample);
  }
  copy_native_of_runners(sample);
}

void LiveSampler::copy_native_of_runners(Sample& sample) {
  const std::vector<ThreadIndex> running = running_;
  for (std::size_t looked = 0, stopped = 0; looked < running.size() && stopped < kMostRunners; ++looked) {
    native_cursor_ = (native_cursor_ + 1) % running.size();
    const ThreadRecord& record = table_.at(running[native_cursor_]);
    const bool runs = record.alive && record.os == SyscallFacts::State::kRunning && record.info.python;
    if (!runs || record.native_tick == tick_ || record.place != WaitPlace::kNone || holds_gil(record, now_)) continue;
    if (copy_native_stopped(running[native_cursor_], sample)) ++stopped;
  }
}

// False: it does not run, or could not be copied.
bool LiveSampler::copy_native_stopped(ThreadIndex thread, Sample& sample) {
  ThreadRecord& record = table_.at(thread);
  if (record.native_tick == tick_ || !record.alive) return false;
  const bool held = holds_gil(record, now_);
  const auto call = target_.syscall_of(record.info.tid);
  if (!call.has_value() || call->state != SyscallFacts::State::kRunning) return false;
  const Nanos most = patience_with_holder(sample);
  auto stop = target_.stop_briefly(record.info.tid, held ? most : std::min(most, kMostPatienceWithRunners));
  if (!stop.has_value()) {
    sample.stop_denied = true;
    return false;
  }
  record.let_go = true;
  std::optional<NativeCopied> copied;
  if ((*stop)->holds(record.info.tid)) {
    const auto registers = (*stop)->registers(record.info.tid);
    // Meanwhile it may have let go of the GIL, or got it: then it does something else than this tick says.
    const bool as_told =
        words_.read(then_, other_heads_).has_value() && then_.size() == now_.size() && holds_gil(record, then_) == held;
    if (registers.has_value() && as_told) copied = copy_native(record, *registers);
  }
  sample.pause += (*stop)->release();
  if (copied) keep_native(thread, *copied, -1, sample);
  return copied.has_value();
}

bool LiveSampler::copy_native_blocked(ThreadIndex thread, Sample& sample) {
  ThreadRecord& record = table_.at(thread);
  if (record.os_tick != tick_) {
    const auto call = target_.syscall_of(record.info.tid);
    if (!call.has_value()) return false;
    record.blocked = *call;
  }
  const auto all_registers = target_.registers_of(record.info.tid);
  if (!is_blocked(record.blocked) && !all_registers) return false;
  const bool known = record.native != nullptr && is_same_place(record.blocked, record.native_call) &&
                     record.native->copy.python == record.stack;
  if (!known) {
    const SyscallFacts before = record.blocked;
    Registers told;
    told.set(Registers::kStackPointer, before.stack_pointer.value());
    told.set(Registers::kInstruction, before.instruction.value());
    record.native = nullptr;
    const auto copied = copy_native(record, all_registers.value_or(told));
    if (!copied) return false;
    const auto after = target_.syscall_of(record.info.tid);
    if (!after.has_value() || !is_same_place(before, *after)) return false;
    keep_native(thread, *copied, before.number, sample);
    record.native_call = before;
  }
  record.native_tick = tick_;
  return true;
}

// Whoever has overflowed its stack points below what is mapped: then with zeros up to there.
std::size_t LiveSampler::copy_native_stack(RemoteAddr from, RemoteAddr& end) {
  constexpr std::uint64_t kMostBelow = 16 * kPage;
  stack_bytes_.resize(kMostStackBytes);
  const std::span<std::byte> bytes(stack_bytes_);
  if (const std::size_t size = copy_stack(target_, from, bytes, end); size > 0) return size;
  for (std::uint64_t below = kPage - from.value() % kPage; below <= kMostBelow; below += kPage) {
    const std::size_t size = copy_stack(target_, from + below, bytes.subspan(below), end);
    if (size == 0) continue;
    std::ranges::fill(bytes.first(below), std::byte{0});
    return below + size;
  }
  return 0;
}

// While it stands still. Nothing: its stacks could not be read.
std::optional<LiveSampler::NativeCopied> LiveSampler::copy_native(ThreadRecord& record, const Registers& registers) {
  // A pthread's struct lies above its stack. What comes behind may be mapped as well: the stack of another thread.
  if (record.stack_end.is_null()) record.stack_end = RemoteAddr(to_int(record.info.ident));
  const std::size_t size = copy_native_stack(registers.stack_pointer(), record.stack_end);
  const StackRequest request{record.state, record.id, &record.plan, true};
  std::vector<StackOutcome> outcomes;
  if (!stacks_.read({&request, 1}, outcomes).has_value()) return std::nullopt;
  const StackOutcome& outcome = outcomes.front();
  if (size == 0 || outcome.other_thread || outcome.quality != StackQuality::kWhole) return std::nullopt;
  return NativeCopied{registers, size, outcome};
}

// It may go on meanwhile.
void LiveSampler::keep_native(ThreadIndex thread, const NativeCopied& copied, std::int64_t system_call,
                              Sample& sample) {
  ThreadRecord& record = table_.at(thread);
  const StackOutcome& outcome = copied.python;
  auto job = std::make_shared<NativeJob>();
  job->copy.registers = copied.registers;
  job->copy.stack.assign(stack_bytes_.begin(), stack_bytes_.begin() + static_cast<std::ptrdiff_t>(copied.size));
  job->copy.system_call = system_call;
  job->copy.python = outcome.stack;
  for (std::size_t depth = 0; depth < std::min(record.plan.depth, record.plan.known.size()); ++depth) {
    const KnownFrame& frame = record.plan.known[depth];
    if (frame.code.is_null()) job->copy.behind_left_out = 0;
    if (!frame.entry) continue;
    job->copy.entries.push_back({static_cast<std::uint32_t>(depth), frame.anchor});
    if (job->copy.behind_left_out) ++*job->copy.behind_left_out;
  }
  record.native = std::move(job);
  record.native_tick = tick_;
  record.native_call = {};
  ThreadFacts& facts = facts_of(thread, sample);
  if (facts.quality != StackQuality::kUnchanged && facts.stack == outcome.stack) return;
  // Read for the first time at this tick, or once more: it went on since.
  const auto switches = facts.context_switches;
  note_stack(thread, outcome, sample);
  ThreadFacts& now = facts_of(thread, sample);
  if (switches.has_value() && now.context_switches.has_value()) *now.context_switches += *switches;
}

// Which stacks of this sample have native functions. Those of a thread that could not be copied now, does not hold the
// GIL and has the Python frames that it had are taken to be as they were: mostly it was woken and has no CPU yet.
void LiveSampler::tell_native(Sample& sample) {
  for (std::size_t i = 0; i < sample.threads.size(); ++i) {
    ThreadFacts& facts = sample.threads[i];
    const ThreadRecord& record = table_.at(facts.thread);
    if (facts.ended || !record.info.python) continue;
    const bool fits = record.native != nullptr && record.native->copy.python == record.stack;
    const bool copied = fits && record.native_tick == tick_;
    if (copied && facts.quality == StackQuality::kUnchanged) {
      facts.quality = StackQuality::kWhole;
      facts.stack = record.stack;
    }
    const bool has_stack = facts.quality == StackQuality::kWhole || facts.quality == StackQuality::kTruncated;
    const bool runs_python = holds_gil(record, now_) || record.attach == AttachState::kAttached;
    if (copied || (fits && has_stack && !runs_python)) {
      sample.natives.push_back({i, record.native});
    } else if (has_stack) {
      facts.native = NativeQuality::kLost;
    }
  }
}

}  // namespace gilspy::sample
