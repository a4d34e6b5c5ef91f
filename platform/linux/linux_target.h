// A running process of this machine as a Target.
#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "gilspy/target.h"
#include "liveness.h"
#include "thread_files.h"
#include "tracer.h"

namespace gilspy::platform {

class LinuxTarget final : public Target {
 public:
  struct Parts {
    ProcessIdentity identity;
    std::string executable_link;  // as /proc/PID/exe reads: with its mark when the file has been deleted
    bool own_pid_namespace = false;
    bool tells_system_calls = true;
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
  bool tells_system_calls() const override { return parts_.tells_system_calls; }
  Result<SchedFacts> sched_of(Tid tid) override { return parts_.threads.sched_of(tid); }
  Result<std::string> comm_of(Tid tid) override;
  std::int32_t own_number_of(Tid tid) override;
  std::optional<Tid> tid_of_own_number(std::int32_t number) override;
  void forget(Tid tid) override;
  Result<void> may_stop() override { return tracer_.may_stop(); }
  Result<std::unique_ptr<ThreadStop>> stop(std::span<const Tid> tids) override { return tracer_.stop(tids); }
  Result<std::unique_ptr<ThreadStop>> stop_briefly(Tid tid, Nanos patience) override {
    return tracer_.stop_briefly(tid, patience);
  }
  bool release_late() override { return tracer_.release_late(); }
  Result<Nanos> cpu_time() override;
  std::vector<ProcessIdentity> descendants() override;
  std::vector<std::string> files_mapped_by(Pid pid) override;

 private:
  std::optional<std::int32_t> read_own_number(Tid tid);
  void list_own_numbers();

  Parts parts_;
  Tracer tracer_{parts_.identity.pid};
  std::unordered_map<std::int32_t, Tid> by_own_number_;  // of a target in a PID namespace of its own
};

}  // namespace gilspy::platform
