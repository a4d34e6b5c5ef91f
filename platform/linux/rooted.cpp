#include "rooted.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <utility>

#include "proc_files.h"

namespace gilspy::platform {
namespace {

constexpr int kOnlyPointing = O_PATH | O_CLOEXEC;

// Nothing: this kernel, or a sandbox, does not have the call.
std::optional<UniqueFd> resolve(int folder, const std::string& path, std::uint64_t how) {
  constexpr int kTries = 32;  // somebody renamed something meanwhile
  open_how wanted{};
  wanted.flags = kOnlyPointing;
  wanted.resolve = how | RESOLVE_NO_MAGICLINKS;
  for (int i = 0; i < kTries; ++i) {
    UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &wanted, sizeof wanted)));
    if (fd) return fd;
    if (errno == ENOSYS || errno == EPERM || errno == EINVAL) return std::nullopt;
    if (errno != EAGAIN) break;
  }
  return UniqueFd();
}

UniqueFd root_of_ours() { return UniqueFd(::open("/", kOnlyPointing | O_DIRECTORY)); }

}  // namespace

UniqueFd find_below(const UniqueFd& root, const std::string& path) {
  auto found = resolve(root.get(), path, RESOLVE_IN_ROOT);
  return found ? std::move(*found) : find_step_by_step(root, path);
}

UniqueFd find_without_links(const std::string& path) {
  auto found = resolve(AT_FDCWD, path, RESOLVE_NO_SYMLINKS);
  return found ? std::move(*found) : find_step_by_step(root_of_ours(), path);
}

UniqueFd find_step_by_step(const UniqueFd& root, const std::string& path) {
  UniqueFd at(::openat(root.get(), ".", kOnlyPointing | O_DIRECTORY));
  for (std::size_t begin = 0, end = 0; at && begin < path.size(); begin = end + 1) {
    end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      errno = EXDEV;
      return {};
    }
    at.reset(::openat(at.get(), part.c_str(), kOnlyPointing | O_NOFOLLOW));
  }
  return at;
}

Result<UniqueFd> open_found(const UniqueFd& found, const std::string& path, struct stat& facts) {
  if (!found || ::fstat(found.get(), &facts) != 0) return tl::unexpected(error_of(errno, path));
  if (!S_ISREG(facts.st_mode)) return fail(ErrorCode::kSystem, path + ": not a regular file");
  UniqueFd fd(::open(fmt::format("/proc/self/fd/{}", found.get()).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return tl::unexpected(error_of(errno, path));
  return fd;
}

}  // namespace gilspy::platform
