// A child of the test: runs a function or a program, and does not outlive the test.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "gilspy/ids.h"

namespace gilspy::test {

inline bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

class ChildProcess {
 public:
  // `body` gets a descriptor to tell things through; the child ends when it returns.
  explicit ChildProcess(const std::function<void(int tell)>& body) {
    int out[2], in[2];
    if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(in, O_CLOEXEC) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(in[0], STDIN_FILENO);
      body(out[1]);
      ::_exit(0);
    }
    ::close(out[1]);
    ::close(in[0]);
    told_ = out[0];
    stdin_ = in[1];
  }
  // Runs a program; what it writes to stdout can be heard.
  explicit ChildProcess(
      const std::vector<std::string>& command, const std::function<void()>& before = [] {})
      : ChildProcess([&](int tell) {
          before();
          ::dup2(tell, STDOUT_FILENO);
          std::vector<char*> words;
          for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
          words.push_back(nullptr);
          ::execv(words[0], words.data());
          ::_exit(127);
        }) {}
  ~ChildProcess() {
    end();
    ::close(told_);
    ::close(stdin_);
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  Pid pid() const { return Pid{pid_}; }

  // What the child tells next; "" when it has ended.
  std::string hear() const {
    std::string text(4096, '\0');
    const ssize_t size = ::read(told_, text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }
  bool tells_within(std::chrono::milliseconds time) const {
    pollfd told{told_, POLLIN, 0};
    return ::poll(&told, 1, static_cast<int>(time.count())) > 0;
  }
  // Up to the end of a line, in however many pieces it comes.
  std::string hear_line() const {
    std::string line;
    for (char c = 0; c != '\n' && ::read(told_, &c, 1) == 1;) line += c;
    return line;
  }
  void say(std::string_view text) const {
    if (::write(stdin_, text.data(), text.size()) < 0) return;
  }
  void kill() const { ::kill(pid_, SIGKILL); }
  void end() {
    if (pid_ <= 0) return;
    kill();
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  int told_ = -1;
  int stdin_ = -1;
};

inline void tell(int fd, std::string_view text) {
  if (::write(fd, text.data(), text.size()) < 0) ::_exit(1);
}

}  // namespace gilspy::test
