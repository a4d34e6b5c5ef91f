#include "fake_target.h"

#include <algorithm>
#include <utility>

namespace gilspy {
namespace {

class OwnBytes final : public FileBytes {
 public:
  explicit OwnBytes(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  std::span<const std::byte> bytes() const override { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// Stands for a pause of ten microseconds.
class FakeStop final : public ThreadStop {
 public:
  FakeStop(std::vector<Tid> tids, std::map<Tid, Registers> registers, int& standing)
      : tids_(std::move(tids)), registers_(std::move(registers)), standing_(standing) {
    ++standing_;
  }
  ~FakeStop() override { release(); }
  FakeStop(const FakeStop&) = delete;
  FakeStop& operator=(const FakeStop&) = delete;

  bool holds(Tid tid) const override { return !released_ && std::ranges::count(tids_, tid) > 0; }
  Result<Registers> registers(Tid tid) const override {
    const auto found = registers_.find(tid);
    if (!holds(tid) || found == registers_.end()) return fail(ErrorCode::kGone, "the thread does not stand still");
    return found->second;
  }
  Nanos release() override {
    if (!std::exchange(released_, true)) --standing_;
    return std::chrono::microseconds(10);
  }

 private:
  std::vector<Tid> tids_;
  std::map<Tid, Registers> registers_;
  int& standing_;
  bool released_ = false;
};

tl::unexpected<Error> no_such_thread() { return fail(ErrorCode::kGone, "the thread has ended"); }

}  // namespace

void SparseMemory::put_bytes(RemoteAddr address, std::span<const std::byte> bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const std::uint64_t where = address.value() + done;
    const std::size_t inside = where % kPage;
    const std::size_t size = std::min<std::size_t>(bytes.size() - done, kPage - inside);
    Page& page = pages_[where / kPage];
    std::memcpy(page.bytes.data() + inside, bytes.data() + done, size);
    std::fill_n(page.present.begin() + static_cast<std::ptrdiff_t>(inside), size, true);
    done += size;
  }
}

void SparseMemory::put_text(RemoteAddr address, std::string_view text) {
  put_bytes(address, std::as_bytes(std::span(text.data(), text.size())));
  put(address + text.size(), '\0');
}

void SparseMemory::remove(RemoteAddr address, std::uint64_t size) {
  for (std::uint64_t where = address.value(); where != address.value() + size; ++where) {
    const auto page = pages_.find(where / kPage);
    if (page != pages_.end()) page->second.present[where % kPage] = false;
  }
}

bool SparseMemory::copy(RemoteAddr from, std::span<std::byte> into) const {
  for (std::size_t done = 0; done < into.size();) {
    const std::uint64_t where = from.value() + done;
    const std::size_t inside = where % kPage;
    const std::size_t size = std::min<std::size_t>(into.size() - done, kPage - inside);
    const auto page = pages_.find(where / kPage);
    if (page == pages_.end()) return false;
    const auto first = page->second.present.begin() + static_cast<std::ptrdiff_t>(inside);
    if (!std::all_of(first, first + static_cast<std::ptrdiff_t>(size), [](bool there) { return there; })) return false;
    std::memcpy(into.data() + done, page->second.bytes.data() + inside, size);
    done += size;
  }
  return true;
}

FakeTarget::FakeTarget() {
  identity_.pid = Pid{1000};
  identity_.command = {"python3", "app.py"};
  identity_.executable = "/usr/bin/python3";
  identity_.working_folder = "/";
}

void FakeTarget::add_thread(Tid tid, std::string comm) { threads_[tid].comm = std::move(comm); }

void FakeTarget::clear_reads() {
  reads_.clear();
  batches_ = 0;
  syscalls_read_.clear();
  scheds_read_.clear();
}

bool FakeTarget::was_read(RemoteAddr address) const {
  return std::any_of(reads_.begin(), reads_.end(), [&](const Read& read) { return address.in(read.from, read.size); });
}

Result<std::size_t> FakeTarget::read_batch(std::span<const ReadRange> ranges) {
  ++batches_;
  if (failure_) return fail(*failure_, "reading the target's memory");
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const Read read{ranges[i].from, ranges[i].into.size()};
    if (on_read_) on_read_(read);
    if (failure_) return fail(*failure_, "reading the target's memory");  // the callback may have ended the process
    reads_.push_back(read);
    if (!memory.copy(ranges[i].from, ranges[i].into)) return i;
  }
  return ranges.size();
}

Result<std::unique_ptr<FileBytes>> FakeTarget::file_of(const Mapping& mapping) {
  const auto file = files_.find(mapping.path);
  if (file == files_.end()) return fail(ErrorCode::kSystem, "the mapping has no file");
  return std::make_unique<OwnBytes>(file->second);
}

Result<std::vector<Tid>> FakeTarget::threads() {
  if (threads_.empty()) return fail(ErrorCode::kGone, "the process has ended");
  std::vector<Tid> tids;
  for (const auto& [tid, thread] : threads_) tids.push_back(tid);
  return tids;
}

Result<SyscallFacts> FakeTarget::syscall_of(Tid tid) {
  syscalls_read_.push_back(tid);
  const auto thread = threads_.find(tid);
  if (thread == threads_.end()) return no_such_thread();
  return thread->second.syscall;
}

Result<SchedFacts> FakeTarget::sched_of(Tid tid) {
  scheds_read_.push_back(tid);
  const auto thread = threads_.find(tid);
  if (thread == threads_.end()) return no_such_thread();
  return thread->second.sched;
}

Result<void> FakeTarget::may_stop() {
  if (refuse_stops_) return fail(ErrorCode::kDenied, "process 17 (gdb) traces it already");
  return {};
}

Result<std::unique_ptr<ThreadStop>> FakeTarget::stop(std::span<const Tid> tids) {
  GILSPY_CHECK(may_stop());
  std::vector<Tid> living;
  std::ranges::copy_if(tids, std::back_inserter(living), [this](Tid tid) { return threads_.contains(tid); });
  stops_.push_back(living);
  std::map<Tid, Registers> registers;
  for (const Tid tid : living) {
    if (threads_[tid].registers.known != 0) registers[tid] = threads_[tid].registers;
  }
  auto stop = std::make_unique<FakeStop>(std::move(living), std::move(registers), standing_);
  if (on_stop_) on_stop_(stops_.back());
  return stop;
}

bool FakeTarget::release_late() {
  ++late_releases_;
  return late_;
}

Result<std::string> FakeTarget::comm_of(Tid tid) {
  const auto thread = threads_.find(tid);
  if (thread == threads_.end()) return no_such_thread();
  return thread->second.comm;
}

std::optional<Tid> FakeTarget::tid_of_own_number(std::int32_t number) {
  bool numbered = false;
  for (const auto& [tid, thread] : threads_) {
    if (thread.own_number.value_or(to_int(tid)) == number) return tid;
    numbered = numbered || thread.own_number;
  }
  // As on Linux: without a PID namespace of its own, nobody is asked.
  return numbered ? std::nullopt : std::optional(Tid{number});
}

std::int32_t FakeTarget::own_number_of(Tid tid) {
  const auto thread = threads_.find(tid);
  return thread == threads_.end() ? to_int(tid) : thread->second.own_number.value_or(to_int(tid));
}

}  // namespace gilspy
