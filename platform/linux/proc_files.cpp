#include "proc_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "proc_text.h"

namespace gilspy::platform {

Error error_of(int error_number, std::string_view doing) {
  ErrorCode code = ErrorCode::kSystem;
  if (error_number == ESRCH || error_number == ENOENT) code = ErrorCode::kGone;
  if (error_number == EPERM || error_number == EACCES) code = ErrorCode::kDenied;
  return {code, fmt::format("{}: {}", doing, std::strerror(error_number))};
}

std::string proc_path(Pid pid, std::string_view file) { return fmt::format("/proc/{}/{}", to_int(pid), file); }

Result<std::string> read_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return tl::unexpected(error_of(errno, path));
  std::string text;
  std::array<char, 8192> buffer;
  for (;;) {
    const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return tl::unexpected(error_of(errno, path));
    if (size == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

Result<std::string> read_link(const std::string& path) {
  std::array<char, 4096> buffer;
  const ssize_t size = ::readlink(path.c_str(), buffer.data(), buffer.size());
  if (size < 0) return tl::unexpected(error_of(errno, path));
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

std::vector<std::int32_t> numeric_entries(DIR* folder) {
  std::vector<std::int32_t> numbers;
  ::rewinddir(folder);
  while (const dirent* entry = ::readdir(folder)) {
    const auto number = parse_decimal(entry->d_name);
    if (number && *number > 0 && *number <= INT32_MAX) numbers.push_back(static_cast<std::int32_t>(*number));
  }
  return numbers;
}

}  // namespace gilspy::platform
