// A process that exists only in a test: memory, threads and files are what the test puts there. It records which ranges
// were read, and a test can change memory between two reads, as a running program would.
#pragma once

#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "gilspy/target.h"

namespace gilspy {

// Sparse bytes. Regions that touch are one: a range may be read across them.
class SparseMemory {
 public:
  void put_bytes(RemoteAddr address, std::span<const std::byte> bytes);
  template <typename T>
  void put(RemoteAddr address, const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    put_bytes(address, std::as_bytes(std::span<const T, 1>(&value, 1)));
  }
  void put(RemoteAddr address, RemoteAddr value) { put(address, value.value()); }
  void put_text(RemoteAddr address, std::string_view text);  // with a NUL behind it
  void remove(RemoteAddr address, std::uint64_t size);
  bool copy(RemoteAddr from, std::span<std::byte> into) const;

 private:
  static constexpr std::uint64_t kPage = 4096;
  struct Page {
    std::array<std::byte, kPage> bytes{};
    std::array<bool, kPage> present{};
  };
  std::map<std::uint64_t, Page> pages_;
};

class FakeTarget final : public Target {
 public:
  struct Read {
    RemoteAddr from;
    std::size_t size = 0;
    bool operator==(const Read&) const = default;
  };

  SparseMemory memory;

  FakeTarget();

  // What the process is.
  void set_identity(ProcessIdentity identity) { identity_ = std::move(identity); }
  void set_liveness(Liveness liveness) { liveness_ = liveness; }
  void set_mappings(std::vector<Mapping> mappings) { mappings_ = std::move(mappings); }
  void set_file(const std::string& path, std::vector<std::byte> bytes) { files_[path] = std::move(bytes); }
  void set_cpu_time(Nanos time) { cpu_time_ = time; }
  void set_descendants(std::vector<ProcessIdentity> descendants) { descendants_ = std::move(descendants); }
  void set_mapped_by(Pid pid, std::vector<std::string> paths) { mapped_by_[pid] = std::move(paths); }

  // Its threads. Facts of a thread that is not there are kGone.
  void add_thread(Tid tid, std::string comm = "python3");
  void end_thread(Tid tid) { threads_.erase(tid); }
  void set_syscall(Tid tid, SyscallFacts facts) { threads_[tid].syscall = facts; }
  void set_sched(Tid tid, SchedFacts facts) { threads_[tid].sched = facts; }
  void set_tells_system_calls(bool tells) { tells_system_calls_ = tells; }
  void set_registers(Tid tid, const Registers& registers) { threads_[tid].registers = registers; }
  void set_own_number(Tid tid, std::int32_t number) { threads_[tid].own_number = number; }

  // Every further read fails with this (kGone, kDenied), as for a process that has ended.
  void fail_reads(ErrorCode code) { failure_ = code; }

  // Called before each range is served: the place to change memory under the reader's feet.
  using OnRead = std::function<void(const Read&)>;
  void on_read(OnRead callback) { on_read_ = std::move(callback); }

  // Whether threads can be stopped; by whom they are traced, else.
  void refuse_stops(bool refuse) { refuse_stops_ = refuse; }
  // Called when threads have been stopped, before anybody looks.
  void on_stop(std::function<void(std::span<const Tid>)> callback) { on_stop_ = std::move(callback); }
  const std::vector<std::vector<Tid>>& stops() const { return stops_; }  // in order
  // Whether threads have yet to stop that were asked to, and how often somebody came to let them go.
  void set_late(bool late) { late_ = late; }
  std::size_t late_releases() const { return late_releases_; }
  bool anybody_stands() const { return standing_ > 0; }

  // What was read since the last clear_reads(), in order; a range that could not be read is there too.
  const std::vector<Read>& reads() const { return reads_; }
  std::size_t batches() const { return batches_; }
  bool was_read(RemoteAddr address) const;  // any byte range that holds this address
  const std::vector<Tid>& syscalls_read() const { return syscalls_read_; }
  const std::vector<Tid>& scheds_read() const { return scheds_read_; }
  const std::set<Tid>& forgotten() const { return forgotten_; }
  void clear_reads();

  Result<std::size_t> read_batch(std::span<const ReadRange> ranges) override;
  const ProcessIdentity& identity() const override { return identity_; }
  Liveness liveness() override { return liveness_; }
  Result<std::vector<Mapping>> mappings() override { return mappings_; }
  Result<std::unique_ptr<FileBytes>> file_of(const Mapping& mapping) override;
  Result<std::vector<Tid>> threads() override;
  Result<SyscallFacts> syscall_of(Tid tid) override;
  Result<SchedFacts> sched_of(Tid tid) override;
  Result<std::string> comm_of(Tid tid) override;
  bool tells_system_calls() const override { return tells_system_calls_; }
  std::int32_t own_number_of(Tid tid) override;
  std::optional<Tid> tid_of_own_number(std::int32_t number) override;
  void forget(Tid tid) override { forgotten_.insert(tid); }
  Result<void> may_stop() override;
  Result<std::unique_ptr<ThreadStop>> stop(std::span<const Tid> tids) override;
  Result<std::unique_ptr<ThreadStop>> stop_briefly(Tid tid, Nanos) override { return stop({&tid, 1}); }
  bool release_late() override;
  Result<Nanos> cpu_time() override { return cpu_time_; }
  std::vector<ProcessIdentity> descendants() override { return descendants_; }
  std::vector<std::string> files_mapped_by(Pid pid) override { return mapped_by_[pid]; }

 private:
  struct Thread {
    std::string comm = "python3";
    SyscallFacts syscall{.state = SyscallFacts::State::kRunning};
    SchedFacts sched;
    std::optional<std::int32_t> own_number;
    Registers registers;  // of which nothing is known: they cannot be had
  };

  ProcessIdentity identity_;
  Liveness liveness_ = Liveness::kAlive;
  std::vector<Mapping> mappings_;
  std::map<std::string, std::vector<std::byte>> files_;
  std::map<Tid, Thread> threads_;
  bool tells_system_calls_ = true;
  Nanos cpu_time_{0};
  std::vector<ProcessIdentity> descendants_;
  std::map<Pid, std::vector<std::string>> mapped_by_;
  std::optional<ErrorCode> failure_;
  OnRead on_read_;
  bool refuse_stops_ = false;
  std::function<void(std::span<const Tid>)> on_stop_;
  std::vector<std::vector<Tid>> stops_;
  int standing_ = 0;
  bool late_ = false;
  std::size_t late_releases_ = 0;

  std::vector<Read> reads_;
  std::size_t batches_ = 0;
  std::vector<Tid> syscalls_read_;
  std::vector<Tid> scheds_read_;
  std::set<Tid> forgotten_;
};

}  // namespace gilspy
