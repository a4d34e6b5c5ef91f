#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "gilspy/platform.h"
#include "unique_fd.h"

namespace gilspy::platform {
namespace {

tl::unexpected<Error> cannot_read(const std::string& path, int why) {
  const std::string_view shown = path == "-" ? std::string_view("standard input") : std::string_view(path);
  return fail(ErrorCode::kSystem, fmt::format("cannot read {}: {}", shown, std::strerror(why)));
}

// Read, not mapped: of a mapped file that somebody cuts meanwhile, the missing pages would be our end.
class LinuxByteSource final : public ByteSource {
 public:
  LinuxByteSource(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  Result<std::size_t> read(std::span<std::byte> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t size = ::read(fd_.get(), into.data() + done, into.size() - done);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return cannot_read(path_, errno);
      if (size == 0) break;
      done += static_cast<std::size_t>(size);
    }
    return done;
  }

 private:
  std::string path_;
  UniqueFd fd_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_source(const std::string& path) {
  UniqueFd fd(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return cannot_read(path, errno);
  return std::make_unique<LinuxByteSource>(path, std::move(fd));
}

}  // namespace gilspy::platform
