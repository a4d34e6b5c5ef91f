#include "names.h"

#include <fmt/format.h>

#include <algorithm>

#include "gilspy/wording.h"

namespace gilspy::timeline_walk {

std::string thread_name(const ThreadInfo& thread) { return wording::valid_utf8(wording::thread_name(thread)); }

std::string holder_name(const ThreadInfo& thread) {
  return fmt::format("{} ({})", thread_name(thread), to_int(thread.tid));
}

std::string process_name(const TargetFacts& target) {
  std::string name;
  for (const std::string& argument : target.command) {
    if (!name.empty()) name += ' ';
    name += argument;
  }
  return name.empty() ? "python" : wording::valid_utf8(name);
}

std::string interpreters_name(const GilProfile& gil) { return wording::interpreters(gil.interpreters); }

std::string of_interpreters(const Profile& profile, const GilProfile& gil) {
  return profile.has_several_interpreters(gil.process) ? " of " + interpreters_name(gil) : std::string();
}

std::string of_process(const Profile& profile, std::uint32_t process) {
  if (!has_several_processes(profile)) return {};
  return fmt::format(" of process {}", to_int(profile.target_of(process).pid));
}

std::uint32_t process_count(const Profile& profile) {
  return profile.is_program() ? static_cast<std::uint32_t>(profile.processes.size()) : 1;
}

bool has_several_processes(const Profile& profile) { return process_count(profile) > 1; }

std::string lock_name(const Profile& profile, std::uint16_t lock) {
  const LockProfile* const found = profile.lock(lock);
  return found != nullptr ? wording::lock_name(found->info) : std::string();
}

std::string coarseness(const Timeline& timeline) {
  if (timeline.window <= Nanos{0}) return {};
  return fmt::format(
      "What a thread did with one stack is put together inside windows of {}: sums are those of the recording, the "
      "order inside a window is not.",
      wording::span(timeline.window));
}

std::string coarseness_of_turns(const Timeline& timeline) {
  if (timeline.turns_window <= Nanos{0}) return {};
  return fmt::format(
      "Turns with the GIL are put together inside windows of {}: how long each thread had it is that of the recording, "
      "the order inside a window is not.",
      wording::span(timeline.turns_window));
}

}  // namespace gilspy::timeline_walk
