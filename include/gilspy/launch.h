// platform: a command that gilspy starts, instead of a process that it attaches to.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/result.h"

namespace gilspy::platform {

struct ExitStatus {
  int code = 0;    // what it passed to exit()
  int signal = 0;  // that ended it; 0 when it ended by itself

  // As a shell tells it.
  int shell_code() const { return signal != 0 ? 128 + signal : code; }
};

// A command that was launched. While one lives, the signals that ask a program to do something (SIGINT, SIGTERM,
// SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2) are passed on to it and do nothing else to this process; those that a terminal
// sent to its whole foreground group are with the command already. Signals that were ignored when it was launched stay
// ignored here and there (nohup). One at a time. Its destructor leaves the command alone.
class Child {
 public:
  virtual ~Child() = default;
  virtual Pid pid() const = 0;
  // How it ended; nothing while it runs. Never waits.
  virtual std::optional<ExitStatus> poll() = 0;
  virtual ExitStatus wait() = 0;
  // Nobody gets it when the command has ended.
  virtual void send(int signal) = 0;
};

// Starts a command (its name is looked for on PATH) with our standard streams, environment and working folder, and with
// the signal mask and the ignored signals that this process had: it starts as if it had been started without us.
// Errors: kNoCommand, kCannotExecute, kSystem.
Result<std::unique_ptr<Child>> launch(const std::vector<std::string>& command);

}  // namespace gilspy::platform
