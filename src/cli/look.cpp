#include "look.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "gilspy/activity.h"
#include "gilspy/platform.h"
#include "src/native/native_run.h"

namespace gilspy::cli {
namespace {

using std::chrono_literals::operator""us;

// From a single tick nobody can tell a thread that computes natively from one that was woken for the GIL and has no
// CPU yet: a few more, some of a millisecond apart, do. Then the first one that is of one piece counts.
constexpr int kFewest = 3;
constexpr int kMost = 12;
constexpr Nanos kBetween = 300us;

class Look {
 public:
  Look(Attachment& attachment, const LookOptions& options) : attachment_(attachment), variables_(options.variables) {
    if (options.native == NativeFrames::kNone) return;
    native_.emplace(*attachment.target, attachment.layout, attachment.location.binary, options.native,
                    *attachment.stacks);
  }

  Result<Dump> take() {
    if (native_) GILSPY_CHECK(attachment_.sampler->show_native());
    for (int ticks = 1; ticks <= kMost; ++ticks) {
      if (ticks > 1) platform::sleep_until(platform::now() + kBetween);
      GILSPY_CHECK(attachment_.sampler->tick(platform::now(), sample_));
      if (native_) {
        native_->submit(std::move(sample_));
        sample_ = *native_->take(true);
      }
      note(sample_);
      if (ticks >= kFewest && of_one_piece()) break;
    }
    return finish();
  }

 private:
  void note(const Sample& sample) {
    for (const ActivityChange& change : classifier_.classify(sample)) {
      threads_[to_int(change.thread)].activity = change.activity;
    }
    if (sample.failed) return;
    gils_ = sample.gils;
    stopped_ = sample.stopped;
    for (const LockInfo& info : sample.locks) locks_.push_back({info, std::nullopt, false});
    for (const LockOwner& change : sample.owners) {
      locks_[to_int(change.lock)].owner = change.owner;
      locks_[to_int(change.lock)].owner_inferred = change.inferred;
    }
    for (const ThreadInfo& info : sample.started) threads_[to_int(info.index)].info = info;
    for (const ThreadFacts& facts : sample.threads) {
      if (facts.ended) {
        threads_.erase(to_int(facts.thread));
        continue;
      }
      ThreadDump& thread = threads_[to_int(facts.thread)];
      if (facts.dormant) thread.visiting_elsewhere = *facts.dormant;
      if (facts.os_read) {
        thread.lock = facts.lock ? std::optional(facts.lock->lock) : std::nullopt;
        thread.gives_up = facts.lock && facts.lock->timed;
      }
      if (facts.quality == StackQuality::kUnchanged) continue;
      thread.quality = facts.quality;
      thread.stack = facts.stack;
      thread.native = facts.native;
    }
  }

  // Nothing moved while it was read.
  bool of_one_piece() const {
    const auto whole = [](const ThreadFacts& facts) {
      return facts.quality == StackQuality::kUnchanged || facts.quality == StackQuality::kWhole;
    };
    return !sample_.failed && std::ranges::all_of(sample_.gils, &GilFacts::steady) &&
           std::ranges::all_of(sample_.threads, whole);
  }

  Result<Dump> finish() {
    if (gils_.empty()) {
      return fail(ErrorCode::kNotReady, fmt::format("process {} could not be read: it changed at each of {} looks",
                                                    to_int(attachment_.target->identity().pid), kMost));
    }
    Dump dump;
    dump.stopped = stopped_ || attachment_.target->liveness() == Liveness::kStopped;
    for (const GilFacts& facts : gils_) dump.gils.push_back({facts, {}, 0});
    for (const InterpreterInfo& interpreter : attachment_.sampler->interpreters()) {
      if (to_int(interpreter.gil) < dump.gils.size()) {
        dump.gils[to_int(interpreter.gil)].interpreters.push_back(interpreter.id);
      }
    }
    dump.locks = locks_;
    dump.with_variables = variables_ != VariableDetail::kNone;
    for (auto& [index, thread] : threads_) {
      if (dump.with_variables && thread.info.python) add_variables(static_cast<ThreadIndex>(index), thread);
      thread.info = attachment_.sampler->thread(static_cast<ThreadIndex>(index));
      if (thread.info.python) add_python(thread, dump);
    }
    GILSPY_CHECK(add_native(dump));
    for (ThreadDump& thread : dump.threads) thread.tid_inside = number_inside(thread.info.tid);
    dump.tasks = attachment_.sampler->tasks();
    describe_target(dump);
    dump.table = std::move(*attachment_.stacks);
    return dump;
  }

  void add_python(ThreadDump thread, Dump& dump) const {
    if (to_int(thread.info.gil) >= dump.gils.size()) return;  // of an interpreter that no sample has told of
    GilDump& gil = dump.gils[to_int(thread.info.gil)];
    if (thread.activity == Activity::kWaitsForGil) {
      ++gil.waiters;
      thread.lock.reset();
      if (gil.facts.locked) thread.holder = gil.facts.last_holder;
    } else if (thread.activity == Activity::kBlocked || thread.activity == Activity::kHoldsGilOffCpu) {
      thread.syscall = syscall_of(thread.info.tid);
    }
    dump.threads.push_back(std::move(thread));
  }

  // They belong to the stack that the thread has by now. With native functions it keeps the one that it had: then those
  // frames count that are the same in both, from the outermost one on.
  void add_variables(ThreadIndex index, ThreadDump& thread) const {
    StackVariables found = attachment_.sampler->variables(index, variables_);
    if (!native_ && found.quality != StackQuality::kLost) {
      thread.stack = found.stack;
      thread.quality = found.quality;
    }
    const StackTable& table = *attachment_.stacks;
    std::vector<FrameId> shown = table.frames_of(thread.stack);
    std::erase_if(shown, [&](FrameId frame) { return table.frame(frame).native; });
    const std::vector<FrameId> read = table.frames_of(found.stack);
    thread.variables.assign(shown.size(), {});
    std::size_t depth = 0;
    for (std::size_t i = 0; i < std::min(found.frames.size(), read.size()); ++i) {
      if (table.frame(read[i]).native) continue;  // it stands for those that are left out
      if (depth == shown.size() || shown[depth] != read[i]) break;
      thread.variables[shown.size() - ++depth] = std::move(found.frames[i]);
    }
  }

  // Threads of the process that Python does not know.
  Result<void> add_native(Dump& dump) {
    GILSPY_TRY(const std::vector<Tid> tids, attachment_.target->threads());
    std::unordered_set<std::int32_t> known;
    for (const ThreadDump& thread : dump.threads) known.insert(to_int(thread.info.tid));
    for (const Tid tid : tids) {
      if (known.contains(to_int(tid))) continue;
      const auto facts = attachment_.target->syscall_of(tid);
      if (!facts.has_value()) continue;
      ThreadDump thread;
      thread.info.tid = tid;
      thread.info.python = false;
      thread.info.name = attachment_.target->comm_of(tid).value_or("");
      const bool runs = facts->state == SyscallFacts::State::kRunning;
      const bool told = facts->state != SyscallFacts::State::kUnreadable;
      thread.activity = runs ? Activity::kRunsWithoutGil : told ? Activity::kBlocked : Activity::kUnknown;
      if (!runs) thread.syscall = syscall_of(tid);
      dump.threads.push_back(std::move(thread));
    }
    return {};
  }

  std::optional<std::string> syscall_of(Tid tid) const {
    const auto facts = attachment_.target->syscall_of(tid);
    if (!facts.has_value() || facts->state != SyscallFacts::State::kInSyscall) return std::nullopt;
    return platform::syscall_name(facts->number);
  }

  // Where that is another than ours.
  std::optional<std::int32_t> number_inside(Tid tid) const {
    const std::int32_t number = attachment_.target->own_number_of(tid);
    return number == to_int(tid) ? std::nullopt : std::optional(number);
  }

  void describe_target(Dump& dump) const {
    const ProcessIdentity& identity = attachment_.target->identity();
    TargetFacts& target = dump.target;
    target.pid = identity.pid;
    dump.pid_inside = number_inside(Tid{to_int(identity.pid)});
    target.command = identity.command;
    target.executable = identity.executable;
    target.working_folder = identity.working_folder;
    target.python = attachment_.location.version;
    target.free_threaded = attachment_.location.free_threaded;
    target.gil_enabled = std::ranges::any_of(dump.gils, [](const GilDump& gil) { return gil.facts.enabled; });
  }

  Attachment& attachment_;
  VariableDetail variables_;
  std::optional<native::NativeRun> native_;
  Sample sample_;
  std::vector<GilFacts> gils_;   // of the last sample that did not fail, as the next
  std::vector<LockDump> locks_;  // by LockIndex
  bool stopped_ = false;
  Classifier classifier_;
  std::map<std::uint32_t, ThreadDump> threads_;  // by ThreadIndex
};

}  // namespace

Result<Dump> look(Attachment& attachment, const LookOptions& options) { return Look(attachment, options).take(); }

}  // namespace gilspy::cli
