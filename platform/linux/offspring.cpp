#include "gilspy/offspring.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "gilspy/platform.h"
#include "proc_files.h"
#include "proc_text.h"
#include "process_tree.h"
#include "unique_fd.h"

namespace gilspy::platform {
namespace {

constexpr std::int64_t kMostOfTheTime = 20;  // a look takes at most a part as large as that
// Where /proc/loadavg is not the kernel's own, as in some containers.
constexpr Nanos kAtLeastEvery = std::chrono::milliseconds(250);
constexpr int kLoadavgWords = 5;  // the last one is the number that was given to a process or thread last

class LinuxOffspring final : public Offspring {
 public:
  explicit LinuxOffspring(Pid root)
      : root_(root), proc_(::opendir("/proc")), loadavg_(::open("/proc/loadavg", O_RDONLY | O_CLOEXEC)) {
    family_.insert(to_int(root));
    started_ = start_time();
  }

  std::vector<Pid> look() override {
    const Nanos begin = now();
    if (!proc_ || begin < not_before_ || (!anybody_new() && begin < listed_ + kAtLeastEvery)) return {};
    std::vector<Pid> found = list();
    listed_ = begin;
    not_before_ = begin + (now() - begin) * kMostOfTheTime;
    return found;
  }

  bool root_ended() override { return !started_ || start_time() != started_; }

 private:
  // Of a process that has not ended.
  std::optional<std::uint64_t> start_time() const {
    const auto stat = parse_stat(read_file(proc_path(root_, "stat")).value_or(""));
    return stat && !stat->ended() ? std::optional(stat->start_time) : std::nullopt;
  }

  // Whether a number was given to a process or a thread since the last list was made. One is given a moment before its
  // process can be seen: a second list follows each.
  bool anybody_new() {
    const auto last = last_number();
    if (last && last == last_) return std::exchange(again_, false);
    last_ = last;
    again_ = true;
    return true;
  }

  std::optional<std::int64_t> last_number() const {
    std::array<char, 128> buffer;
    const ssize_t size = loadavg_ ? ::pread(loadavg_.get(), buffer.data(), buffer.size(), 0) : -1;
    if (size <= 0) return std::nullopt;
    std::string_view text(buffer.data(), static_cast<std::size_t>(size));
    std::string_view word;
    for (int i = 0; i < kLoadavgWords; ++i) word = take_word(text);
    while (!word.empty() && word.back() == '\n') word.remove_suffix(1);
    return parse_decimal(word);
  }

  // Only of processes that were not there before it is read whose children they are.
  std::vector<Pid> list() {
    std::unordered_set<std::int32_t> present;
    std::multimap<Pid, Pid> children;
    for (const std::int32_t number : numeric_entries(proc_.get())) {
      present.insert(number);
      if (known_.contains(number)) continue;
      const auto stat = parse_stat(read_file(proc_path(Pid{number}, "stat")).value_or(""));
      if (stat && !stat->ended()) children.emplace(Pid{stat->parent}, Pid{number});
    }
    const auto gone = [&](std::int32_t number) { return !present.contains(number) && number != to_int(root_); };
    std::erase_if(family_, gone);
    known_ = std::move(present);
    std::vector<Pid> found;
    for (const std::int32_t member : std::vector(family_.begin(), family_.end())) {
      for (const Pid pid : below(Pid{member}, children)) {
        if (family_.insert(to_int(pid)).second) found.push_back(pid);
      }
    }
    return found;
  }

  Pid root_;
  std::optional<std::uint64_t> started_;  // when; none: it is not there
  Folder proc_;
  UniqueFd loadavg_;
  std::unordered_set<std::int32_t> family_;  // the root and who is below it
  std::unordered_set<std::int32_t> known_;   // all processes of the last list
  std::optional<std::int64_t> last_;
  bool again_ = false;
  Nanos listed_{0}, not_before_{0};
};

}  // namespace

std::unique_ptr<Offspring> offspring_of(Pid root) { return std::make_unique<LinuxOffspring>(root); }

}  // namespace gilspy::platform
