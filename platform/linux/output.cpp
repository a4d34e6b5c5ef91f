#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>

#include "gilspy/platform.h"
#include "proc_text.h"
#include "unique_fd.h"

namespace gilspy::platform {
namespace {

// errno as an error about the file that the user named.
tl::unexpected<Error> cannot_write(std::string_view path, int why) {
  const std::string_view shown = path == "-" ? "standard output" : path;
  return fail(ErrorCode::kCannotWrite, fmt::format("cannot write {}: {}", shown, std::strerror(why)));
}

// While one lives, writing to a pipe that nobody reads is EPIPE and not our end.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoPipeSignal() {
    const timespec at_once{};
    while (::sigismember(&before_, SIGPIPE) == 0 && ::sigtimedwait(&pipe_, nullptr, &at_once) == SIGPIPE) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

// 0, or errno.
int write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(fd, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return 0;
}

std::optional<unsigned> id_from_environment(const char* name) {
  const char* text = std::getenv(name);
  const auto id = text == nullptr ? std::nullopt : parse_decimal(text);
  return id && *id >= 0 && *id < UINT_MAX ? std::optional(static_cast<unsigned>(*id)) : std::nullopt;
}

// A profile that only root can delete would be a nuisance. A file system that knows no owners does not matter.
void give_to_invoking_user(int fd) {
  const auto user = id_from_environment("SUDO_UID");
  const auto group = id_from_environment("SUDO_GID");
  if (::geteuid() != 0 || !user || !group) return;
  if (::fchown(fd, *user, *group) != 0) return;
}

int write_directly(const std::string& path, std::span<const std::byte> bytes) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  return fd ? write_all(fd.get(), bytes) : errno;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// O_EXCL: under sudo the folder may be writable by others, who must not choose what we write to.
UniqueFd create_beside(const std::string& path, std::string& name) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    name = fmt::format("{}.gilspy-{}-{}.tmp", folder_of(path), ::getpid(), attempt);
    UniqueFd fd(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (fd || errno != EEXIST) return fd;
  }
  return {};
}

// `before`: the file that is to be replaced, if there is one.
int write_by_renaming(const std::string& path, std::span<const std::byte> bytes, Ownership ownership,
                      const std::optional<struct stat>& before) {
  std::string name;
  UniqueFd fd = create_beside(path, name);
  if (!fd) {
    const int why = errno;
    // A folder that is closed to us can hold a file that is not.
    return before && (why == EACCES || why == EPERM) ? write_directly(path, bytes) : why;
  }
  int why = write_all(fd.get(), bytes);
  if (why == 0 && before) why = ::fchmod(fd.get(), before->st_mode & 07777) == 0 ? 0 : errno;
  if (why == 0 && ownership == Ownership::kInvokingUser) give_to_invoking_user(fd.get());
  if (::close(fd.release()) != 0 && why == 0) why = errno;  // some file systems notice only now that they are full
  if (why == 0 && ::rename(name.c_str(), path.c_str()) != 0) why = errno;
  if (why != 0) ::unlink(name.c_str());
  return why;
}

// Where a symbolic link leads: the file is replaced, not the link.
std::string resolved(const std::string& path) {
  char* real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return path;
  std::string answer(real);
  std::free(real);
  return answer;
}

int write_to(const std::string& path, std::span<const std::byte> bytes, Ownership ownership) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) {
    if (errno != ENOENT) return errno;
    if (path.empty() || path.ends_with('/')) return EISDIR;
    return write_by_renaming(path, bytes, ownership, std::nullopt);
  }
  if (S_ISDIR(facts.st_mode)) return EISDIR;
  if (!S_ISREG(facts.st_mode)) return write_directly(path, bytes);
  return write_by_renaming(resolved(path), bytes, ownership, facts);
}

}  // namespace

Result<void> write_file(const std::string& path, std::span<const std::byte> bytes, Ownership ownership) {
  const NoPipeSignal guard;
  // /dev/stdout may be a regular file to which a shell appends: it is not ours to replace.
  const int why =
      path == "-" || path == "/dev/stdout" ? write_all(STDOUT_FILENO, bytes) : write_to(path, bytes, ownership);
  if (why != 0) return cannot_write(path, why);
  return {};
}

Result<void> write_file(const std::string& path, std::string_view text, Ownership ownership) {
  return write_file(path, std::as_bytes(std::span(text.data(), text.size())), ownership);
}

Result<void> create_file(const std::string& path, std::string_view text) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!fd) return cannot_write(path, errno);
  int why = write_all(fd.get(), std::as_bytes(std::span(text.data(), text.size())));
  if (why == 0) give_to_invoking_user(fd.get());
  if (::close(fd.release()) != 0 && why == 0) why = errno;
  if (why == 0) return {};
  ::unlink(path.c_str());
  return cannot_write(path, why);
}

bool may_write(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return ::access(path.c_str(), W_OK) == 0;
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  return ::access(folder.c_str(), W_OK | X_OK) == 0;
}

bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }
bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

int terminal_width() {
  constexpr int kDefault = 80;
  winsize size{};
  for (const int fd : {STDERR_FILENO, STDOUT_FILENO}) {
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  }
  const char* columns = std::getenv("COLUMNS");
  const auto number = columns == nullptr ? std::nullopt : parse_decimal(columns);
  return number && *number > 0 && *number < 10000 ? static_cast<int>(*number) : kDefault;
}

}  // namespace gilspy::platform
