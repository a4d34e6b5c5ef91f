#include "task_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "gilspy/wording.h"

namespace gilspy::sample {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""us;

constexpr Nanos kStepEvery = 4ms;    // a task is looked at: some 0.1 ms
constexpr Nanos kListEvery = 200ms;  // and so much more for each task that there is
constexpr Nanos kListEveryMore = 50us;
constexpr Nanos kListAgain = 10ms;  // instead, where tasks have gone: others will have come
constexpr Nanos kFreshFor = 50ms;
constexpr int kMostTries = 3;              // at a time
constexpr std::size_t kMostNames = 1000;   // told apart
constexpr std::size_t kMostAwaiters = 64;  // tasks that await each other

bool contains(const std::vector<RemoteAddr>& tasks, RemoteAddr task) { return std::ranges::count(tasks, task) > 0; }

bool is_of_events(const Frame& frame) { return frame.file.ends_with("asyncio/events.py"); }

}  // namespace

StackId TaskWatch::with_task(Nanos now, const TaskReader::Home& home, const StackPlan& plan, StackId stack,
                             std::size_t loop) {
  std::size_t inner = loop + 1;  // where the callback begins
  while (inner < plan.depth && is_of_events(stacks_.frame(stacks_.leaf(plan.known[inner].stack)))) ++inner;
  if (inner >= plan.depth) return stack;
  const std::vector<TaskReader::Running> running = tasks_.running(home);
  const auto own = std::ranges::find(running, home.threads.front().index, &TaskReader::Running::thread);
  // The loop may have gone on to the next task since the stack was read.
  if (own == running.end() || !tasks_.runs_in(own->task, plan.known[inner].address)) return stack;
  const auto seen = tasks_.look(own->task, home, true);
  if (!seen.has_value()) return stack;
  StackId result = with_awaiters(now, home, *seen, plan.known[inner - 1].stack);
  result = stacks_.child(result, label_of(seen->state.name, stacks_.leaf(plan.known[inner].stack)));
  for (; inner < plan.depth; ++inner) result = stacks_.child(result, stacks_.leaf(plan.known[inner].stack));
  return result;
}

void TaskWatch::step(Nanos now, const std::vector<TaskReader::Home>& homes, std::vector<WaitingTask>& told) {
  due_ = now + kStepEvery;
  if (now >= list_due_) list(now, homes);
  // Those that run leave their turn to the next.
  for (int tries = 0; tries < kMostTries && !listed_.empty(); ++tries) {
    if (look_at_next(now, homes, told)) return;
    if (now >= list_due_) list(now, homes);
  }
}

// False: it waits for nothing.
bool TaskWatch::look_at_next(Nanos now, const std::vector<TaskReader::Home>& homes, std::vector<WaitingTask>& told) {
  next_ = (next_ + 1) % listed_.size();
  const Listed listed = listed_[next_];
  const TaskReader::Home& home = homes[std::min(listed.home, homes.size() - 1)];
  const std::vector<TaskReader::Running> running = tasks_.running(home);
  const bool runs = std::ranges::find(running, listed.task, &TaskReader::Running::task) != running.end();
  const TaskReader::Seen* const seen = know(now, listed.task, home, runs);
  if (seen == nullptr) {
    listed_[next_] = listed_.back();
    listed_.pop_back();
    list_due_ = std::min(list_due_, list_again_);
    return false;
  }
  if (which_ != AsyncTasks::kAll) return true;
  if (runs || seen->state.stack == kNoStack) return false;
  WaitingTask task;
  task.thread = seen->state.thread.value_or(home.threads.front().index);
  task.stack = with_own(with_awaiters(now, home, *seen, kNoStack), *seen);
  task.stands_for = static_cast<std::uint32_t>(listed_.size() - std::min(listed_.size() - 1, running.size()));
  told.push_back(task);
  return true;
}

void TaskWatch::list(Nanos now, const std::vector<TaskReader::Home>& homes) {
  listed_.clear();
  for (std::size_t i = 0; i < homes.size(); ++i) {
    for (const RemoteAddr task : tasks_.list(homes[i])) listed_.push_back({task, i});
  }
  const Nanos more = kListEveryMore * static_cast<std::int64_t>(listed_.size());
  list_due_ = now + kListEvery + more;
  list_again_ = now + kListAgain + more;
  std::unordered_set<RemoteAddr> living;
  for (const Listed& listed : listed_) living.insert(listed.task);
  std::erase_if(known_, [&](const auto& entry) { return !living.contains(entry.first); });
  std::erase_if(awaited_by_, [&](const auto& entry) { return !living.contains(entry.second); });
}

const TaskReader::Seen* TaskWatch::know(Nanos now, RemoteAddr task, const TaskReader::Home& home, bool is_running) {
  auto seen = tasks_.look(task, home, is_running);
  if (!seen.has_value()) {
    known_.erase(task);
    return nullptr;
  }
  for (const RemoteAddr awaited : seen->awaits) awaited_by_[awaited] = task;
  Known& known = known_[task];
  known = {std::move(*seen), now};
  return &known.seen;
}

// Whoever awaits it, and who awaits that, the outermost first; where several do, one of them.
StackId TaskWatch::with_awaiters(Nanos now, const TaskReader::Home& home, const TaskReader::Seen& task, StackId below) {
  std::vector<RemoteAddr> chain;
  const TaskReader::Seen* at = &task;
  while (at != nullptr && chain.size() < kMostAwaiters) {
    RemoteAddr next;
    if (!at->awaiters.empty()) next = *std::ranges::min_element(at->awaiters);
    if (const auto known = awaited_by_.find(at->state.address); next.is_null() && known != awaited_by_.end()) {
      next = known->second;
    }
    if (next.is_null() || next == task.state.address || std::ranges::count(chain, next) > 0) break;
    const TaskReader::Seen* const before = at;
    const auto known = known_.find(next);
    at = known != known_.end() && now - known->second.at < kFreshFor ? &known->second.seen
                                                                     : know(now, next, home, false);
    // What was true of an earlier task at that address, or an earlier wait, is not any more.
    const bool awaits = at != nullptr && (!before->awaiters.empty() || contains(at->awaits, before->state.address));
    if (!awaits) break;
    chain.push_back(next);
  }
  for (auto who = chain.rbegin(); who != chain.rend(); ++who) {
    if (const auto known = known_.find(*who); known != known_.end()) below = with_own(below, known->second.seen);
  }
  return below;
}

StackId TaskWatch::with_own(StackId below, const TaskReader::Seen& task) {
  const std::vector<FrameId> frames = stacks_.frames_of(task.state.stack);
  if (frames.empty()) return below;
  below = stacks_.child(below, label_of(task.state.name, frames.front()));
  for (const FrameId frame : frames) below = stacks_.child(below, frame);
  return below;
}

// Names that nobody gave would tell apart what is the same to people, and so do too many that somebody gave.
FrameId TaskWatch::label_of(const std::string& name, FrameId outermost) {
  constexpr std::string_view kGiven = "Task-";
  bool is_one_of_many = name.starts_with(kGiven) && name.find_first_not_of("0123456789", kGiven.size()) == name.npos;
  if (name == "None") is_one_of_many = true;  // 3.13 gives it to tasks that begin at once
  if (!is_one_of_many && names_.size() >= kMostNames) is_one_of_many = !names_.contains(name);
  if (!is_one_of_many) names_.insert(name);
  return stacks_.intern({is_one_of_many ? "task of " + stacks_.frame(outermost).function : "task " + name, {}, 0, 0});
}

}  // namespace gilspy::sample
