#include "sampler.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "gilspy/memory.h"

namespace gilspy::sample {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""us;

constexpr std::size_t kStackBudget = 24;  // stacks a tick beyond the holders'
constexpr std::size_t kRecentMost = 48;
constexpr std::size_t kGroup = 64;     // stacks that are read in one call, at most
constexpr std::size_t kMostAhead = 8;  // stacks that are read together with the GILs' words
constexpr Nanos kWalkEvery = 50ms;     // a thread list is walked then though its head stands still
constexpr std::size_t kMany = 1024;    // threads: a list of more is not walked at every tick that finds it changed
constexpr Nanos kWalkRests = 10us;     // for each thread on it
constexpr Nanos kChoresEvery = 100ms;
constexpr Nanos kLivenessEvery = 100ms;

}  // namespace

Result<void> LiveSampler::start() {
  GILSPY_CHECK(words_.find_interpreters());
  if (words_.interpreters().empty()) return fail(ErrorCode::kNotReady, "the interpreter is still starting");
  if (stopping_ != Stopping::kNever) GILSPY_CHECK(target_.may_stop());  // better now than after a minute
  return words_.read(now_, heads_);
}

Result<void> LiveSampler::tick(Nanos now, Sample& sample) {
  ++tick_;
  time_ = now;
  sample.time = now;
  sample.failed = false;
  sample.gils.clear();
  sample.threads.clear();
  // A tick that fails is not looked at: who started or ended in it, and what it met, is told by the next one.
  sample.locks = std::exchange(untold_locks_, {});
  sample.owners = std::exchange(untold_owners_, {});
  sample.started = std::exchange(untold_started_, {});
  for (const ThreadIndex thread : std::exchange(untold_ended_, {})) facts_of(thread, sample).ended = true;
  sample.natives.clear();
  sample.stack_retries = 0;
  sample.holder_stack_lost = false;
  sample.pause = Nanos{0};
  sample.stop_denied = false;
  if (stopping_ != Stopping::kNever || native_) target_.release_late();
  auto taken = take(sample);
  let_go(sample);
  if (!taken.has_value()) return explain_failure(std::move(taken).error(), sample);
  return {};
}

Result<void> LiveSampler::take(Sample& sample) {
  GILSPY_CHECK(slow_chores(sample));
  sample.stopped = stopped_;
  GILSPY_CHECK(look());
  GILSPY_CHECK(walk_lists(sample));
  if (stopping_ == Stopping::kAlways) GILSPY_CHECK(stop_holders(sample));
  note_gils(sample);
  GILSPY_CHECK(read_attach_states(sample));
  if (stopping_ == Stopping::kAlways) GILSPY_CHECK(stop_attached(sample));
  GILSPY_CHECK(read_stacks(sample));
  if (native_) copy_native_of_holders(sample);
  GILSPY_CHECK(read_os_facts(sample));
  if (native_) copy_native_of_others(sample);
  step_tasks(sample);
  tell_dormant(sample);
  if (native_) tell_native(sample);
  names_.refresh(time_, sample.started, words_.interpreters(), table_);
  for (ThreadInfo& info : sample.started) info = table_.at(info.index).info;
  return {};
}

// An exec or the end of the process show as memory that cannot be read any more.
Result<void> LiveSampler::explain_failure(Error error, Sample& sample) {
  sample.failed = true;
  if (error.code() == ErrorCode::kDenied) return tl::unexpected(std::move(error));
  const Liveness liveness = target_.liveness();
  if (liveness == Liveness::kReplaced)
    return fail(ErrorCode::kGone, "the process replaced itself with another program");
  if (liveness == Liveness::kEnded || error.code() == ErrorCode::kGone) {
    return fail(ErrorCode::kGone, "the process ended");
  }
  untold_started_ = sample.started;
  untold_locks_ = sample.locks;
  untold_owners_ = sample.owners;
  for (const ThreadFacts& facts : sample.threads) {
    if (facts.ended) untold_ended_.push_back(facts.thread);
  }
  // Alive: an interpreter came or went under our feet, or the read raced with its end. The next tick looks again.
  if (auto found = words_.find_interpreters(); !found.has_value() && found.error().code() == ErrorCode::kDenied) {
    return found;
  }
  return {};
}

Result<void> LiveSampler::slow_chores(Sample& sample) {
  if (time_ >= next_liveness_) {
    next_liveness_ = time_ + kLivenessEvery;
    const Liveness liveness = target_.liveness();
    stopped_ = liveness == Liveness::kStopped;
    if (!stopped_ && liveness != Liveness::kAlive) return fail(ErrorCode::kGone, "the process ended");
  }
  if (time_ < next_chores_) return {};
  next_chores_ = time_ + kChoresEvery;
  codes_.next_epoch();
  GILSPY_CHECK(words_.find_interpreters());
  table_.expect_visitors(words_.interpreters().size() > 1);
  std::vector<ThreadIndex> ended;
  table_.retire_orphans(words_.interpreters(), ended);
  GILSPY_CHECK(table_.scan_native(sample.started, ended));
  for (const ThreadIndex thread : ended) drop_thread(thread, sample);
  for (const ThreadIndex thread : table_.alive()) {
    const ThreadInfo& info = table_.at(thread).info;
    if (info.python) continue;
    if (const auto sched = target_.sched_of(info.tid)) facts_of(thread, sample).on_cpu = sched->on_cpu;
  }
  return {};
}

Result<void> LiveSampler::walk_lists(Sample& sample) {
  const bool due = time_ >= next_walk_;
  if (due) next_walk_ = time_ + kWalkEvery;
  const bool rests = table_.alive().size() > kMany && time_ < rest_until_;
  bool walked = false;
  // The oldest first: threads of others visit the younger ones.
  for (std::size_t i = words_.interpreters().size(); i-- > 0;) {
    InterpreterRecord& interpreter = words_.interpreters()[i];
    const bool same = interpreter.head == heads_[i].head && interpreter.next_id == heads_[i].next_id;
    if ((same || rests) && !due) continue;
    walked = true;
    interpreter.head = heads_[i].head;
    interpreter.next_id = heads_[i].next_id;
    std::vector<ThreadIndex> ended;
    GILSPY_TRY(const bool finished, table_.walk(interpreter, sample.started, ended));
    if (!finished) interpreter.head = RemoteAddr{};  // so that the next tick walks it again
    for (const ThreadIndex thread : ended) drop_thread(thread, sample);
  }
  if (walked) rest_until_ = time_ + kWalkRests * table_.alive().size();
  if (walked && words_.interpreters().size() > 1) shared_tids_ = table_.shared_tids();
  return {};
}

// The GILs' words, the stacks of those that held them last, and the words once more, in one call: mostly no other is
// needed.
Result<void> LiveSampler::look() {
  requests_.clear();
  if (stopping_ != Stopping::kAlways) {
    for (const GilRecord& gil : words_.gils()) {
      const auto holder = gil.in_use && gil.enabled ? table_.find(gil.last_holder) : std::nullopt;
      if (!holder.has_value() || requests_.size() == kMostAhead) continue;
      ThreadRecord& record = table_.at(*holder);
      requests_.push_back({record.state, record.id, &record.plan});
    }
  }
  word_bytes_.resize(2 * words_.bytes());
  const auto first = std::span(word_bytes_).first(words_.bytes());
  const auto second = std::span(word_bytes_).subspan(words_.bytes());
  ranges_.clear();
  words_.add_ranges(first, ranges_);
  const std::size_t of_words = ranges_.size();
  const std::span<const ReadRange> stacks = stacks_.plan_ahead(requests_);
  ranges_.insert(ranges_.end(), stacks.begin(), stacks.end());
  words_.add_ranges(second, ranges_);
  GILSPY_TRY(const std::size_t complete, target_.read_batch(ranges_));
  if (complete < of_words) return WordReader::gone();
  stacks_.note_ahead(complete - of_words);
  words_.view(first, now_, heads_);
  if (complete < ranges_.size()) return words_.read(after_, other_heads_);
  words_.view(second, after_, other_heads_);
  return {};
}

void LiveSampler::note_gils(Sample& sample) {
  touched_.clear();
  takes_turns_ = false;
  tell_handoffs(sample);
  for (std::size_t i = 0; i < now_.size(); ++i) {
    GilRecord& gil = words_.gils()[i];
    const GilWords& words = now_[i];
    GilFacts facts;
    facts.enabled = words.enabled;
    facts.switch_interval = std::chrono::microseconds(words.interval_us);
    facts.locked = words.locked;
    facts.last_holder = table_.find(words.last_holder);
    facts.switch_number = words.switch_number;
    facts.handoffs = tick_ == 1 ? 0 : words.switch_number - gil.switch_number;
    facts.cond_waiters = cond_waiters(gil, words);
    if (facts.handoffs >= 2 || tick_ == 1) gil.many_tick = tick_;
    if (words.enabled && !gil.enabled) forget_attach_states(static_cast<GilIndex>(i));
    gil.enabled = words.enabled;
    if (facts.last_holder.has_value()) mark_active(*facts.last_holder);
    if (words.last_holder != gil.last_holder) {
      const auto before = table_.find(gil.last_holder);
      if (before.has_value()) mark_active(*before);
      for (const auto& changed : {before, facts.last_holder}) {
        if (changed.has_value()) table_.at(*changed).os_due = Nanos{0};
      }
    }
    gil.switch_number = gil.seen_number = words.switch_number;
    gil.last_holder = words.last_holder;
    gil.seen_locked = words.locked;
    takes_turns_ = takes_turns_ || facts.handoffs > 0 || facts.cond_waiters.value_or(0) > 0;
    sample.gils.push_back(facts);
  }
}

void LiveSampler::tell_handoffs(Sample& sample) {
  sample.handoffs.clear();
  std::swap(sample.handoffs, handoffs_);
  sample.looked.reset();
  if (looked_ > told_) sample.looked = looked_;
  told_ = looked_ = time_;
}

void LiveSampler::glance(Nanos now) {
  // Whatever is wrong, the next tick says it.
  if (tick_ == 0 || !words_.read(glanced_, other_heads_).has_value()) return;
  for (std::size_t i = 0; i < glanced_.size(); ++i) {
    GilRecord& gil = words_.gils()[i];
    const GilWords& words = glanced_[i];
    const bool same = words.switch_number == gil.seen_number && words.locked == gil.seen_locked;
    if (!words.enabled || same) continue;
    const auto holder = words.locked ? table_.find(words.last_holder) : std::nullopt;
    handoffs_.push_back({static_cast<GilIndex>(i), looked_, now, holder, words.switch_number - gil.seen_number});
    gil.seen_number = words.switch_number;
    gil.seen_locked = words.locked;
  }
  looked_ = now;
}

void LiveSampler::mark_active(ThreadIndex thread) {
  if (std::ranges::count(touched_, thread) == 0) touched_.push_back(thread);
  const auto known = std::ranges::find(recent_, thread);
  if (known != recent_.end()) {
    std::rotate(recent_.begin(), known, known + 1);
    return;
  }
  recent_.insert(recent_.begin(), thread);
  if (recent_.size() > kRecentMost) recent_.pop_back();
}

void LiveSampler::pick_stack(ThreadIndex thread) {
  ThreadRecord& record = table_.at(thread);
  if (!record.alive || !record.info.python || record.stack_tick == tick_) return;
  record.stack_tick = tick_;
  stack_picks_.push_back(thread);
}

// Whoever held the GIL since the last tick may have another stack. With two or more hand-offs nobody says who did:
// everyone's stack is out of date then, and is read again on a budget, those active lately first.
void LiveSampler::pick_stacks(const Sample& sample) {
  stack_picks_.clear();
  for (const ThreadIndex thread : touched_) pick_stack(thread);
  for (const ThreadIndex thread : std::exchange(ran_, {})) pick_stack(thread);
  pick_free_threads();
  for (const ThreadInfo& info : sample.started) pick_stack(info.index);
  const auto out_of_date = [this](ThreadIndex thread) {
    const ThreadRecord& record = table_.at(thread);
    return record.alive && record.info.python && record.stack_tick < words_.gils()[to_int(record.info.gil)].many_tick;
  };
  const std::size_t most = stack_picks_.size() + kStackBudget;
  for (const ThreadIndex thread : recent_) {
    if (stack_picks_.size() < most && out_of_date(thread)) pick_stack(thread);
  }
  const std::vector<ThreadIndex>& alive = table_.alive();
  for (std::size_t looked = 0; looked < std::min(alive.size(), 4 * kStackBudget); ++looked) {
    if (stack_picks_.size() >= most) break;
    stack_cursor_ = (stack_cursor_ + 1) % alive.size();
    if (out_of_date(alive[stack_cursor_])) pick_stack(alive[stack_cursor_]);
  }
}

Result<void> LiveSampler::read_stacks(Sample& sample) {
  pick_stacks(sample);
  requests_.clear();
  for (const ThreadIndex thread : stack_picks_) {
    ThreadRecord& record = table_.at(thread);
    record.moved = false;
    requests_.push_back({record.state, record.id, &record.plan, stands_still(record)});
  }
  GILSPY_CHECK(read_in_groups(sample));
  if (stopping_ != Stopping::kNever) GILSPY_CHECK(complete_stacks(sample));
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    sample.stack_retries += outcomes_[i].retries;
    // The next walk of the list finds out who lives there now.
    if (!outcomes_[i].other_thread) note_stack(stack_picks_[i], outcomes_[i], sample);
  }
  return {};
}

// The first tick meets every thread there is: what is copied of them at a time is bounded.
Result<void> LiveSampler::read_in_groups(Sample& sample) {
  outcomes_.clear();
  all_were_ahead_ = true;
  for (std::size_t done = 0; done < requests_.size(); done += kGroup) {
    const auto group = std::span(requests_).subspan(done, std::min(kGroup, requests_.size() - done));
    const bool last = done + kGroup >= requests_.size();
    const auto end = [&] { end_stop(stack_picks_, requests_, sample); };
    GILSPY_CHECK(stacks_.read(group, group_outcomes_, last ? end : std::function<void()>{}));
    all_were_ahead_ = all_were_ahead_ && stacks_.all_were_ahead();
    outcomes_.insert(outcomes_.end(), group_outcomes_.begin(), group_outcomes_.end());
  }
  drop_doubtful(outcomes_);
  return {};
}

void LiveSampler::note_stack(ThreadIndex thread, const StackOutcome& outcome, Sample& sample) {
  ThreadFacts& facts = facts_of(thread, sample);
  facts.quality = outcome.quality;
  facts.stack = table_.at(thread).stack = outcome.stack;
  table_.at(thread).moved = outcome.moved;
  if (outcome.quality != StackQuality::kLost) {
    note_context(table_.at(thread), outcome.context_version, facts);
    return note_loop(table_.at(thread), facts);
  }
  if (std::ranges::count(attached_, thread) > 0) sample.holder_stack_lost = true;
  for (const GilFacts& gil : sample.gils) {
    if (gil.locked && gil.last_holder == thread) sample.holder_stack_lost = true;
  }
}

void LiveSampler::note_context(ThreadRecord& record, std::uint64_t version, ThreadFacts& facts) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  const auto before = std::exchange(record.context_version, version);
  if (before.has_value()) facts.context_switches = static_cast<std::uint32_t>(std::min(version - *before, kMost));
}

// Each callback runs in a context: one change when it begins, one when it ends.
bool LiveSampler::has_unseen_rounds(const ThreadRecord& record, const LoopReader::Reading& now) {
  const LoopFacts& last = record.loop_round;
  if (now.facts.state != LoopFacts::State::kRuns || last.state != LoopFacts::State::kRuns) return false;
  if (now.facts.round == last.round) return last.unseen;
  const std::uint64_t changes = record.context_version.value_or(0) - record.loop_version;
  return changes / 2 > std::uint64_t{last.left} + now.begun;
}

void LiveSampler::note_loop(ThreadRecord& record, ThreadFacts& facts) {
  const auto depth = loops_.depth_in(record.stack);
  const bool is_known = depth.has_value() && *depth < record.plan.known.size();
  std::optional<LoopFacts> now;
  if (is_known) {
    const KnownFrame& frame = record.plan.known[*depth];
    if (const auto reading = loops_.read({frame.address, frame.code, frame.instruction})) {
      now = reading->facts;
      now->unseen = has_unseen_rounds(record, *reading);
    }
  } else if (!depth.has_value() && facts.quality == StackQuality::kWhole) {
    now = LoopFacts{};
  }
  if (now.has_value() && *now != record.loop) {
    const bool ran_none = record.loop.state == LoopFacts::State::kNone;
    if (now->state == LoopFacts::State::kNone) std::erase(loop_threads_, facts.thread);
    if (ran_none && now->state != LoopFacts::State::kNone) loop_threads_.push_back(facts.thread);
    record.loop = *now;
    facts.loop = now;
    if (now->state == LoopFacts::State::kRuns) {
      record.loop_round = *now;
      record.loop_version = record.context_version.value_or(0);
    }
  }
  if (!task_watch_.is_on() || !is_known || record.loop.state != LoopFacts::State::kRuns) return;
  facts.stack = task_watch_.with_task(time_, {record.interpreter, {{record.state, record.info.ident, facts.thread}}},
                                      record.plan, record.stack, *depth);
}

void LiveSampler::step_tasks(Sample& sample) {
  sample.tasks.clear();
  if (!task_watch_.is_due(time_) || loop_threads_.empty()) return;
  std::vector<TaskReader::Home> homes;
  for (const ThreadIndex thread : loop_threads_) {
    const ThreadRecord& record = table_.at(thread);
    auto home = std::ranges::find(homes, record.interpreter, &TaskReader::Home::interpreter);
    if (home == homes.end()) home = homes.insert(homes.end(), {record.interpreter, {}});
    home->threads.push_back({record.state, record.info.ident, thread});
  }
  task_watch_.step(time_, homes, sample.tasks);
}

void LiveSampler::drop_thread(ThreadIndex thread, Sample& sample) {
  facts_of(thread, sample).ended = true;
  set_place(table_.at(thread), WaitPlace::kNone);
  locks_.leave(thread);
  table_.at(thread).loop = {};
  table_.at(thread).native.reset();
  std::erase(loop_threads_, thread);
  std::erase(running_, thread);
  std::erase(recent_, thread);
  std::erase(touched_, thread);
  std::erase(shared_tids_, thread);
}

ThreadFacts& LiveSampler::facts_of(ThreadIndex thread, Sample& sample) {
  ThreadRecord& record = table_.at(thread);
  if (record.fact_tick != tick_) {
    record.fact_tick = tick_;
    record.fact_slot = sample.threads.size();
    ThreadFacts facts;
    facts.thread = thread;
    sample.threads.push_back(facts);
  }
  return sample.threads[record.fact_slot];
}

Result<void> LiveSampler::show_native() {
  GILSPY_CHECK(target_.may_stop());
  native_ = true;
  return {};
}

std::vector<TaskState> LiveSampler::tasks() {
  std::vector<TaskState> all;
  for (const InterpreterRecord& interpreter : words_.interpreters()) {
    TaskReader::Home home{interpreter.address, {}};
    for (const ThreadIndex thread : table_.alive()) {
      const ThreadRecord& record = table_.at(thread);
      if (record.interpreter != interpreter.address || !record.info.python) continue;
      home.threads.push_back({record.state, record.info.ident, thread});
    }
    const std::size_t first = all.size();
    for (TaskState& task : tasks_.read(home)) {
      for (std::size_t& awaited : task.awaits) awaited += first;
      all.push_back(std::move(task));
    }
  }
  return all;
}

std::vector<InterpreterInfo> LiveSampler::interpreters() const {
  std::vector<InterpreterInfo> result;
  for (const InterpreterRecord& record : words_.all_interpreters()) result.push_back({record.id, record.gil});
  return result;
}

const ThreadInfo& LiveSampler::thread(ThreadIndex index) const { return table_.at(index).info; }

Result<std::unique_ptr<Sampler>> make_sampler(Target& target, const RuntimeLocation& location,
                                              const RuntimeLayout& layout, StackTable& stacks, Stopping stopping) {
  auto sampler = std::make_unique<LiveSampler>(target, location, layout, stacks, stopping);
  GILSPY_CHECK(sampler->start());
  return std::unique_ptr<Sampler>(std::move(sampler));
}

}  // namespace gilspy::sample
