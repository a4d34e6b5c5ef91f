#include "rights.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <initializer_list>
#include <string_view>

#include "complain.h"
#include "gilspy/platform.h"

namespace gilspy::cli {
namespace {

using platform::Capability;
using platform::CapabilitySet;

// From the weakest to the strongest. /proc has files for their owner only, whoever may trace it: reading those of
// another user takes more.
constexpr CapabilitySet kWaysToRead[] = {
    {},
    {Capability::kSysPtrace},
    {Capability::kDacReadSearch},
    {Capability::kSysPtrace, Capability::kDacReadSearch},
    {Capability::kDacOverride},
    {Capability::kSysPtrace, Capability::kDacOverride},
};
constexpr CapabilitySet kWaysToWrite[] = {
    {}, {Capability::kFowner}, {Capability::kDacOverride}, {Capability::kDacOverride, Capability::kFowner}};
constexpr CapabilitySet kDeletedFiles{Capability::kCheckpointRestore};
constexpr CapabilitySet kFiles[] = {{}, {Capability::kDacReadSearch}, {Capability::kDacOverride}};

// The first of them that does; all of them together where none does, since with all it did.
CapabilitySet weakest_that_works(const std::vector<CapabilitySet>& ways, CapabilitySet besides,
                                 const std::function<bool()>& attempt) {
  const CapabilitySet held = platform::held_capabilities();
  CapabilitySet all;
  for (const CapabilitySet way : ways) {
    all = all.with(way.both(held));
    if (held.contains(way) && platform::works_with(way.with(besides), attempt)) return way;
  }
  return all;
}

// As many as are readable.
std::size_t count_of_files(Target& target) {
  const auto mappings = target.mappings();
  if (!mappings.has_value()) return 0;
  const auto readable = [&](const Mapping& mapping) {
    return mapping.executable && mapping.inode != 0 && target.file_of(mapping).has_value();
  };
  return static_cast<std::size_t>(std::ranges::count_if(*mappings, readable));
}

bool meets_strangers(const WorkAhead& work) { return work.target == nullptr || work.meets_others; }

// Without CAP_SYS_PTRACE, which few containers have, a process may be read by who has all capabilities that it has.
CapabilitySet as_many_as_it_has(const WorkAhead& work) {
  const CapabilitySet held = platform::held_capabilities();
  if (work.reads_core || held.has(Capability::kSysPtrace)) return {};
  return meets_strangers(work) ? held : platform::capabilities_of(work.target->identity().pid).both(held);
}

std::vector<CapabilitySet> ways_to_read(const WorkAhead& work, bool with_files) {
  std::vector<CapabilitySet> ways(std::begin(kWaysToRead), std::end(kWaysToRead));
  if (const CapabilitySet its = as_many_as_it_has(work); !its.empty()) {
    for (const CapabilitySet files : kFiles) ways.push_back(its.with(files));
  }
  if (!with_files) return ways;
  std::vector<CapabilitySet> more;
  for (const CapabilitySet way : ways) more.insert(more.end(), {way, way.with(kDeletedFiles)});
  return more;
}

CapabilitySet reading_takes(const WorkAhead& work) {
  const CapabilitySet held = platform::held_capabilities();
  if (work.reads_core) return CapabilitySet{Capability::kDacReadSearch}.both(held);
  if (meets_strangers(work)) {
    if (!held.has(Capability::kSysPtrace)) return held;
    const CapabilitySet files{held.has(Capability::kDacReadSearch) ? Capability::kDacReadSearch
                                                                   : Capability::kDacOverride};
    return CapabilitySet{Capability::kSysPtrace}.with(files).with(kDeletedFiles).both(held);
  }
  Target& target = *work.target;
  const bool told = target.tells_system_calls();
  const std::size_t files = work.native != NativeFrames::kNone ? count_of_files(target) : 0;
  const auto attempt = [&] {
    const auto again = platform::attach(target.identity().pid);
    if (!again.has_value() || (told && !(*again)->tells_system_calls())) return false;
    return files == 0 || count_of_files(**again) >= files;
  };
  return weakest_that_works(ways_to_read(work, files > 0), {}, attempt);
}

bool writes_a_file(const WorkAhead& work) {
  return !work.output.empty() && work.output != "-" && work.output != "/dev/stdout";
}

CapabilitySet writing_takes(const WorkAhead& work, CapabilitySet besides) {
  if (!writes_a_file(work)) return {};
  const auto attempt = [&] {
    return work.streamed ? platform::may_write(work.output).has_value() : platform::may_replace(work.output);
  };
  const CapabilitySet way = weakest_that_works({std::begin(kWaysToWrite), std::end(kWaysToWrite)}, besides, attempt);
  return platform::gives_files_away() ? way.with({Capability::kChown}) : way;
}

std::string why_tracing(const WorkAhead& work) {
  if (meets_strangers(work)) return "processes that are met later may belong to others";
  const Pid pid = work.target->identity().pid;
  return fmt::format(
      "process {} {}", to_int(pid),
      platform::belongs_to_another_user(pid) ? "belongs to another user" : "has more rights than gilspy keeps");
}

void note(RightsDecision& decision, CapabilitySet kept, CapabilitySet these, const std::string& why) {
  for (const Capability one :
       {Capability::kSysPtrace, Capability::kDacReadSearch, Capability::kDacOverride, Capability::kCheckpointRestore,
        Capability::kFowner, Capability::kChown, Capability::kKill}) {
    if (!these.has(one) || !kept.has(one) || decision.keep.capabilities.has(one)) continue;
    decision.keep.capabilities = decision.keep.capabilities.with({one});
    decision.reasons.push_back({one, why});
  }
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : std::string(between)) + part;
  return text;
}

}  // namespace

WorkAhead work_of(const RecordOptions& options, const std::string& path) {
  WorkAhead work;
  work.meets_others = options.subprocesses || options.launches();
  work.has_child = options.launches();
  work.output = path;
  work.streamed = options.output.format->streamed();
  work.stopping = options.stopping;
  work.native = options.native;
  return work;
}

RightsDecision rights_for(const WorkAhead& work) {
  RightsDecision decision;
  decision.keep.stops_threads = work.stopping != Stopping::kNever || work.native != NativeFrames::kNone;
  decision.keep.starts_programs = work.native != NativeFrames::kNone && platform::may_fetch_debug_files();
  const CapabilitySet held = platform::held_capabilities();
  const CapabilitySet reading = reading_takes(work);
  const CapabilitySet writing = writing_takes(work, reading);
  if (const CapabilitySet its = as_many_as_it_has(work); !its.empty() && reading.contains(its)) {
    decision.keep.capabilities = reading;
    decision.as_many = meets_strangers(work) ? "gilspy" : "the process";
  }
  note(decision, reading, {Capability::kSysPtrace}, why_tracing(work));
  note(decision, reading, {Capability::kDacReadSearch, Capability::kDacOverride},
       work.reads_core ? "the core and the files that it names may be for their owners only"
                       : "files that only their owners may read, in /proc and elsewhere");
  note(decision, reading, kDeletedFiles, "what runs may have been deleted or replaced");
  note(decision, writing, {Capability::kDacOverride}, "the output goes where only another user may write");
  note(decision, writing, {Capability::kFowner}, "the output replaces a file of another user");
  note(decision, writing.both(held), {Capability::kChown}, "the output is given to the user who ran sudo");
  if (work.has_child) note(decision, held, {Capability::kKill}, "signals for the command, whoever it runs as by then");
  return decision;
}

std::vector<std::string> rights_lines(const RightsDecision& decided, const platform::RightsLeft& left) {
  std::vector<std::string> kept, refused{"io_uring, mounts and namespaces", "writing into processes"};
  for (const KeptFor& one : decided.reasons) {
    if (left.kept.has(one.capability)) kept.push_back(fmt::format("{} ({})", name(one.capability), one.why));
  }
  if (!decided.as_many.empty()) {
    kept.push_back(
        fmt::format("all that {} has, {} in number (without CAP_SYS_PTRACE, whoever reads a process needs as many "
                    "as that one has)",
                    decided.as_many, std::popcount(left.kept.bits())));
  }
  std::vector<std::string> lines{"rights kept: " + (kept.empty() ? "none" : joined(kept, ", "))};
  const int given_up = std::popcount(left.given_up.bits());
  lines.push_back(fmt::format("rights given up: {}{}",
                              given_up == 0   ? "none"
                              : given_up == 1 ? "1 capability"
                                              : fmt::format("{} capabilities", given_up),
                              left.no_new_privileges ? "; none can be had from now on (no_new_privs)" : ""));
  if (!left.filtered) {
    lines.emplace_back("this kernel has no seccomp filters for us: no system call is refused");
    return lines;
  }
  if (!decided.keep.stops_threads) refused.emplace_back("stopping threads (ptrace)");
  if (!decided.keep.starts_programs) refused.insert(refused.begin(), {"starting programs", "network"});
  lines.push_back("refused from now on (seccomp): " + joined(refused, ", "));
  if (decided.keep.stops_threads) {
    lines.emplace_back("still allowed: stopping threads, for --blocking, --exact or --native");
  }
  if (decided.keep.starts_programs) {
    lines.emplace_back("still allowed: starting debuginfod-find and its network, because DEBUGINFOD_URLS is set");
  }
  return lines;
}

void give_up_rights(const WorkAhead& work, bool verbose) {
  const RightsDecision decision = rights_for(work);
  const platform::RightsLeft left = platform::limit_rights(decision.keep);
  if (!verbose) return;
  for (const std::string& line : rights_lines(decision, left)) say(line);
}

}  // namespace gilspy::cli
