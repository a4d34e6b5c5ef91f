#include "memory.h"

#include <sys/uio.h>

#include <array>
#include <bit>
#include <cerrno>

#include "proc_files.h"

namespace gilspy::platform {
namespace {

constexpr std::size_t kRangesPerCall = 1024;  // the kernel's UIO_MAXIOV

// How many leading ranges `copied` bytes fill.
std::size_t complete_ranges(std::span<const ReadRange> ranges, std::size_t copied) {
  std::size_t complete = 0;
  for (const ReadRange& range : ranges) {
    if (range.into.size() > copied) break;
    copied -= range.into.size();
    ++complete;
  }
  return complete;
}

// Not inlined: a batch of a few ranges, the usual one, must not pay for the stack of a large one.
template <std::size_t N>
[[gnu::noinline]] ssize_t read_ranges(Pid pid, std::span<const ReadRange> ranges) {
  std::array<iovec, N> local;
  std::array<iovec, N> remote;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const std::size_t size = ranges[i].into.size();
    local[i] = {ranges[i].into.data(), size};
    remote[i] = {std::bit_cast<void*>(ranges[i].from.value()), size};
  }
  return ::process_vm_readv(to_int(pid), local.data(), ranges.size(), remote.data(), ranges.size(), 0);
}

}  // namespace

Result<std::size_t> read_process_memory(Pid pid, std::span<const ReadRange> ranges) {
  std::size_t complete = 0;
  while (complete < ranges.size()) {
    const auto chunk = ranges.subspan(complete, std::min(kRangesPerCall, ranges.size() - complete));
    const ssize_t copied = chunk.size() <= 16 ? read_ranges<16>(pid, chunk) : read_ranges<kRangesPerCall>(pid, chunk);
    if (copied < 0 && errno == EFAULT) return complete + complete_ranges(chunk, 0);
    if (copied < 0) return tl::unexpected(error_of(errno, "reading the target's memory"));
    const std::size_t done = complete_ranges(chunk, static_cast<std::size_t>(copied));
    complete += done;
    if (done < chunk.size()) break;
  }
  return complete;
}

}  // namespace gilspy::platform
