#include "liveness.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string_view>

#include "proc_files.h"
#include "proc_text.h"

namespace gilspy::platform {
namespace {

std::optional<StatFacts> read_stat(int fd) {
  std::array<char, 1024> buffer;
  const ssize_t size = ::pread(fd, buffer.data(), buffer.size(), 0);
  if (size <= 0) return std::nullopt;
  return parse_stat({buffer.data(), static_cast<std::size_t>(size)});
}

}  // namespace

Result<LifeLine> LifeLine::take(Pid pid, RemoteAddr mapped) {
  LifeLine life;
  life.stat_.reset(::open(proc_path(pid, "stat").c_str(), O_RDONLY | O_CLOEXEC));
  if (!life.stat_) return tl::unexpected(error_of(errno, "opening its stat"));
  const auto stat = read_stat(life.stat_.get());
  if (!stat || stat->ended()) return fail(ErrorCode::kGone, "the process has ended");
  life.start_stack_ = stat->start_stack;
  life.mem_.reset(::open(proc_path(pid, "mem").c_str(), O_RDONLY | O_CLOEXEC));
  life.mapped_ = mapped;
  return life;
}

Liveness LifeLine::check() const {
  auto stat = read_stat(stat_.get());
  if (!stat || stat->ended()) return Liveness::kEnded;
  if (!address_space_is_gone(stat->start_stack)) return stat->stopped() ? Liveness::kStopped : Liveness::kAlive;
  // exec() gave it another one; or it is on its way out, which takes the address space before it makes a zombie. That
  // there is no stack says nothing: neither has a new program one at first.
  stat = read_stat(stat_.get());
  const bool exiting = !stat || stat->ended() || stat->exiting;
  return exiting ? Liveness::kEnded : Liveness::kReplaced;
}

bool LifeLine::address_space_is_gone(std::uint64_t start_stack) const {
  // Second best: the stack of a new program starts elsewhere, unless address randomisation is off.
  if (!mem_) return start_stack != start_stack_;
  char byte = 0;
  const auto where = static_cast<off_t>(mapped_.value());
  // Unmapped in the meantime is an error, not 0 bytes: the address space still lives.
  return ::pread(mem_.get(), &byte, 1, where) == 0;
}

}  // namespace gilspy::platform
