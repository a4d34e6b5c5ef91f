#include "sample_text.h"

#include <fmt/format.h>

#include <string_view>

namespace gilspy::replay {
namespace {

std::string_view name_of(SyscallFacts::State state) {
  switch (state) {
    case SyscallFacts::State::kRunning: return "running";
    case SyscallFacts::State::kInSyscall: return "in a system call";
    case SyscallFacts::State::kElsewhere: return "blocked elsewhere";
    case SyscallFacts::State::kUnreadable: break;
  }
  return "not told";
}

std::string_view name_of(WaitPlace place) {
  switch (place) {
    case WaitPlace::kGilCond: return ", waits for the GIL";
    case WaitPlace::kGilMutex: return ", in the GIL's mutex";
    case WaitPlace::kNone: break;
  }
  return "";
}

std::string_view name_of(AttachState state) {
  switch (state) {
    case AttachState::kDetached: return ", detached";
    case AttachState::kAttached: return ", attached";
    case AttachState::kSuspended: return ", suspended";
    case AttachState::kNotRead: break;
  }
  return "";
}

std::string_view name_of(StackQuality quality) {
  switch (quality) {
    case StackQuality::kUnchanged: return "unchanged";
    case StackQuality::kWhole: return "whole";
    case StackQuality::kTruncated: return "truncated";
    case StackQuality::kLost: break;
  }
  return "lost";
}

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string text_of(const GilFacts& gil, const Sampler& sampler) {
  if (!gil.enabled) return "off";
  const std::string holder = gil.last_holder ? sampler.thread(*gil.last_holder).name : "nobody known";
  return fmt::format("{} {}, {} hand-offs, interval {} us, waiters {}", gil.locked ? "held by" : "free, last held by",
                     holder, gil.switch_number, gil.switch_interval.count() / 1000,
                     gil.cond_waiters ? std::to_string(*gil.cond_waiters) : "not known");
}

std::string text_of(const ThreadFacts& facts, const Sampler& sampler, const StackTable& stacks) {
  const ThreadInfo& info = sampler.thread(facts.thread);
  std::string text = fmt::format("{} ({}{}): {}{}{}{}\n", info.name, to_int(info.tid),
                                 info.python ? fmt::format(", interpreter {}", info.interpreter_id) : ", native",
                                 facts.os_read ? name_of(facts.os) : "not looked at", name_of(facts.place),
                                 name_of(facts.attach_state), facts.dormant.value_or(false) ? ", dormant" : "");
  if (!info.python) return text;
  text += fmt::format("  stack {}\n", name_of(facts.quality));
  for (const FrameId id : stacks.frames_of(facts.stack)) {
    const Frame& frame = stacks.frame(id);
    text += fmt::format("    {} ({}:{})\n", frame.function, file_name(frame.file), frame.line);
  }
  return text;
}

}  // namespace

std::string text_of(const Sample& sample, const Sampler& sampler, const StackTable& stacks) {
  std::string text;
  for (std::size_t i = 0; i < sample.gils.size(); ++i) {
    text += fmt::format("GIL {}: {}\n", i, text_of(sample.gils[i], sampler));
  }
  for (const ThreadFacts& facts : sample.threads) text += text_of(facts, sampler, stacks);
  return text;
}

}  // namespace gilspy::replay
