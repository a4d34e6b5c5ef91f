// Stops threads of the target with ptrace, for as long as a read takes, and lets them go again.
//
// A thread is seized, interrupted, read and detached, every time anew: between two reads nobody is traced, so that
// signals reach the target as ever and a debugger can have it. When gilspy ends, however it does, the kernel detaches
// what it traced and lets it run. All of it has to happen on one thread: the tracer is a thread, not a process.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/target.h"

namespace gilspy::platform {

class Tracer {
 public:
  explicit Tracer(Pid pid) : pid_(pid) {}
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // As Target::may_stop.
  Result<void> may_stop() const;
  // As Target::stop.
  Result<std::unique_ptr<ThreadStop>> stop(std::span<const Tid> tids);
  // As Target::stop_briefly.
  Result<std::unique_ptr<ThreadStop>> stop_briefly(Tid tid, Nanos patience);
  // As Target::release_late.
  bool release_late();

 private:
  friend class LinuxThreadStop;
  struct Tracee {
    Tid tid{};
    int signal = 0;  // one that arrived as it stopped: it gets it when it goes on
  };
  enum class Arrival { kStopped, kNotYet, kGone };

  Result<std::unique_ptr<ThreadStop>> stop_within(std::span<const Tid> tids, Nanos patience);
  std::vector<Tracee> arrivals(std::span<Tracee> seized, Nanos deadline, Nanos& since);
  Arrival await(Tracee& tracee, Nanos spin, Nanos deadline, Nanos& since) const;
  Arrival look(Tracee& tracee) const;
  void let_go(std::span<const Tracee> tracees);
  std::optional<Error> refusal(Tid tid) const;
  std::optional<Error> taken_by_another(std::string_view status) const;
  Error forbidden() const;

  Pid pid_;
  std::vector<Tracee> late_;  // interrupted, but the kernel has not let go of them yet
};

}  // namespace gilspy::platform
