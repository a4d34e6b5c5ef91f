#include "followers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gilspy/offspring.h"

namespace gilspy::cli {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr Nanos kBetweenLooks = 4ms;
constexpr Nanos kShortestPause = 1ms;
constexpr Nanos kLongestPause = 250ms;
constexpr Nanos kPatience = 3s;  // what has not become a Python by then has to execute one
constexpr Nanos kBetweenPrograms = 100ms;

// A Python that will not be readable a moment later either.
bool is_refusal(ErrorCode code) { return code == ErrorCode::kUnsupported || code == ErrorCode::kDenied; }

}  // namespace

// A process that may be a Python, or become one.
struct Followers::Candidate {
  Pid pid{};
  std::unique_ptr<Target> program;  // that it runs now; none where we may not look
  Nanos since{0};                   // it has been running it
  Nanos next_try{0};
};

class Followers::Scout {
 public:
  Scout(Followers& followers, Stopping stopping)
      : followers_(followers), stopping_(stopping), offspring_(platform::offspring_of(followers.root_)) {
    add(followers.root_);
  }

  void run() {
    while (!followers_.leaving_) {
      const bool root_ended = offspring_->root_ended();
      for (const Pid pid : offspring_->look()) add(pid);
      for (const Pid pid : executed()) add(pid);
      for (Candidate& candidate : candidates_) look_at(candidate);
      followers_.root_ended_ = root_ended;  // once it is known why it cannot be read: there may never have been one
      std::erase_if(candidates_, [](const Candidate& candidate) { return candidate.pid == Pid{}; });
      platform::sleep_until(platform::now() + kBetweenLooks);
    }
  }

 private:
  std::vector<Pid> executed() {
    const std::lock_guard lock(followers_.mutex_);
    return std::exchange(followers_.executed_, {});
  }

  void add(Pid pid) {
    Candidate candidate;
    candidate.pid = pid;
    meet_program(candidate);
    candidates_.push_back(std::move(candidate));
  }

  static void meet_program(Candidate& candidate) {
    auto target = platform::attach(candidate.pid);
    candidate.program = target.has_value() ? std::move(*target) : nullptr;
    candidate.since = candidate.next_try = platform::now();
  }

  // Candidates that are settled lose their number.
  void look_at(Candidate& candidate) {
    const Nanos now = platform::now();
    if (now < candidate.next_try) return;
    const Liveness liveness = candidate.program ? candidate.program->liveness() : Liveness::kAlive;
    if (liveness == Liveness::kReplaced) {
      forget_refusal(candidate);
      meet_program(candidate);
    }
    if (liveness == Liveness::kEnded) return drop(candidate);
    if (now - candidate.since > kPatience) {  // only a look whether it has executed another program
      if (!candidate.program) return drop(candidate);
      candidate.next_try = now + kBetweenPrograms;
      return;
    }
    try_to_attach(candidate);
    candidate.next_try = platform::now() + std::clamp((now - candidate.since) / 8, kShortestPause, kLongestPause);
  }

  void try_to_attach(Candidate& candidate) {
    auto made = attach_like(candidate.pid, stopping_, known_);
    if (made.has_value()) {
      const std::lock_guard lock(followers_.mutex_);
      followers_.unread_.erase(to_int(candidate.pid));
      if (candidate.pid == followers_.root_) followers_.why_not_the_root_.reset();
      followers_.ready_.push_back(std::move(*made));
      candidate.pid = Pid{};
      return;
    }
    const ErrorCode code = made.error().code();
    const bool ended = code == ErrorCode::kGone || code == ErrorCode::kNoProcess;
    if (candidate.pid == followers_.root_) {
      const std::lock_guard lock(followers_.mutex_);
      std::optional<Error>& why = followers_.why_not_the_root_;
      if (!ended || !why) why = made.error();  // what stood in the way before its end says more
    }
    // Memory that was there a moment ago may also be gone because it executes another program just now.
    if (ended && (!candidate.program || candidate.program->liveness() == Liveness::kEnded)) return drop(candidate);
    if (is_refusal(code)) note_refusal(candidate, made.error());
  }

  // It is told at the end, unless the process can be read after all by then, or turns out to be something else.
  void note_refusal(const Candidate& candidate, const Error& error) {
    const bool python = !candidate.program || locate::version_by_names(*candidate.program).has_value();
    const std::lock_guard lock(followers_.mutex_);
    if (python) followers_.unread_[to_int(candidate.pid)] = error.message();
  }

  void forget_refusal(const Candidate& candidate) {
    const std::lock_guard lock(followers_.mutex_);
    followers_.unread_.erase(to_int(candidate.pid));
  }

  static void drop(Candidate& candidate) { candidate.pid = Pid{}; }

  Followers& followers_;
  Stopping stopping_;
  std::unique_ptr<platform::Offspring> offspring_;
  std::vector<Candidate> candidates_;
  std::vector<KnownPython> known_;
};

Followers::Followers(Pid root, Stopping stopping) : root_(root) {
  const platform::WithoutSignals quiet;
  thread_ = std::thread([this, stopping] { Scout(*this, stopping).run(); });
}

Followers::~Followers() {
  leaving_ = true;
  thread_.join();
}

std::vector<std::unique_ptr<Attachment>> Followers::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(ready_, {});
}

void Followers::executed(Pid pid) {
  const std::lock_guard lock(mutex_);
  executed_.push_back(pid);
}

std::optional<Error> Followers::why_not_the_root() const {
  const std::lock_guard lock(mutex_);
  return why_not_the_root_;
}

std::vector<std::string> Followers::unread() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  for (const auto& [pid, why] : unread_) lines.push_back(why);
  return lines;
}

}  // namespace gilspy::cli
