// What was read of a process, to be read again without it: memory, mappings, and what the kernel told of its threads.
// A test puts it into a FakeTarget. No ELF files: a snapshot starts where the runtime has been found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "fake_target.h"
#include "gilspy/locate.h"
#include "gilspy/result.h"
#include "gilspy/target.h"

namespace gilspy {

struct SnapshotThread {
  std::string comm;
  std::int32_t own_number = 0;
  SyscallFacts syscall;
  SchedFacts sched;
};

struct Snapshot {
  RuntimeLocation location;
  Pid pid{};
  bool tells_system_calls = true;
  std::vector<Mapping> mappings;
  std::map<Tid, SnapshotThread> threads;
  std::map<std::uint64_t, std::vector<std::byte>> memory;  // by address; ranges neither overlap nor touch
};

// Bytes that were not captured are not mapped.
void put_into(FakeTarget& target, const Snapshot& snapshot);

// Little-endian, with a version in front.
std::vector<std::byte> write_snapshot(const Snapshot& snapshot);
// Errors: kCorrupt, also for another version.
Result<Snapshot> read_snapshot(std::span<const std::byte> bytes);

}  // namespace gilspy
