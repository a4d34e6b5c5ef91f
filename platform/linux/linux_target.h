// A running process of this machine as a Target.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "gilspy/target.h"
#include "liveness.h"
#include "thread_files.h"

namespace gilspy::platform {

class LinuxTarget final : public Target {
 public:
  struct Parts {
    ProcessIdentity identity;
    std::string executable_link;  // as /proc/PID/exe reads: with its mark when the file has been deleted
    bool own_pid_namespace = false;
    clockid_t cpu_clock = 0;
    LifeLine life;
    ThreadFiles threads;
  };
  explicit LinuxTarget(Parts parts) : parts_(std::move(parts)) {}

  Result<std::size_t> read_batch(std::span<const ReadRange> ranges) override;
  const ProcessIdentity& identity() const override { return parts_.identity; }
  Liveness liveness() override { return parts_.life.check(); }
  Result<std::vector<Mapping>> mappings() override;
  Result<std::unique_ptr<FileBytes>> file_of(const Mapping& mapping) override;
  Result<std::vector<Tid>> threads() override { return parts_.threads.threads(); }
  Result<SyscallFacts> syscall_of(Tid tid) override { return parts_.threads.syscall_of(tid); }
  Result<SchedFacts> sched_of(Tid tid) override { return parts_.threads.sched_of(tid); }
  Result<std::string> comm_of(Tid tid) override;
  std::int32_t own_number_of(Tid tid) override;
  void forget(Tid tid) override { parts_.threads.forget(tid); }
  Result<Nanos> cpu_time() override;
  std::vector<ProcessIdentity> descendants() override;

 private:
  Parts parts_;
};

}  // namespace gilspy::platform
