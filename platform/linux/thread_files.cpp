#include "thread_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "proc_text.h"

namespace gilspy::platform {
namespace {

// "TID/FILE" without an allocation: threads that come and go make opening part of the hot path.
struct ThreadPath {
  std::array<char, 48> text{};

  ThreadPath(Tid tid, std::string_view file) {
    char* end = std::to_chars(text.data(), text.data() + 12, to_int(tid)).ptr;
    *end++ = '/';
    file.copy(end, static_cast<std::size_t>(text.data() + text.size() - 1 - end));
  }
};

tl::unexpected<Error> thread_gone() { return fail(ErrorCode::kGone, "the thread has ended"); }

Result<std::string_view> pread_text(int fd, std::span<char> buffer) {
  const ssize_t size = ::pread(fd, buffer.data(), buffer.size(), 0);
  if (size > 0) return std::string_view(buffer.data(), static_cast<std::size_t>(size));
  if (size == 0 || errno == ESRCH || errno == ENOENT) return thread_gone();
  return tl::unexpected(error_of(errno, "reading a thread's state"));
}

}  // namespace

Result<std::vector<Tid>> ThreadFiles::threads() {
  std::vector<Tid> tids;
  for (const std::int32_t number : numeric_entries(folder_.get())) tids.push_back(Tid{number});
  if (tids.empty()) return fail(ErrorCode::kGone, "the process has ended");
  return tids;
}

bool ThreadFiles::exists(Tid tid) const {
  struct stat ignored {};
  return ::fstatat(::dirfd(folder_.get()), ThreadPath(tid, "").text.data(), &ignored, 0) == 0;
}

Result<UniqueFd> ThreadFiles::open(Tid tid, std::string_view file) const {
  UniqueFd fd(::openat(::dirfd(folder_.get()), ThreadPath(tid, file).text.data(), O_RDONLY | O_CLOEXEC));
  if (fd) return fd;
  const int why = errno;
  if (why != ENOENT && why != ESRCH) return tl::unexpected(error_of(why, "opening a thread's state"));
  // A kernel may be built without one of the files: that says nothing about the thread.
  if (exists(tid)) return fail(ErrorCode::kSystem, "this kernel does not tell a thread's " + std::string(file));
  return thread_gone();
}

Result<std::string_view> ThreadFiles::read(Tid tid, UniqueFd Kept::*which, std::string_view file,
                                           std::span<char> buffer) {
  const auto known = kept_.find(to_int(tid));
  if (known != kept_.end() && known->second.*which) return pread_text((known->second.*which).get(), buffer);

  GILSPY_TRY(UniqueFd fd, open(tid, file));
  auto text = pread_text(fd.get(), buffer);
  if (text.has_value() && kept_count_ < keep_) {
    kept_[to_int(tid)].*which = std::move(fd);
    ++kept_count_;
  }
  return text;
}

Result<SyscallFacts> ThreadFiles::syscall_of(Tid tid) {
  std::array<char, 256> buffer;
  const auto text = read(tid, &Kept::syscall, "syscall", buffer);
  if (!text.has_value()) {
    // Not told, and no reason to give the thread up: its activity will be unknown.
    if (text.error().code() != ErrorCode::kGone) return SyscallFacts{};
    return tl::unexpected(text.error());
  }
  const auto facts = parse_syscall(*text);
  if (!facts) return thread_gone();
  return *facts;
}

Result<SchedFacts> ThreadFiles::sched_of(Tid tid) {
  std::array<char, 128> buffer;
  GILSPY_TRY(const std::string_view text, read(tid, &Kept::schedstat, "schedstat", buffer));
  const auto facts = parse_schedstat(text);
  if (!facts) return fail(ErrorCode::kSystem, "a schedstat that is none");
  return *facts;
}

Result<std::string> ThreadFiles::text_of(Tid tid, std::string_view file) {
  GILSPY_TRY(const UniqueFd fd, open(tid, file));
  std::array<char, 4096> buffer;
  GILSPY_TRY(const std::string_view text, pread_text(fd.get(), buffer));
  return std::string(text);
}

void ThreadFiles::forget(Tid tid) {
  const auto known = kept_.find(to_int(tid));
  if (known == kept_.end()) return;
  kept_count_ -= (known->second.syscall ? 1U : 0U) + (known->second.schedstat ? 1U : 0U);
  kept_.erase(known);
}

}  // namespace gilspy::platform
