#include "stack_view.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "frame_text.h"
#include "gilspy/wording.h"

namespace gilspy::stack_view {
namespace {

bool shows(const RenderOptions& options, Activity activity) {
  switch (options.view) {
    case View::kAll: return activity != Activity::kBlocked || options.include_blocked;
    case View::kHeld: return holds(activity);
    case View::kWait: return activity == Activity::kWaitsForGil;
    case View::kBlame: return false;  // has its own rows
  }
  return false;
}

void append(std::string& stack, std::string_view frame) {
  if (!stack.empty()) stack += ';';
  stack += frame;
}

class Folder {
 public:
  Folder(const Profile& profile, const RenderOptions& options, std::vector<std::string> frame_names)
      : profile_(profile), options_(options), frames_(std::move(frame_names)) {
    frames_.resize(profile.table.frame_count());
  }

  void add(const StackTime& row) {
    std::string stack = thread_prefix(row.thread);
    if (options_.view == View::kAll) append(stack, words(row.activity));
    append_frames(stack, row.stack);
    times_[std::move(stack)] += row.time;
  }

  void add(const TaskTime& row) {
    std::string stack = thread_prefix(row.thread);
    append(stack, kWaitingTasks);
    append_frames(stack, row.stack);
    times_[std::move(stack)] += row.time;
  }

  void add(const Blame& row) {
    std::string stack;
    if (row.holder == Blame::kNobody) {
      stack = "(hand-off)";
    } else {
      stack = thread_prefix(row.holder);
      append_frames(stack, row.holder_stack);
    }
    const StackId waiter = wording::python_part(profile_.table, row.waiter_stack);
    append(stack, fmt::format("{}{}", kWaiting,
                              waiter == kNoStack ? wording::kNoPythonFrame : text_of(profile_.table.leaf(waiter))));
    times_[std::move(stack)] += row.time;
  }

  // Rounds the running sum, not the lines, so that the lines add up.
  std::vector<Line> lines() const {
    std::vector<Line> lines;
    std::uint64_t nanoseconds = 0, written = 0;
    for (const auto& [stack, time] : times_) {
      nanoseconds += static_cast<std::uint64_t>(time.count());
      const std::uint64_t microseconds = (nanoseconds + 500) / 1000 - written;
      written += microseconds;
      if (microseconds > 0) lines.push_back({.stack = stack, .microseconds = microseconds});
    }
    return lines;
  }

 private:
  std::string_view text_of(FrameId id) {
    std::string& text = frames_[to_int(id)];
    if (text.empty()) text = frame_text(profile_.table.frame(id), profile_.target, options_);
    return text;
  }

  void append_frames(std::string& stack, StackId id) {
    if (id == kNoStack) return append(stack, wording::kNoPythonFrame);
    for (const FrameId frame : profile_.table.frames_of(id)) {
      if (options_.native || !profile_.table.frame(frame).native) append(stack, text_of(frame));
    }
  }

  std::string thread_prefix(ThreadIndex thread) const {
    if (!options_.by_thread || to_int(thread) >= profile_.threads.size()) return {};
    return thread_text(profile_, profile_.threads[to_int(thread)]);
  }

  const Profile& profile_;
  const RenderOptions& options_;
  std::vector<std::string> frames_;  // texts by FrameId, made when first needed
  std::map<std::string, Nanos> times_;
};

}  // namespace

std::vector<Line> fold(const Profile& profile, const RenderOptions& options) { return fold(profile, options, {}); }

std::vector<Line> fold(const Profile& profile, const RenderOptions& options, std::vector<std::string> frame_names) {
  Folder folder(profile, options, std::move(frame_names));
  if (options.view == View::kBlame) {
    for (const Blame& row : profile.blame) {
      if (row.time > Nanos{0}) folder.add(row);
    }
  } else {
    for (const StackTime& row : profile.stacks) {
      if (row.time > Nanos{0} && shows(options, row.activity)) folder.add(row);
    }
    if (options.view == View::kAll) {
      for (const TaskTime& row : profile.tasks) folder.add(row);
    }
  }
  return folder.lines();
}

}  // namespace gilspy::stack_view
