#include "gilspy/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "child_status.h"
#include "signal_relay.h"
#include "unique_fd.h"

namespace gilspy::platform {
namespace {

class LinuxChild final : public Child {
 public:
  LinuxChild(pid_t pid, std::unique_ptr<SignalRelay> relay) : pid_(pid), relay_(std::move(relay)) {
    expect_exit(pid);
    relay_->pass_on_to(pid);
  }
  Pid pid() const override { return Pid{pid_}; }
  std::optional<ExitStatus> poll() override { return end(Patience::kNone); }
  ExitStatus wait() override { return end(Patience::kUntilItEnds).value_or(ExitStatus{}); }
  void send(int signal) override {
    if (!ended_.has_value() && !poll().has_value()) ::kill(pid_, signal);
  }

 private:
  std::optional<ExitStatus> end(Patience patience) {
    if (ended_.has_value() || !child_has_ended(patience)) return ended_;
    relay_->stop_passing_on();
    ended_ = exit_of_child();
    return ended_;
  }

  pid_t pid_;
  std::unique_ptr<SignalRelay> relay_;
  std::optional<ExitStatus> ended_;
};

// The child's side; comes back only to say why it could not, through `tell`.
void become(const std::vector<std::string>& command, const SignalRelay& relay, int tell) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  relay.undo_in_child();
  ::execvp(words[0], words.data());
  const int why = errno;
  while (::write(tell, &why, sizeof why) < 0 && errno == EINTR) {
  }
}

// 0 when the command runs, else errno. The pipe closes itself when the new program takes over.
int failure_told_through(int hear) {
  int why = 0;
  ssize_t size = 0;
  do size = ::read(hear, &why, sizeof why);
  while (size < 0 && errno == EINTR);
  return size == ssize_t{sizeof why} ? why : 0;
}

tl::unexpected<Error> cannot_launch(const std::string& name, int why) {
  const bool has_folder = name.find('/') != std::string::npos;
  if (why == ENOENT && !has_folder) {
    return fail(ErrorCode::kNoCommand, fmt::format("cannot launch {}: there is no such command on PATH", name));
  }
  if (why == ENOENT && ::access(name.c_str(), F_OK) == 0) {
    return fail(ErrorCode::kNoCommand,
                fmt::format("cannot launch {}: the interpreter that its first line names does not exist", name));
  }
  return fail(why == ENOENT ? ErrorCode::kNoCommand : ErrorCode::kCannotExecute,
              fmt::format("cannot launch {}: {}", name, std::strerror(why)));
}

}  // namespace

Result<std::unique_ptr<Child>> launch(const std::vector<std::string>& command) {
  if (command.empty()) return fail(ErrorCode::kUsage, "there is no command to launch");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return fail(ErrorCode::kSystem, fmt::format("making a pipe: {}", std::strerror(errno)));
  }
  UniqueFd hear(ends[0]), tell(ends[1]);
  auto relay = std::make_unique<SignalRelay>();
  const pid_t pid = ::fork();
  if (pid < 0) return fail(ErrorCode::kSystem, fmt::format("making a process: {}", std::strerror(errno)));
  if (pid == 0) {
    become(command, *relay, tell.get());
    ::_exit(127);
  }
  tell.reset();
  if (const int why = failure_told_through(hear.get()); why != 0) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return cannot_launch(command.front(), why);
  }
  return std::make_unique<LinuxChild>(pid, std::move(relay));
}

}  // namespace gilspy::platform
