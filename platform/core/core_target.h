// The process of a core file. Nothing changes in it, and its threads stand still by themselves.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core_file.h"
#include "core_memory.h"
#include "core_notes.h"
#include "gilspy/core.h"

namespace gilspy::platform {

class LinuxCore final : public CoreTarget {
 public:
  struct Parts {
    CoreFacts facts;
    ProcessIdentity identity;
    CoreNotes notes;
    std::unique_ptr<CoreFile> file;
    std::unique_ptr<CoreMemory> memory;
  };
  explicit LinuxCore(Parts parts) : parts_(std::move(parts)) {}

  CoreFacts facts() const override;

  Result<std::size_t> read_batch(std::span<const ReadRange> ranges) override;
  const ProcessIdentity& identity() const override { return parts_.identity; }
  Liveness liveness() override { return Liveness::kAlive; }
  Result<std::vector<Mapping>> mappings() override { return parts_.memory->mappings(); }
  Result<std::unique_ptr<FileBytes>> file_of(const Mapping& mapping) override {
    return parts_.memory->file_of(mapping);
  }
  Result<std::vector<Tid>> threads() override;
  Result<SyscallFacts> syscall_of(Tid tid) override;
  Result<SchedFacts> sched_of(Tid tid) override;
  Result<std::string> comm_of(Tid tid) override;
  void forget(Tid) override {}
  std::optional<Registers> registers_of(Tid tid) override;
  Result<void> may_stop() override { return {}; }
  Result<std::unique_ptr<ThreadStop>> stop(std::span<const Tid> tids) override;
  Result<std::unique_ptr<ThreadStop>> stop_briefly(Tid tid, Nanos) override { return stop({&tid, 1}); }
  bool release_late() override { return false; }
  Result<Nanos> cpu_time() override;
  std::vector<ProcessIdentity> descendants() override { return {}; }

 private:
  Result<const CoreThread*> thread(Tid tid) const;

  Parts parts_;
};

}  // namespace gilspy::platform
