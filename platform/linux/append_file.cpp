#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "gilspy/platform.h"
#include "unique_fd.h"
#include "writing.h"

namespace gilspy::platform {
namespace {

class LinuxAppendFile final : public AppendFile {
 public:
  LinuxAppendFile(std::string path, Ownership ownership) : path_(std::move(path)), ownership_(ownership) {}

  Result<void> append(std::span<const std::byte> bytes) override {
    const QuietSignals quiet;
    if (!fd_) {
      if (const int why = open(); why != 0) return cannot_write(path_, why);
    }
    if (const int why = write_all(fd_.get(), bytes); why != 0) {
      // What is there stays readable: half of what is appended helps nobody.
      if (regular_ && ::ftruncate(fd_.get(), size_) != 0) return cannot_write(path_, errno);
      return cannot_write(path_, why);
    }
    size_ += static_cast<off_t>(bytes.size());
    return {};
  }

  Result<void> close() override {
    if (!fd_) return {};
    struct stat facts {};
    const bool nameless = regular_ && ::fstat(fd_.get(), &facts) == 0 && facts.st_nlink == 0;
    if (::close(fd_.release()) != 0) return cannot_write(path_, errno);
    if (!nameless) return {};
    return fail(ErrorCode::kCannotWrite, fmt::format("{} was deleted while it was being written: it is gone", path_));
  }

 private:
  // 0, or errno.
  int open() {
    const bool standard = is_standard_output(path_);
    UniqueFd fd(standard ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                         : ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666));
    if (!fd) return errno;
    struct stat facts {};
    if (::fstat(fd.get(), &facts) != 0) return errno;
    regular_ = S_ISREG(facts.st_mode) && !standard;
    if (regular_ && ownership_ == Ownership::kInvokingUser) give_to_invoking_user(fd.get());
    fd_ = std::move(fd);
    return 0;
  }

  std::string path_;
  Ownership ownership_;
  UniqueFd fd_;
  bool regular_ = false;  // and ours to cut
  off_t size_ = 0;
};

}  // namespace

std::unique_ptr<AppendFile> append_file(const std::string& path, Ownership ownership) {
  return std::make_unique<LinuxAppendFile>(path, ownership);
}

}  // namespace gilspy::platform
