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

std::string interpreters_name(const GilProfile& gil) {
  return fmt::format("interpreter{} {}", gil.interpreters.size() == 1 ? "" : "s", fmt::join(gil.interpreters, ", "));
}

bool has_several_interpreters(const Profile& profile) {
  return profile.gils.size() > 1 || std::any_of(profile.gils.begin(), profile.gils.end(),
                                                [](const GilProfile& gil) { return gil.interpreters.size() > 1; });
}

std::string coarseness(const Timeline& timeline) {
  if (timeline.window <= Nanos{0}) return {};
  return fmt::format(
      "What a thread did with one stack is put together inside windows of {}: sums are those of the recording, the "
      "order inside a window is not.",
      wording::span(timeline.window));
}

}  // namespace gilspy::timeline_walk
