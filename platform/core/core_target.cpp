#include "core_target.h"

#include <algorithm>
#include <utility>

namespace gilspy::platform {
namespace {

class StandingThreads final : public ThreadStop {
 public:
  explicit StandingThreads(std::vector<CoreThread> threads) : threads_(std::move(threads)) {}

  bool holds(Tid tid) const override { return std::ranges::count(threads_, tid, &CoreThread::tid) > 0; }
  Result<Registers> registers(Tid tid) const override {
    const auto found = std::ranges::find(threads_, tid, &CoreThread::tid);
    if (found == threads_.end()) return fail(ErrorCode::kGone, "the core has no such thread");
    return found->registers;
  }
  Nanos release() override {
    threads_.clear();
    return Nanos{0};
  }

 private:
  std::vector<CoreThread> threads_;
};

}  // namespace

CoreFacts LinuxCore::facts() const {
  CoreFacts facts = parts_.facts;
  facts.files_missing = parts_.memory->files_missing();
  return facts;
}

Result<std::size_t> LinuxCore::read_batch(std::span<const ReadRange> ranges) {
  std::size_t complete = 0;
  while (complete < ranges.size() && parts_.memory->read(ranges[complete].from, ranges[complete].into)) ++complete;
  return complete;
}

Result<const CoreThread*> LinuxCore::thread(Tid tid) const {
  const auto found = std::ranges::find(parts_.notes.threads, tid, &CoreThread::tid);
  if (found == parts_.notes.threads.end()) return fail(ErrorCode::kGone, "the core has no such thread");
  return &*found;
}

Result<std::vector<Tid>> LinuxCore::threads() {
  std::vector<Tid> tids;
  for (const CoreThread& each : parts_.notes.threads) tids.push_back(each.tid);
  return tids;
}

Result<SyscallFacts> LinuxCore::syscall_of(Tid tid) {
  GILSPY_TRY(const CoreThread* const found, thread(tid));
  return found->call;
}

Result<SchedFacts> LinuxCore::sched_of(Tid tid) {
  GILSPY_TRY(const CoreThread* const found, thread(tid));
  return SchedFacts{found->cpu, Nanos{0}};
}

// Only the process has a name in a core.
Result<std::string> LinuxCore::comm_of(Tid tid) {
  GILSPY_CHECK(thread(tid));
  return parts_.notes.name;
}

std::optional<Registers> LinuxCore::registers_of(Tid tid) {
  const auto found = thread(tid);
  return found.has_value() ? std::optional((*found)->registers) : std::nullopt;
}

Result<std::unique_ptr<ThreadStop>> LinuxCore::stop(std::span<const Tid> tids) {
  std::vector<CoreThread> standing;
  for (const Tid tid : tids) {
    if (const auto found = thread(tid)) standing.push_back(**found);
  }
  return std::make_unique<StandingThreads>(std::move(standing));
}

Result<Nanos> LinuxCore::cpu_time() {
  Nanos sum{0};
  for (const CoreThread& each : parts_.notes.threads) {
    if (each.cpu > Nanos::max() - sum) return Nanos::max();
    sum += each.cpu;
  }
  return sum;
}

}  // namespace gilspy::platform
