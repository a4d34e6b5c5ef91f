#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "dump.h"
#include "gilspy/wording.h"
#include "task_tree.h"

namespace gilspy::formats {
namespace {

constexpr std::array kOrder{Activity::kHoldsGil,       Activity::kHoldsGilOffCpu, Activity::kWaitsForGil,
                            Activity::kRunsWithoutGil, Activity::kStopTheWorld,   Activity::kWaitsForLock,
                            Activity::kUnknown,        Activity::kBlocked};

int rank(const ThreadDump& thread) {
  const auto place = std::ranges::find(kOrder, thread.activity) - kOrder.begin();
  return static_cast<int>(place) + (thread.info.python ? 0 : static_cast<int>(kOrder.size()));
}

std::string who(const ThreadDump& thread) {
  return fmt::format("{} ({})", wording::printable(wording::thread_name(thread.info)), to_int(thread.info.tid));
}

// A number by which its container knows it.
std::string inside(const std::optional<std::int32_t>& number) {
  return number ? fmt::format(" (inside {})", *number) : "";
}

class DumpText {
 public:
  DumpText(const Dump& dump, const DumpTextOptions& options) : dump_(dump), options_(options) {}

  std::string text() {
    title();
    for (const GilDump& gil : dump_.gils) describe(gil);
    for (const std::vector<ThreadIndex>& circle : dump_.deadlocks()) describe(circle);
    std::vector<const ThreadDump*> threads;
    for (const ThreadDump& thread : dump_.threads) threads.push_back(&thread);
    std::ranges::stable_sort(threads, {}, [](const ThreadDump* thread) { return rank(*thread); });
    for (const ThreadDump* const thread : threads) describe(*thread);
    text_ += task_tree(dump_, [this](const Frame& frame) { return frame_text(frame); });
    return std::move(text_);
  }

 private:
  void line(std::string_view text) { text_.append(text).push_back('\n'); }
  std::string bold(std::string_view text) const {
    return options_.colour ? fmt::format("\033[1m{}\033[0m", text) : std::string(text);
  }

  void title() {
    std::string command;
    for (const std::string& word : dump_.target.command) command += ' ' + wording::printable(word);
    line(fmt::format("{} {}{}:{}", dump_.core ? "Core of process" : "Process", to_int(dump_.target.pid),
                     inside(dump_.pid_inside), command));
    line(fmt::format("CPython {}{} ({})", dump_.target.python.text(), dump_.target.free_threaded ? "t" : "",
                     wording::printable(dump_.target.executable)));
    if (dump_.core) describe(*dump_.core);
    if (!dump_.stopped) return;
    line(bold(
        fmt::format("It is stopped (SIGSTOP, job control or a debugger): kill -CONT {} lets it go on, a debugger has "
                    "to be detached.",
                    to_int(dump_.target.pid))));
  }

  void describe(const CoreFacts& core) {
    if (!core.signal.empty()) {
      const auto is_signalled = [&](const ThreadDump& thread) { return thread.info.tid == core.signalled; };
      const auto thread = std::ranges::find_if(dump_.threads, is_signalled);
      line(bold(
          fmt::format("{} ended it{}.", core.signal, thread == dump_.threads.end() ? "" : ", in " + who(*thread))));
    }
    if (!core.files_missing.empty()) describe_missing(core.files_missing);
    if (core.bytes_missing == 0) return;
    line(bold(fmt::format("The core is cut off: {} of its {} MiB of memory are missing, with what was in them.",
                          in_mebibytes(core.bytes_missing), in_mebibytes(core.bytes))));
  }

  void describe_missing(const std::vector<std::string>& files) {
    constexpr std::size_t kMost = 3;
    std::string names;
    for (std::size_t i = 0; i < std::min(files.size(), kMost); ++i) {
      names += (i == 0 ? "" : ", ") + wording::printable(files[i]);
    }
    if (files.size() > kMost) names += fmt::format(" and {} more", files.size() - kMost);
    const bool is_program = std::ranges::count(files, dump_.target.executable) > 0;
    line(bold(fmt::format(
        "Not here, not readable by you, or other builds by now: {}. What the process had of them is missing{}.", names,
        is_program ? ": --executable tells where its program is, --sysroot where all its files are"
                   : ": --sysroot tells where its files are")));
  }

  static std::string in_mebibytes(std::uint64_t bytes) {
    return fmt::format("{:.1f}", static_cast<double>(bytes) / (1024.0 * 1024.0));
  }

  void describe(const GilDump& gil) {
    const std::string name = dump_.gils.size() == 1 ? "The GIL" : fmt::format("The GIL of {}", interpreters(gil));
    if (!gil.facts.enabled) return line(bold(name + " is off: threads run Python side by side."));
    const ThreadDump* const holder =
        gil.facts.locked && gil.facts.last_holder ? dump_.find(*gil.facts.last_holder) : nullptr;
    std::string by = "held by nobody";
    if (gil.facts.locked) by = "held by " + (holder != nullptr ? who(*holder) : "a thread that is just starting");
    const std::string waiting = gil.waiters == 0 ? "nobody waits for it"
                                                 : fmt::format("{} {} for it", wording::count_of(gil.waiters, "thread"),
                                                               gil.waiters == 1 ? "waits" : "wait");
    line(bold(fmt::format("{} is {}; {}.", name, by, waiting)));
  }

  // A line for each of the circle: who waits for what, and who has that.
  void describe(const std::vector<ThreadIndex>& circle) {
    line("");
    std::vector<std::string> names;
    for (const ThreadIndex index : circle) names.push_back(who(*dump_.find(index)));
    line(bold(fmt::format("DEADLOCK: {}, {}.", wording::circle(names),
                          dump_.lasts(circle) ? "for ever" : "until one of them gives up (its wait has a timeout)")));
    for (const ThreadIndex index : circle) {
      const ThreadDump& thread = *dump_.find(index);
      const LockDump* const lock = dump_.lock_of(thread);
      const std::string other = who(*dump_.find(*dump_.waits_for(thread)));
      const std::string what = lock != nullptr ? wording::waited_for(lock->info.kind, exact_name(lock->info), other)
                                               : "the GIL, which " + other + " holds";
      line(fmt::format("    {} waits for {}", who(thread), what));
      const StackId stack = wording::python_part(dump_.table, thread.stack);
      if (stack != kNoStack) line("        at " + frame_text(dump_.table.frame(dump_.table.leaf(stack))));
    }
  }

  // "self._lock of Pool (_thread.lock at 0x7f12)"
  static std::string exact_name(const LockInfo& lock) {
    if (lock.name.empty() || lock.kind == LockKind::kThread) return wording::lock_name(lock);
    return fmt::format("{} ({} at {:#x})", wording::lock_name(lock), lock.type.empty() ? key(lock.kind) : lock.type,
                       lock.address.value());
  }

  std::string frame_text(const Frame& frame) const {
    const std::string file = options_.full_filenames ? frame.file : wording::short_file(frame.file, dump_.target);
    const std::string name = wording::printable(frame.function);
    if (frame.native && file.empty()) return name;
    if (frame.native) return fmt::format("{} [{}]", name, wording::printable(file));
    return fmt::format("{} ({}:{})", name, wording::printable(file), frame.line);
  }

  static std::string interpreters(const GilDump& gil) {
    std::string list;
    for (const std::int64_t id : gil.interpreters) list += fmt::format("{}{}", list.empty() ? "" : ", ", id);
    return (gil.interpreters.size() == 1 ? "interpreter " : "interpreters ") + list;
  }

  std::string state_of(const ThreadDump& thread) const {
    if (thread.visiting_elsewhere) return "in another interpreter now";
    if (!thread.info.python && thread.activity == Activity::kRunsWithoutGil) return "runs native code";
    std::string state(words(thread.activity));
    if (thread.activity == Activity::kWaitsForGil) {
      const ThreadDump* const holder = thread.holder ? dump_.find(*thread.holder) : nullptr;
      state += holder != nullptr ? ", which " + who(*holder) + " holds" : ", which nobody holds at this moment";
    } else if (const LockDump* const lock = dump_.lock_of(thread); lock != nullptr) {
      const ThreadDump* const owner = lock->owner ? dump_.find(*lock->owner) : nullptr;
      const std::string name = exact_name(lock->info);
      state += is_contention(lock->info.kind) ? ": " : ", waits for ";
      if (lock->info.kind == LockKind::kStopTheWorld) {
        return state + (owner != nullptr ? who(*owner) + " asked for it" : "nobody knows who asked for it");
      }
      state += owner != nullptr ? wording::waited_for(lock->info.kind, name, who(*owner)) : name;
    } else if (thread.syscall) {
      state += " in " + *thread.syscall;
    }
    return state;
  }

  void describe(const ThreadDump& thread) {
    line("");
    std::string title = fmt::format("Thread {}{} \"{}\": ", to_int(thread.info.tid), inside(thread.tid_inside),
                                    wording::printable(wording::thread_name(thread.info)));
    if (thread.info.interpreter_id > 0) title += fmt::format("interpreter {}, ", thread.info.interpreter_id);
    line(bold(title + state_of(thread)));
    if (!thread.info.python) return line("    (a native thread, without Python)");
    if (thread.quality == StackQuality::kLost) {
      return line(dump_.core ? "    (its stack could not be read: some of its memory is not there)"
                             : "    (its stack could not be read: it changes too fast, or is too deep)");
    }
    if (thread.quality == StackQuality::kTruncated) line("    (its last calls changed while they were read)");
    if (thread.native == NativeQuality::kLost) line("    (its native functions could not be read)");
    if (thread.native == NativeQuality::kCut) line("    (some of its native functions could not be read)");
    if (thread.stack == kNoStack) return line("    " + std::string(wording::kNoPythonFrame));
    describe_frames(thread);
  }

  // The innermost first. Nobody reads thousands of lines.
  void describe_frames(const ThreadDump& thread) {
    constexpr std::size_t kMost = 400, kInner = 100, kOuter = 50;
    const std::vector<FrameId> frames = dump_.table.frames_of(thread.stack);
    auto variables = thread.variables.begin();
    std::size_t only_in_json = 0;
    bool all_left_out = false;  // said once
    for (std::size_t depth = frames.size(); depth-- > 0;) {
      const Frame& frame = dump_.table.frame(frames[depth]);
      const bool has_variables = !frame.native && variables != thread.variables.end();
      const bool is_shown = frames.size() <= kMost || depth < kOuter || frames.size() - depth <= kInner;
      if (is_shown || is_left_out(frame)) {
        line("    " + frame_text(frame));
      } else {
        ++only_in_json;
      }
      if (!is_shown && depth == kOuter) line(fmt::format("    ({} more frames are in JSON, -j)", only_in_json));
      if (is_shown && has_variables && !all_left_out) describe(*variables);
      if (has_variables) all_left_out = variables++->state == FrameVariables::State::kLeftOut;
    }
  }

  void describe(const FrameVariables& frame) {
    switch (frame.state) {
      case FrameVariables::State::kRead: break;
      case FrameVariables::State::kChanged: return line("        (its variables changed while they were read)");
      case FrameVariables::State::kLeftOut:
        return line("        (from here on variables are left out: too many frames)");
    }
    for (const ShownVariable& variable : frame.variables) {
      line(fmt::format("        {}{} = {}{}", variable.argument ? "argument " : "", variable.name,
                       variable.is_bound ? variable.value : "<not bound>",
                       variable.changed ? " (changed while it was read)" : ""));
    }
    if (frame.more) line("        (and more variables)");
  }

  const Dump& dump_;
  const DumpTextOptions& options_;
  std::string text_;
};

}  // namespace

std::string dump_text(const Dump& dump, const DumpTextOptions& options) { return DumpText(dump, options).text(); }

}  // namespace gilspy::formats
