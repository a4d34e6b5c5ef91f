#include "snapshot.h"

#include <cstring>
#include <string_view>
#include <utility>

namespace gilspy {
namespace {

// Behind it: location, process, mappings, threads, memory; each list with its length in front.
constexpr std::string_view kMark = "gilspy snapshot 1\n";

class Writer {
 public:
  template <typename T>
  void number(T value) {
    for (std::size_t i = 0; i < sizeof(std::uint64_t); ++i) {
      bytes_.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> 8 * i & 0xff));
    }
  }
  void block(std::span<const std::byte> block) {
    number(block.size());
    plain(block);
  }
  void text(std::string_view text) { block(std::as_bytes(std::span(text))); }
  void plain(std::span<const std::byte> block) { bytes_.insert(bytes_.end(), block.begin(), block.end()); }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

// What is not there any more reads as nothing, and `broken` tells.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool broken() const { return broken_; }
  bool at_end() const { return bytes_.empty(); }
  template <typename T = std::uint64_t>
  T number() {
    std::uint64_t value = 0;
    const auto taken = plain(sizeof(value));
    for (std::size_t i = 0; i < taken.size(); ++i) value |= std::to_integer<std::uint64_t>(taken[i]) << 8 * i;
    return static_cast<T>(value);
  }
  std::span<const std::byte> block() { return plain(number()); }
  std::string text() {
    const auto taken = block();
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }
  std::span<const std::byte> plain(std::uint64_t size) {
    broken_ = broken_ || size > bytes_.size();
    if (broken_) return {};
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }

 private:
  std::span<const std::byte> bytes_;
  bool broken_ = false;
};

void write_location(Writer& out, const Snapshot& snapshot) {
  const RuntimeLocation& location = snapshot.location;
  out.number(location.runtime.value());
  out.number(location.version.major);
  out.number(location.version.minor);
  out.number(location.version.micro);
  out.number(location.free_threaded);
  out.text(location.binary);
  out.number(to_int(snapshot.pid));
  out.number(snapshot.tells_system_calls);
}

void read_location(Reader& in, Snapshot& snapshot) {
  RuntimeLocation& location = snapshot.location;
  location.runtime = RemoteAddr(in.number());
  location.version.major = in.number<int>();
  location.version.minor = in.number<int>();
  location.version.micro = in.number<int>();
  location.free_threaded = in.number() != 0;
  location.binary = in.text();
  snapshot.pid = Pid{in.number<std::int32_t>()};
  snapshot.tells_system_calls = in.number() != 0;
}

void write_mapping(Writer& out, const Mapping& mapping) {
  out.number(mapping.begin.value());
  out.number(mapping.end.value());
  out.number(mapping.file_offset);
  out.number(unsigned{mapping.readable} | unsigned{mapping.writable} << 1 | unsigned{mapping.executable} << 2);
  out.number(mapping.device);
  out.number(mapping.inode);
  out.text(mapping.path);
}

Mapping read_mapping(Reader& in) {
  Mapping mapping;
  mapping.begin = RemoteAddr(in.number());
  mapping.end = RemoteAddr(in.number());
  mapping.file_offset = in.number();
  const auto rights = in.number();
  mapping.readable = (rights & 1) != 0;
  mapping.writable = (rights & 2) != 0;
  mapping.executable = (rights & 4) != 0;
  mapping.device = in.number();
  mapping.inode = in.number();
  mapping.path = in.text();
  return mapping;
}

void write_thread(Writer& out, Tid tid, const SnapshotThread& thread) {
  out.number(to_int(tid));
  out.text(thread.comm);
  out.number(thread.own_number);
  out.number(to_int(thread.syscall.state));
  out.number(thread.syscall.number);
  out.number(thread.syscall.first_argument);
  out.number(thread.sched.on_cpu.count());
  out.number(thread.sched.run_queue.count());
}

SnapshotThread read_thread(Reader& in) {
  SnapshotThread thread;
  thread.comm = in.text();
  thread.own_number = in.number<std::int32_t>();
  const auto state = in.number<std::uint8_t>();
  if (state <= to_int(SyscallFacts::State::kUnreadable)) thread.syscall.state = SyscallFacts::State{state};
  thread.syscall.number = in.number<std::int64_t>();
  thread.syscall.first_argument = in.number();
  thread.sched.on_cpu = Nanos(in.number<std::int64_t>());
  thread.sched.run_queue = Nanos(in.number<std::int64_t>());
  return thread;
}

}  // namespace

void put_into(FakeTarget& target, const Snapshot& snapshot) {
  ProcessIdentity identity = target.identity();
  identity.pid = snapshot.pid;
  target.set_identity(std::move(identity));
  target.set_mappings(snapshot.mappings);
  target.set_tells_system_calls(snapshot.tells_system_calls);
  for (const auto& [tid, thread] : snapshot.threads) {
    target.add_thread(tid, thread.comm);
    if (thread.own_number != to_int(tid)) target.set_own_number(tid, thread.own_number);
    target.set_syscall(tid, thread.syscall);
    target.set_sched(tid, thread.sched);
  }
  for (const auto& [address, bytes] : snapshot.memory) target.memory.put_bytes(RemoteAddr(address), bytes);
}

std::vector<std::byte> write_snapshot(const Snapshot& snapshot) {
  Writer out;
  out.plain(std::as_bytes(std::span(kMark)));
  write_location(out, snapshot);
  out.number(snapshot.mappings.size());
  for (const Mapping& mapping : snapshot.mappings) write_mapping(out, mapping);
  out.number(snapshot.threads.size());
  for (const auto& [tid, thread] : snapshot.threads) write_thread(out, tid, thread);
  out.number(snapshot.memory.size());
  for (const auto& [address, bytes] : snapshot.memory) {
    out.number(address);
    out.block(bytes);
  }
  return out.take();
}

Result<Snapshot> read_snapshot(std::span<const std::byte> bytes) {
  Reader in(bytes);
  const auto mark = in.plain(kMark.size());
  if (mark.empty() || std::memcmp(mark.data(), kMark.data(), kMark.size()) != 0) {
    return fail(ErrorCode::kCorrupt, "not a snapshot, or one of another version");
  }
  Snapshot snapshot;
  read_location(in, snapshot);
  for (auto left = in.number(); left > 0 && !in.broken(); --left) snapshot.mappings.push_back(read_mapping(in));
  for (auto left = in.number(); left > 0 && !in.broken(); --left) {
    const Tid tid{in.number<std::int32_t>()};
    snapshot.threads[tid] = read_thread(in);
  }
  for (auto left = in.number(); left > 0 && !in.broken(); --left) {
    const auto address = in.number();
    const auto block = in.block();
    snapshot.memory[address].assign(block.begin(), block.end());
  }
  if (in.broken() || !in.at_end()) return fail(ErrorCode::kCorrupt, "a snapshot that ends too early or too late");
  return snapshot;
}

}  // namespace gilspy
