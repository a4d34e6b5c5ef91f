#include "capturing_target.h"

#include <algorithm>

namespace gilspy {
namespace {

std::string without_folders(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace

Result<std::size_t> CapturingTarget::read_batch(std::span<const ReadRange> ranges) {
  std::vector<std::vector<std::byte>> rooms;
  std::vector<ReadRange> rounded;
  for (const ReadRange& range : ranges) {
    const std::uint64_t before = range.into.empty() ? 0 : range.from.value() % kLine;
    rooms.emplace_back((before + range.into.size() + kLine - 1) / kLine * kLine);
    rounded.push_back({range.from - before, rooms.back()});
  }
  GILSPY_TRY(const std::size_t complete, inner_.read_batch(rounded));
  for (std::size_t i = 0; i < complete; ++i) {
    keep(rounded[i].from, rooms[i]);
    const auto asked = std::span(rooms[i]).subspan(ranges[i].from.since(rounded[i].from), ranges[i].into.size());
    std::ranges::copy(asked, ranges[i].into.begin());
  }
  return complete;
}

void CapturingTarget::keep(RemoteAddr from, std::span<const std::byte> bytes) {
  for (std::uint64_t at = 0; at < bytes.size(); at += kLine) {
    const auto line = bytes.subspan(at, kLine);
    lines_.try_emplace((from + at).value(), line.begin(), line.end());
  }
}

Result<std::vector<Mapping>> CapturingTarget::mappings() {
  GILSPY_TRY(std::vector<Mapping> mappings, inner_.mappings());
  if (mappings_.empty()) mappings_ = mappings;
  return mappings;
}

SnapshotThread& CapturingTarget::thread(Tid tid) {
  const auto [known, is_new] = threads_.try_emplace(tid);
  if (is_new) {
    known->second.comm = inner_.comm_of(tid).value_or("");
    known->second.own_number = inner_.own_number_of(tid);
  }
  return known->second;
}

Result<std::vector<Tid>> CapturingTarget::threads() {
  GILSPY_TRY(std::vector<Tid> tids, inner_.threads());
  for (const Tid tid : tids) thread(tid);
  return tids;
}

Result<SyscallFacts> CapturingTarget::syscall_of(Tid tid) {
  GILSPY_TRY(const SyscallFacts facts, inner_.syscall_of(tid));
  if (syscalls_known_.insert(tid).second) thread(tid).syscall = facts;
  return facts;
}

Result<SchedFacts> CapturingTarget::sched_of(Tid tid) {
  GILSPY_TRY(const SchedFacts facts, inner_.sched_of(tid));
  if (scheds_known_.insert(tid).second) thread(tid).sched = facts;
  return facts;
}

Result<std::string> CapturingTarget::comm_of(Tid tid) {
  GILSPY_TRY(std::string comm, inner_.comm_of(tid));
  thread(tid);
  return comm;
}

Snapshot CapturingTarget::snapshot(const RuntimeLocation& location) const {
  Snapshot made;
  made.location = location;
  made.location.binary = without_folders(location.binary);
  made.pid = inner_.identity().pid;
  made.tells_system_calls = inner_.tells_system_calls();
  made.mappings = mappings_;
  for (Mapping& mapping : made.mappings) mapping.path = without_folders(mapping.path);
  made.threads = threads_;
  std::vector<std::byte>* last = nullptr;
  std::uint64_t end = 0;
  for (const auto& [address, line] : lines_) {
    if (last == nullptr || address != end) last = &made.memory[address];
    last->insert(last->end(), line.begin(), line.end());
    end = address + line.size();
  }
  return made;
}

}  // namespace gilspy
