#include "task_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "gilspy/wording.h"

namespace gilspy::formats {
namespace {

using Places = std::vector<std::size_t>;  // in Dump::tasks

class TaskTree {
 public:
  TaskTree(const Dump& dump, const std::function<std::string(const Frame&)>& frame_text)
      : dump_(dump), frame_text_(frame_text), shown_(dump.tasks.size(), false) {}

  std::string text() {
    if (dump_.tasks.empty()) return {};
    text_ = fmt::format("\nasyncio: {}; below each what it awaits\n", wording::count_of(dump_.tasks.size(), "task"));
    put_all(roots(), "");
    // Those that await each other in a circle have no root.
    for (std::size_t i = 0; i < dump_.tasks.size(); ++i) {
      if (!shown_[i]) put_all({i}, "");
    }
    return std::move(text_);
  }

 private:
  Places roots() const {
    std::vector<bool> is_awaited(dump_.tasks.size(), false);
    for (const TaskState& task : dump_.tasks) {
      for (const std::size_t awaited : task.awaits) is_awaited[awaited] = true;
    }
    Places found;
    for (std::size_t i = 0; i < dump_.tasks.size(); ++i) {
      if (!is_awaited[i]) found.push_back(i);
    }
    return found;
  }

  void put_all(const Places& tasks, const std::string& indent) {
    if (levels_ == kMostLevels) {
      text_ += indent + "...\n";
      for (const std::size_t place : tasks) shown_[place] = true;
      return;
    }
    ++levels_;
    // Those that do the same and await no other task: a thousand of them are shown as one.
    std::vector<Places> groups;
    std::map<std::pair<StackId, std::optional<ThreadIndex>>, std::size_t> alike;
    for (const std::size_t place : tasks) {
      const TaskState& task = dump_.tasks[place];
      const bool is_alone = task.running || !task.awaits.empty();
      const auto [group, is_new] = alike.try_emplace({task.stack, task.thread}, groups.size());
      if (is_new || is_alone) {
        groups.push_back({place});
        if (is_alone && is_new) alike.erase(group);
      } else {
        groups[group->second].push_back(place);
      }
    }
    for (const Places& group : groups) put(group, indent, &group == &groups.back());
    --levels_;
  }

  void put(const Places& group, const std::string& indent, bool is_last) {
    const TaskState& task = dump_.tasks[group.front()];
    const bool is_known = shown_[group.front()];
    for (const std::size_t place : group) shown_[place] = true;
    const std::string below = indent + (is_last ? "    " : "│   ");
    text_ +=
        fmt::format("{}{} {}{}\n", indent, is_last ? "└──" : "├──", title_of(group), is_known ? " (as above)" : "");
    if (is_known) return;
    std::string deeper = below;
    for (const FrameId frame : dump_.table.frames_of(task.stack)) {
      text_ += fmt::format("{}{}\n", deeper, frame_text_(dump_.table.frame(frame)));
    }
    put_all(task.awaits, deeper);
  }

  std::string title_of(const Places& group) const {
    constexpr std::size_t kMostNamed = 3;
    const TaskState& task = dump_.tasks[group.front()];
    std::string names;
    for (std::size_t i = 0; i < std::min(group.size(), kMostNamed); ++i) {
      names += (i > 0 ? ", " : "") + wording::printable(dump_.tasks[group[i]].name);
    }
    if (group.size() > kMostNamed) names += fmt::format(" and {} more", wording::grouped(group.size() - kMostNamed));
    const ThreadDump* const thread = task.thread ? dump_.find(*task.thread) : nullptr;
    if (!task.running) return names;
    return fmt::format("{}: runs now{}", names,
                       thread != nullptr ? fmt::format(", with the stack of thread {}", to_int(thread->info.tid)) : "");
  }

  const Dump& dump_;
  const std::function<std::string(const Frame&)>& frame_text_;
  static constexpr int kMostLevels = 100;
  std::vector<bool> shown_;
  int levels_ = 0;
  std::string text_;
};

}  // namespace

std::string task_tree(const Dump& dump, const std::function<std::string(const Frame&)>& frame_text) {
  return TaskTree(dump, frame_text).text();
}

}  // namespace gilspy::formats
