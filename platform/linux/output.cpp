#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "gilspy/platform.h"
#include "gilspy/rights.h"
#include "proc_files.h"
#include "proc_text.h"
#include "unique_fd.h"
#include "writing.h"

namespace gilspy::platform {
namespace {

// After the first piece that cannot be written the others are not tried.
class FdSink : public ByteSink {
 public:
  explicit FdSink(int fd) : fd_(fd) {}
  void write(std::string_view bytes) override {
    if (why_ == 0) why_ = write_all(fd_, std::as_bytes(std::span(bytes.data(), bytes.size())));
  }
  int why() const { return why_; }

 private:
  int fd_;
  int why_ = 0;  // errno
};

int write_contents(int fd, const Contents& contents) {
  FdSink sink(fd);
  contents(sink);
  return sink.why();
}

int write_directly(const std::string& path, const Contents& contents) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  return fd ? write_contents(fd.get(), contents) : errno;
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
int write_by_renaming(const std::string& path, const Contents& contents, Ownership ownership,
                      const std::optional<struct stat>& before) {
  std::string name;
  UniqueFd fd = create_beside(path, name);
  if (!fd) {
    const int why = errno;
    // A folder that is closed to us can hold a file that is not.
    return before && (why == EACCES || why == EPERM) ? write_directly(path, contents) : why;
  }
  int why = write_contents(fd.get(), contents);
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

// What a link in that place means by the path that it holds.
std::string beside(const std::string& link, const std::string& path) {
  return path.starts_with('/') ? path : folder_of(link) + path;
}

int write_to(const std::string& path, const Contents& contents, Ownership ownership) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) {
    if (errno != ENOENT) return errno;
    if (path.empty() || path.ends_with('/')) return EISDIR;
    if (const auto next = read_link(path)) return write_to(beside(path, *next), contents, ownership);
    return write_by_renaming(path, contents, ownership, std::nullopt);
  }
  if (S_ISDIR(facts.st_mode)) return EISDIR;
  if (!S_ISREG(facts.st_mode)) return write_directly(path, contents);
  return write_by_renaming(resolved(path), contents, ownership, facts);
}

}  // namespace

Result<void> write_file(const std::string& path, const Contents& contents, Ownership ownership) {
  const QuietSignals quiet;
  const int why =
      is_standard_output(path) ? write_contents(STDOUT_FILENO, contents) : write_to(path, contents, ownership);
  if (why != 0) return cannot_write(path, why);
  return {};
}

Result<void> write_file(const std::string& path, std::string_view text, Ownership ownership) {
  return write_file(
      path, [text](ByteSink& sink) { sink.write(text); }, ownership);
}

Result<void> write_file(const std::string& path, std::span<const std::byte> bytes, Ownership ownership) {
  return write_file(path, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), ownership);
}

Result<void> create_file(const std::string& path, const Contents& contents) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!fd) return cannot_write(path, errno);
  int why = write_contents(fd.get(), contents);
  if (why == 0) give_to_invoking_user(fd.get());
  if (::close(fd.release()) != 0 && why == 0) why = errno;
  if (why == 0) return {};
  ::unlink(path.c_str());
  return cannot_write(path, why);
}

Result<void> may_write(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const bool is_there = ::access(path.c_str(), F_OK) == 0;
  const int refused = is_there ? ::access(path.c_str(), W_OK) : ::access(folder.c_str(), W_OK | X_OK);
  if (refused == 0) return {};
  return cannot_write(path, errno);
}

bool may_replace(const std::string& path) {
  const std::string real = resolved(path);
  const std::size_t slash = real.rfind('/');
  const std::string in = slash == std::string::npos ? "." : real.substr(0, slash + 1);
  struct stat file {
  }, folder{};
  const bool is_there = ::stat(real.c_str(), &file) == 0 && S_ISREG(file.st_mode) && ::stat(in.c_str(), &folder) == 0;
  if (!is_there || ::access(in.c_str(), W_OK | X_OK) != 0) return may_write(path).has_value();
  const bool ours = file.st_uid == ::geteuid() || folder.st_uid == ::geteuid();
  return ours || (folder.st_mode & S_ISVTX) == 0 || held_capabilities().has(Capability::kFowner);
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
