// Attaches to the processes of a program: its root and all that it starts, as they come.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "attachment.h"

namespace gilspy::cli {

// Looks for them and attaches on a thread of its own, so that nobody's samples wait for that. A process that is not
// Python is looked at again for a while, and whenever it has executed another program.
class Followers {
 public:
  Followers(Pid root, Stopping stopping);
  ~Followers();
  Followers(const Followers&) = delete;
  Followers& operator=(const Followers&) = delete;

  // Those that can be sampled since this was asked before, in the order in which they were met.
  std::vector<std::unique_ptr<Attachment>> take();
  // That one has executed another program, which may be a Python as well.
  void executed(Pid pid);

  bool root_ended() const { return root_ended_; }
  // Why the root could not be attached to, as of the last try; none: it was, or has not been tried.
  std::optional<Error> why_not_the_root() const;
  // Pythons that could not be read so far, and why; for people.
  std::vector<std::string> unread() const;

 private:
  struct Candidate;
  class Scout;

  Pid root_;
  mutable std::mutex mutex_;  // of all below
  std::vector<std::unique_ptr<Attachment>> ready_;
  std::vector<Pid> executed_;
  std::optional<Error> why_not_the_root_;
  std::map<std::int32_t, std::string> unread_;  // by pid
  std::atomic<bool> root_ended_{false};
  std::atomic<bool> leaving_{false};
  std::thread thread_;
};

}  // namespace gilspy::cli
