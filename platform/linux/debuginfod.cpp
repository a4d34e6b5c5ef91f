#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "gilspy/platform.h"
#include "gilspy/rights.h"
#include "unique_fd.h"

extern char** environ;

namespace gilspy::platform {
namespace {

constexpr const char* kFinder = "debuginfod-find";  // of elfutils; it brings the network along, which we do not

// What it writes to standard output. Empty: it failed, or does not exist.
std::string output_of(const std::string& command, const std::string& what, const std::string& argument) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  const UniqueFd hear(ends[0]);
  UniqueFd tell(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, tell.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);  // ours keeps them from this thread
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::array words{const_cast<char*>(command.c_str()), const_cast<char*>(what.c_str()),
                   const_cast<char*>(argument.c_str()), static_cast<char*>(nullptr)};
  pid_t child = 0;
  const bool runs = ::posix_spawnp(&child, command.c_str(), &actions, &attributes, words.data(), environ) == 0;
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  tell.reset();
  if (!runs) return {};
  std::string text;
  std::array<char, 512> part{};
  for (ssize_t size = 0; (size = ::read(hear.get(), part.data(), part.size())) != 0;) {
    if (size < 0 && errno != EINTR) break;
    if (size > 0) text.append(part.data(), static_cast<std::size_t>(size));
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? text : std::string();
}

}  // namespace

// Without servers nobody asked for it: no network. What the environment names is not for a gilspy with more rights than
// who started it.
bool may_fetch_debug_files() { return !trusted_variable("DEBUGINFOD_URLS").empty(); }

std::unique_ptr<FileBytes> fetch_debug_file(std::span<const std::byte> build_id) {
  if (!may_fetch_debug_files()) return nullptr;
  std::string id;
  for (const std::byte byte : build_id) id += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  std::string path = output_of(kFinder, "debuginfo", id);
  if (path.ends_with('\n')) path.pop_back();
  auto bytes = path.starts_with('/') ? map_file(path) : fail(ErrorCode::kSystem, "no such file");
  return bytes.has_value() ? std::move(*bytes) : nullptr;
}

}  // namespace gilspy::platform
