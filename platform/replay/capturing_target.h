// A target that remembers what was read of another one. Of an address that was read again and again the first value is
// kept: a snapshot shows one moment, the first one.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "gilspy/target.h"
#include "snapshot.h"

namespace gilspy {

class CapturingTarget final : public Target {
 public:
  explicit CapturingTarget(Target& inner) : inner_(inner) {}

  // What was captured so far. Paths lose their folders: where an interpreter was installed does not matter.
  Snapshot snapshot(const RuntimeLocation& location) const;

  Result<std::size_t> read_batch(std::span<const ReadRange> ranges) override;
  const ProcessIdentity& identity() const override { return inner_.identity(); }
  Liveness liveness() override { return inner_.liveness(); }
  Result<std::vector<Mapping>> mappings() override;
  Result<std::unique_ptr<FileBytes>> file_of(const Mapping& mapping) override { return inner_.file_of(mapping); }
  Result<std::vector<Tid>> threads() override;
  Result<SyscallFacts> syscall_of(Tid tid) override;
  bool tells_system_calls() const override { return inner_.tells_system_calls(); }
  Result<SchedFacts> sched_of(Tid tid) override;
  Result<std::string> comm_of(Tid tid) override;
  std::int32_t own_number_of(Tid tid) override { return inner_.own_number_of(tid); }
  std::optional<Tid> tid_of_own_number(std::int32_t number) override { return inner_.tid_of_own_number(number); }
  void forget(Tid tid) override { inner_.forget(tid); }
  Result<void> may_stop() override { return inner_.may_stop(); }
  Result<std::unique_ptr<ThreadStop>> stop(std::span<const Tid> tids) override { return inner_.stop(tids); }
  Result<std::unique_ptr<ThreadStop>> stop_briefly(Tid tid, Nanos patience) override {
    return inner_.stop_briefly(tid, patience);
  }
  bool release_late() override { return inner_.release_late(); }
  Result<Nanos> cpu_time() override { return inner_.cpu_time(); }
  std::vector<ProcessIdentity> descendants() override { return inner_.descendants(); }

 private:
  static constexpr std::uint64_t kLine = 64;  // whole lines are captured: fewer ranges, and never part of a page more

  void keep(RemoteAddr from, std::span<const std::byte> bytes);
  SnapshotThread& thread(Tid tid);

  Target& inner_;
  std::vector<Mapping> mappings_;
  std::map<Tid, SnapshotThread> threads_;
  std::set<Tid> syscalls_known_, scheds_known_;
  std::map<std::uint64_t, std::vector<std::byte>> lines_;  // by address
};

}  // namespace gilspy
