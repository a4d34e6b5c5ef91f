#include "writing.h"

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>

#include "proc_text.h"

namespace gilspy::platform {
namespace {

std::optional<unsigned> id_from_environment(const char* name) {
  const char* text = std::getenv(name);
  const auto id = text == nullptr ? std::nullopt : parse_decimal(text);
  return id && *id >= 0 && *id < UINT_MAX ? std::optional(static_cast<unsigned>(*id)) : std::nullopt;
}

}  // namespace

tl::unexpected<Error> cannot_write(std::string_view path, int why) {
  const std::string_view shown = path == "-" ? "standard output" : path;
  return fail(ErrorCode::kCannotWrite, fmt::format("cannot write {}: {}", shown, std::strerror(why)));
}

QuietSignals::QuietSignals() {
  ::sigemptyset(&quiet_);
  ::sigaddset(&quiet_, SIGPIPE);
  ::sigaddset(&quiet_, SIGXFSZ);
  ::pthread_sigmask(SIG_BLOCK, &quiet_, &before_);
  for (const int signal : {SIGPIPE, SIGXFSZ}) {
    if (::sigismember(&before_, signal) == 1) ::sigdelset(&quiet_, signal);
  }
}

QuietSignals::~QuietSignals() {
  const timespec at_once{};
  while (::sigtimedwait(&quiet_, nullptr, &at_once) > 0) {
  }
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(fd, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return 0;
}

std::optional<InvokingUser> invoking_user() {
  const auto user = id_from_environment("SUDO_UID");
  const auto group = id_from_environment("SUDO_GID");
  if (::geteuid() != 0 || !user || !group) return std::nullopt;
  return InvokingUser{*user, *group};
}

void give_to_invoking_user(int fd) {
  const auto user = invoking_user();
  if (!user || ::fchown(fd, user->uid, user->gid) != 0) return;
}

bool is_standard_output(std::string_view path) { return path == "-" || path == "/dev/stdout"; }

}  // namespace gilspy::platform
