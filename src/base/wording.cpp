#include "gilspy/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace gilspy::wording {

std::string percent(double share) {
  const double value = std::isfinite(share) ? share * 100 : 0;
  if (value < 0.05) return "0 %";
  if (value < 0.95 || (value >= 99.5 && value < 99.95)) return fmt::format("{:.1f} %", value);
  if (value < 100 && value >= 99.95) return "99.9 %";
  return fmt::format("{:.0f} %", value);
}

std::string grouped(std::uint64_t count) {
  std::string digits = fmt::format("{}", count);
  for (std::size_t from_end = 3; from_end < digits.size(); from_end += 4) digits.insert(digits.size() - from_end, ",");
  return digits;
}

std::string count_of(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(count), noun, count == 1 ? "" : "s");
}

std::string cpus(double cpus) {
  const double value = std::isfinite(cpus) ? std::max(cpus, 0.0) : 0;
  if (value == std::floor(value)) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}f}", value, value < 9.995 ? 2 : 1);
}

std::string cpu_count(double cpus) { return fmt::format("{:.3g} CPU{}", cpus, cpus == 1 ? "" : "s"); }

std::string these_cpus(const CpuFacts& cpus) {
  const double count = cpus.available();
  return count == 1 ? "the 1 CPU that it may use" : fmt::format("these {}", cpu_count(count));
}

std::string plus_minus(double margin) {
  const double shown = std::isfinite(margin) ? std::max(margin, 0.1) : 0.1;
  return fmt::format("± {:.{}f}", shown, shown < 0.95 ? 1 : 0);
}

std::string seconds(Nanos time) {
  return fmt::format("{:.2f} s", std::chrono::duration<double>(std::max(time, Nanos{0})).count());
}

std::string micros(Nanos time) {
  return grouped(static_cast<std::uint64_t>((std::max(time, Nanos{0}).count() + 500) / 1000)) + " us";
}

std::string span(Nanos time) {
  const double ms = std::chrono::duration<double, std::milli>(time).count();
  if (ms < 0.9995) return micros(time);
  if (ms >= 999.5) return seconds(time);
  return fmt::format("{:.{}f} ms", ms, ms < 9.95 ? 1 : 0);
}

std::string times(std::uint64_t count) {
  return count == 1 ? "once" : count == 2 ? "twice" : grouped(count) + " times";
}

std::string ticks_made(const Quality& quality) {
  const std::string made = quality.ticks < quality.ticks_asked ? grouped(quality.ticks) + " of " : std::string();
  return made + count_of(made.empty() ? quality.ticks : quality.ticks_asked, "tick");
}

std::string speedup(double factor) { return factor < 1.05 ? "no faster" : fmt::format("at most {:.2f}x", factor); }

bool is_event_loop(const Frame& frame) {
  return frame.function.ends_with("_run_once") && frame.file.ends_with("asyncio/base_events.py");
}

std::string lock_name(const LockInfo& lock) {
  const std::string name = printable(lock.name);
  switch (lock.kind) {
    case LockKind::kStopTheWorld: return "stop-the-world";
    case LockKind::kInternal:
      if (!name.empty()) return "CPython's own " + name;
      return fmt::format("a lock inside CPython at {:#x}", lock.address.value());
    case LockKind::kDictKeys: return fmt::format("the shared keys of a dict at {:#x}", lock.address.value());
    default: break;
  }
  if (!name.empty()) return name;
  std::string what = lock.type.empty() ? std::string(key(lock.kind)) : printable(lock.type);
  if (lock.type.empty() && lock.kind == LockKind::kUnknown) what = "lock of an unknown kind";
  const bool vowel = std::string_view("aeiou").find(what.front()) != std::string_view::npos;
  return fmt::format("{} {} at {:#x}", vowel ? "an" : "a", what, lock.address.value());
}

std::string waited_for(LockKind kind, std::string_view name, std::string_view owner) {
  if (kind == LockKind::kThread) return fmt::format("{} to end", owner);
  return fmt::format("{}, which {} has", name, owner);
}

std::string circle(const std::vector<std::string>& threads) {
  if (threads.size() == 1) return threads.front() + " waits for itself";
  if (threads.size() == 2) return fmt::format("{} and {} wait for each other", threads[0], threads[1]);
  constexpr std::size_t kMostNamed = 4;
  std::string names = count_of(threads.size(), "thread");
  if (threads.size() <= kMostNamed) {
    names = threads.front();
    for (std::size_t i = 1; i < threads.size(); ++i) names += (i + 1 < threads.size() ? ", " : " and ") + threads[i];
  }
  return names + " wait for each other in a circle";
}

std::string function_name(const Frame& frame, const TargetFacts& target) {
  const std::string function = printable(frame.function.empty() ? "(no name)" : frame.function);
  if (frame.file.empty()) return function;
  const std::string file = printable(short_file(frame.file, target));
  if (frame.native) return fmt::format("{} [{}]", function, file);
  if (frame.first_line <= 0) return fmt::format("{} ({})", function, file);
  return fmt::format("{} ({}:{})", function, file, frame.first_line);
}

namespace {

// With which the C library begins a program or a thread.
bool is_beginning(const Frame& frame) {
  constexpr std::array<std::string_view, 7> kNames{
      "_start", "__libc_start_main", "__libc_start_main_impl", "__libc_start_call_main", "clone",
      "clone3", "start_thread"};
  return std::ranges::find(kNames, frame.function) != kNames.end();
}

// What stands between a call in Python and the function that is meant: ctypes, and CPython's own ways to call whatever
// an object has. Also what stands between the kernel and a thread that never was in Python.
bool is_glue(const Frame& frame) {
  const auto begins = [&](std::string_view with) { return frame.function.starts_with(with); };
  return is_beginning(frame) || frame.file == "_ctypes" || frame.file.starts_with("libffi.") || begins("PyNumber_") ||
         begins("PyObject_") || begins("PySequence_") || begins("PyIter_");
}

}  // namespace

Work work_of(const StackTable& table, StackId stack, const TargetFacts& target) {
  const auto name = [&](StackId of) { return function_name(table.frame(table.leaf(of)), target); };
  StackId called = kNoStack, glue = kNoStack;  // the outermost of the native frames at the inner end
  for (; stack != kNoStack && table.frame(table.leaf(stack)).native; stack = table.parent(stack)) {
    const Frame& frame = table.frame(table.leaf(stack));
    if (frame.file.empty()) continue;  // no function, but what stands for those that are missing
    (is_glue(frame) ? glue : called) = stack;
  }
  if (called == kNoStack) called = glue;
  return {stack == kNoStack ? std::string(kNoPythonFrame) : name(stack),
          called == kNoStack ? std::string() : name(called)};
}

std::string thread_label(const Profile& profile, const ThreadProfile& thread) {
  const std::string_view name = thread_name(thread.info);
  if (profile.processes.size() < 2) return std::string(name);
  return fmt::format("{} of {}", name, to_int(profile.target_of(thread.process).pid));
}

std::string interpreters(const std::vector<std::int64_t>& ids) {
  constexpr std::size_t kMostNamed = 6;
  std::vector<std::int64_t> sorted = ids;
  std::ranges::sort(sorted);
  const std::size_t named = sorted.size() > kMostNamed ? kMostNamed - 2 : sorted.size();
  std::string text = sorted.size() == 1 ? "interpreter" : "interpreters";
  for (std::size_t i = 0; i < named; ++i) {
    const bool is_last = i > 0 && i + 1 == sorted.size();
    text += fmt::format("{} {}", i == 0 ? "" : is_last ? " and" : ",", sorted[i]);
  }
  return named < sorted.size() ? fmt::format("{} and {} more", text, grouped(sorted.size() - named)) : text;
}

std::string gil_name(const Profile& profile, const GilProfile& gil) {
  if (gil.interpreters.empty() || !profile.has_several_interpreters(gil.process)) return "GIL";
  return fmt::format(fmt::runtime(gil.is_shared() ? "GIL that {} share" : "GIL of {}"), interpreters(gil.interpreters));
}

std::string gil_group(const Profile& profile, const GilProfile& gil) {
  std::string text =
      profile.processes.size() < 2 ? "" : fmt::format("process {}, ", to_int(profile.target_of(gil.process).pid));
  text += gil.interpreters.empty() ? "an interpreter" : interpreters(gil.interpreters);
  if (!profile.target_of(gil.process).gil_enabled) return text;
  return text + (gil.is_shared() ? " share a GIL" : ", own GIL");
}

std::string command(const TargetFacts& target) {
  if (target.command.empty()) return fmt::format("pid {}", to_int(target.pid));
  std::string command;
  for (const std::string& word : target.command) {
    // Code behind -c is no path.
    const bool is_path = word.find_first_of(" \t\n\"'(),;") == word.npos;
    command += (command.empty() ? "" : " ") + (is_path ? word.substr(word.rfind('/') + 1) : word);  // npos + 1 is 0
  }
  return command;
}

}  // namespace gilspy::wording
