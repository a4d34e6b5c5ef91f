#include "task_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "gilspy/memory.h"
#include "objects.h"

namespace gilspy::sample {
namespace {

constexpr std::size_t kMostTasks = 100'000;
constexpr std::size_t kMostAwaited = 200;  // coroutines that await each other
constexpr std::size_t kLargestTask = 512;  // bytes of a Task object
constexpr std::size_t kMostThreads = 10'000;
constexpr std::size_t kMostReadings = 30;   // of all tasks, until none came or went meanwhile
constexpr std::size_t kMostLooks = 20'000;  // in all of them

// struct llist_node
constexpr std::uint64_t kNext = 0, kPrevious = 8;
constexpr std::size_t kMostWalks = 200;
constexpr std::size_t kMostSteps = 200'000;

// Fields by their distance from the coroutine, the same from 3.8 to 3.15.
constexpr std::int64_t kWaiter = -8, kName = 8;
// 3.14 and later: whom the result goes to, a task or a set of them, and which of both it is.
constexpr std::int64_t kAwaitedBy = -32;

bool is_coroutine_type(std::string_view type) {
  return type == "coroutine" || type == "generator" || type == "async_generator";
}

// "Task-9" comes before "Task-10".
bool comes_first(const TaskState& a, const TaskState& b) {
  const auto parts = [](const std::string& name) {
    const std::size_t digits = name.find_last_not_of("0123456789") + 1;
    return std::tuple(std::string_view(name).substr(0, digits), name.size(), std::string_view(name));
  };
  return std::pair(parts(a.name), a.address) < std::pair(parts(b.name), b.address);
}

}  // namespace

// As they are at one moment; where they come and go all the time, the reading that saw most of them.
std::vector<TaskReader::Seen> TaskReader::look_at_all(const Home& home) {
  std::vector<Seen> most;
  std::vector<RemoteAddr> tasks = list(home);
  for (std::size_t readings = 0, looks = 0; readings < kMostReadings && looks <= kMostLooks; ++readings) {
    std::vector<Seen> all;
    const std::vector<Running> now = running(home);
    for (const RemoteAddr task : tasks) {
      const bool is_running = std::ranges::find(now, task, &Running::task) != now.end();
      if (auto seen = look(task, home, is_running)) all.push_back(std::move(*seen));
    }
    looks += tasks.size();
    std::vector<RemoteAddr> after = list(home);
    if (after == tasks) return all;
    if (all.size() >= most.size()) most = std::move(all);
    tasks = std::move(after);
  }
  return most;
}

std::vector<TaskState> TaskReader::read(const Home& home) {
  std::vector<Seen> all = look_at_all(home);
  std::ranges::sort(all, [](const Seen& a, const Seen& b) { return comes_first(a.state, b.state); });
  std::unordered_map<RemoteAddr, std::size_t> places;
  for (std::size_t i = 0; i < all.size(); ++i) places.emplace(all[i].state.address, i);
  const auto add = [&](RemoteAddr who, RemoteAddr awaits) {
    const auto from = places.find(who), to = places.find(awaits);
    if (from != places.end() && to != places.end() && from != to) all[from->second].state.awaits.push_back(to->second);
  };
  for (const Seen& seen : all) {
    for (const RemoteAddr awaited : seen.awaits) add(seen.state.address, awaited);
    for (const RemoteAddr awaiter : seen.awaiters) add(awaiter, seen.state.address);
  }
  std::vector<TaskState> states;
  for (Seen& seen : all) {
    auto& awaits = seen.state.awaits;
    std::ranges::sort(awaits);
    awaits.erase(std::unique(awaits.begin(), awaits.end()), awaits.end());
    states.push_back(std::move(seen.state));
  }
  return states;
}

std::optional<TaskReader::Seen> TaskReader::look(RemoteAddr task, const Home& home, bool is_running) {
  auto state = state_of(task, home);
  if (!state.has_value()) return std::nullopt;
  Seen seen{std::move(*state), field(task, 0), {}, {}};
  seen.state.running = is_running;
  const auto chain = is_running ? std::vector<FramePlace>{} : chain_of(seen.coroutine);
  for (const FramePlace& place : chain) {
    const auto frame = codes_.frame(place.code, place.instruction);
    if (frame.has_value()) seen.state.stack = stacks_.child(seen.state.stack, *frame);
  }
  if (has_lists()) {
    seen.awaiters = awaiters_of(task);
  } else {
    seen.awaits = awaited_by_task(task, chain);
  }
  return seen;
}

// --- which tasks there are -------------------------------------------------------------------------------------------

std::vector<RemoteAddr> TaskReader::list(const Home& home) {
  threads_.clear();
  std::vector<RemoteAddr> tasks = has_lists() ? tasks_in_lists(home) : tasks_in_sets(home);
  std::ranges::sort(tasks);
  tasks.erase(std::unique(tasks.begin(), tasks.end()), tasks.end());
  return tasks;
}

std::vector<RemoteAddr> TaskReader::tasks_in_lists(const Home& home) {
  std::vector<RemoteAddr> heads{home.interpreter + layout_.asyncio.interpreter_tasks};
  for (const Home::Thread& thread : home.threads) heads.push_back(thread.state + layout_.asyncio.thread_tasks);
  std::vector<RemoteAddr> tasks;
  for (const RemoteAddr head : heads) {
    for (const RemoteAddr node : nodes_of(head)) {
      if (const RemoteAddr task = task_of_node(node); !task.is_null()) tasks.push_back(task);
    }
  }
  return tasks;
}

// A circle that leads back to its head. Where tasks come and go while it is walked, the way ends at one that has gone:
// what several walks in both directions have met is nearly all.
std::vector<RemoteAddr> TaskReader::nodes_of(RemoteAddr head) {
  std::unordered_set<RemoteAddr> met;
  for (std::size_t walks = 0; walks < kMostWalks && walks * met.size() < kMostSteps; ++walks) {
    if (walk(head, kNext, met) || walk(head, kPrevious, met)) break;
  }
  return {met.begin(), met.end()};
}

// struct llist_node. Whether it led back to the head.
bool TaskReader::walk(RemoteAddr head, std::uint64_t link, std::unordered_set<RemoteAddr>& met) {
  const std::uint64_t back = link == kNext ? kPrevious : kNext;
  RemoteAddr from = head;
  for (std::size_t steps = 0; steps < kMostTasks; ++steps) {
    const RemoteAddr node = read_pointer(memory_, from + link).value_or(RemoteAddr{});
    if (node == head) return true;
    if (node.is_null() || read_pointer(memory_, node + back).value_or(RemoteAddr{}) != from) return false;
    met.insert(node);
    from = node;
  }
  return false;
}

RemoteAddr TaskReader::task_of_node(RemoteAddr node) {
  if (fields_.has_value() && fields_->node != 0) {
    const RemoteAddr task = node - fields_->node;
    return is_task(task) ? task : RemoteAddr{};
  }
  for (Offset distance = layout_.object.var_size; distance < kLargestTask; distance += 8) {
    const RemoteAddr task = node - distance;
    if (types_.of(task) != "_asyncio.Task" || !find_fields(task)) continue;
    if (distance >= fields_->size) break;  // its own task has gone: that is the one in front of it
    fields_->node = distance;
    return task;
  }
  return {};
}

std::vector<RemoteAddr> TaskReader::tasks_in_sets(const Home& home) {
  std::vector<RemoteAddr> tasks;
  // WeakSet: `data` is a set of weak references (PyWeakReference: the object comes right behind the header).
  for (const std::string_view name : {"_scheduled_tasks", "_all_tasks"}) {
    const auto weak_set = find_in_module(memory_, layout_, home.interpreter, "asyncio.tasks", name);
    if (!weak_set.has_value()) continue;
    const auto data = find_attribute(memory_, layout_, *weak_set, "data");
    if (!data.has_value()) continue;
    for (const RemoteAddr reference : read_set(memory_, layout_, *data, kMostTasks).value_or(std::vector<RemoteAddr>{}))
      tasks.push_back(read_pointer(memory_, reference + layout_.object.var_size).value_or(RemoteAddr{}));
  }
  if (const auto eager = find_in_module(memory_, layout_, home.interpreter, "asyncio.tasks", "_eager_tasks")) {
    const auto found = read_set(memory_, layout_, *eager, kMostTasks);
    if (found.has_value()) tasks.insert(tasks.end(), found->begin(), found->end());
  }
  return tasks;
}

std::vector<TaskReader::Running> TaskReader::running(const Home& home) {
  std::vector<Running> found;
  if (layout_.asyncio.running_task != kAbsent) {
    for (const Home::Thread& thread : home.threads) {
      const auto task = read_pointer(memory_, thread.state + layout_.asyncio.running_task);
      if (task.has_value() && !task->is_null()) found.push_back({thread.index, *task});
    }
    return found;
  }
  RemoteAddr& current = current_tasks_[home.interpreter];
  if (current.is_null()) {
    const auto dict = find_in_module(memory_, layout_, home.interpreter, "asyncio.tasks", "_current_tasks");
    if (!dict.has_value()) return found;
    current = *dict;
  }
  const auto entries = read_dict(memory_, layout_, current, kMostThreads);
  if (!entries.has_value()) return found;
  for (const DictEntry& entry : *entries) {
    if (const auto thread = thread_of_loop(entry.key, home)) found.push_back({*thread, entry.value});
  }
  return found;
}

bool TaskReader::runs_in(RemoteAddr task, RemoteAddr frame) {
  if (!fields_.has_value() && !find_fields(task)) return false;
  const RemoteAddr coroutine = field(task, 0);
  if (!is_coroutine_type(types_.of(coroutine))) return false;
  const RemoteAddr own = coroutine + layout_.generator.frame;
  if (layout_.frame_root != FrameRoot::kFrameObjects) return own == frame;
  return read_pointer(memory_, own).value_or(RemoteAddr{}) == frame;
}

// --- a task ----------------------------------------------------------------------------------------------------------

bool TaskReader::find_fields(RemoteAddr task) {
  std::array<std::byte, kLargestTask> bytes;
  const auto type = read_pointer(memory_, task + layout_.object.type);
  if (!type.has_value()) return false;
  const auto size = read_value<std::uint64_t>(memory_, *type + layout_.object.type_basicsize);
  if (!size.has_value() || *size > bytes.size() || *size % 8 != 0) return false;
  const std::span<std::byte> object = std::span(bytes).first(*size);
  if (!read_exact(memory_, task, object).has_value()) return false;
  const StructView view(object);
  for (Offset at = layout_.object.var_size; at + 16 <= *size; at += 8) {
    if (!is_coroutine_type(types_.of(view.pointer(at)))) continue;
    const std::string& name = types_.of(view.pointer(at + 8));
    if (name != "str" && name != "int") continue;
    fields_ = Fields{*size, at, 0};
    return true;
  }
  return false;
}

// Of C, or of a class that is made from it: those in Python have all their fields in a dict.
bool TaskReader::is_task(RemoteAddr object) {
  if (object.is_null() || object.value() % 8 != 0) return false;
  if (types_.of(object) == "_asyncio.Task") return true;
  if (!fields_.has_value()) return false;
  const std::string& name = types_.of(field(object, kName));
  return is_coroutine_type(types_.of(field(object, 0))) && (name == "str" || name == "int");
}

RemoteAddr TaskReader::field(RemoteAddr task, std::int64_t from_coroutine) {
  const auto at = static_cast<std::uint64_t>(static_cast<std::int64_t>(fields_->coroutine) + from_coroutine);
  return read_pointer(memory_, task + at).value_or(RemoteAddr{});
}

std::optional<TaskState> TaskReader::state_of(RemoteAddr task, const Home& home) {
  if (!fields_.has_value() && !find_fields(task)) return std::nullopt;
  const RemoteAddr coroutine = field(task, 0);
  if (!is_coroutine_type(types_.of(coroutine)) || is_over(coroutine)) return std::nullopt;
  TaskState state;
  state.address = task;
  auto name = name_of(task);
  if (!name.has_value()) return std::nullopt;  // it has gone
  state.name = std::move(*name);
  state.thread = thread_of(task, home);
  return state;
}

// 3.12 and later keep a number until somebody asks for the name.
std::optional<std::string> TaskReader::name_of(RemoteAddr task) {
  const RemoteAddr name = field(task, kName);
  if (types_.of(name) != "int") {
    auto text = read_str(memory_, layout_, name);
    return text.has_value() ? std::optional(std::move(*text)) : std::nullopt;
  }
  const auto number = read_int(memory_, layout_, name);
  return number.has_value() ? std::optional(fmt::format("Task-{}", *number)) : std::nullopt;
}

// The loop comes first in a task.
std::optional<ThreadIndex> TaskReader::thread_of(RemoteAddr task, const Home& home) {
  return thread_of_loop(read_pointer(memory_, task + layout_.object.var_size).value_or(RemoteAddr{}), home);
}

// A loop of asyncio's says which thread runs it.
std::optional<ThreadIndex> TaskReader::thread_of_loop(RemoteAddr loop, const Home& home) {
  if (const auto known = threads_.find(loop); known != threads_.end()) return known->second;
  const auto object = find_attribute(memory_, layout_, loop, "_thread_id");
  if (!object.has_value()) return std::nullopt;
  const auto ident = read_int(memory_, layout_, *object);
  if (!ident.has_value()) return std::nullopt;
  const auto thread = std::ranges::find(home.threads, static_cast<ThreadIdent>(*ident), &Home::Thread::ident);
  if (thread == home.threads.end()) return std::nullopt;
  threads_.emplace(loop, thread->index);
  return thread->index;
}

// --- what it awaits --------------------------------------------------------------------------------------------------

bool TaskReader::is_generator(RemoteAddr object) { return is_coroutine_type(types_.of(object)); }

// Sets of tasks have those that ended as long as somebody keeps them.
bool TaskReader::is_over(RemoteAddr coroutine) {
  if (has_lists()) return false;
  if (layout_.frame_root == FrameRoot::kFrameObjects) {
    return read_pointer(memory_, coroutine + layout_.generator.frame).value_or(RemoteAddr{}).is_null();
  }
  // pycore_frame.h, 3.11 to 3.13: below 1 are those that have not begun, are suspended, or run.
  return read_value<std::int8_t>(memory_, coroutine + layout_.generator.state).value_or(0) >= 1;
}

// The frames of a coroutine and of what it awaits, the outermost first.
std::vector<FramePlace> TaskReader::chain_of(RemoteAddr coroutine) {
  std::vector<FramePlace> chain;
  while (chain.size() < kMostAwaited) {
    const std::string& type = types_.of(coroutine);
    // Their first field is what they go on with (genobject.c: cw_coroutine, ags_gen, agt_gen).
    if (type == "coroutine_wrapper" || type == "async_generator_asend" || type == "async_generator_athrow") {
      coroutine = read_pointer(memory_, coroutine + layout_.object.var_size).value_or(RemoteAddr{});
      if (!is_generator(coroutine)) return chain;
    } else if (!is_coroutine_type(type)) {
      return chain;
    }
    const auto place = frame_of(coroutine);
    if (!place.has_value()) return chain;
    chain.push_back(*place);
    coroutine = awaited_by_frame(*place);
    if (coroutine.is_null()) return chain;
  }
  return chain;
}

std::optional<FramePlace> TaskReader::frame_of(RemoteAddr generator) {
  FramePlace place;
  place.frame = generator + layout_.generator.frame;
  const bool is_object = layout_.frame_root == FrameRoot::kFrameObjects;
  if (is_object) place.frame = read_pointer(memory_, place.frame).value_or(RemoteAddr{});
  if (place.frame.is_null()) return std::nullopt;
  const auto code = read_value<std::uint64_t>(memory_, place.frame + layout_.frame.code);
  if (!code.has_value()) return std::nullopt;
  place.code = RemoteAddr(*code & ~layout_.frame.pointer_tag_mask);
  if (is_object) {
    const auto last = read_value<std::int32_t>(memory_, place.frame + layout_.frame.instruction);
    place.instruction.position = static_cast<std::uint64_t>(static_cast<std::int64_t>(last.value_or(-1)));
  } else {
    place.instruction.position =
        read_value<std::uint64_t>(memory_, place.frame + layout_.frame.instruction).value_or(0);
  }
  if (layout_.frame.tlbc_index != kAbsent) {
    place.instruction.tlbc_index =
        read_value<std::uint32_t>(memory_, place.frame + layout_.frame.tlbc_index).value_or(0);
  }
  if (place.code.is_null()) return std::nullopt;
  return place;
}

// It lies at the end of the value stack, or, in 3.15, in front of one more word.
RemoteAddr TaskReader::awaited_by_frame(const FramePlace& place) {
  for (const RemoteAddr value : frames_.last_values(place, 2)) {
    const std::string& type = types_.of(value);
    if (is_coroutine_type(type) || type == "coroutine_wrapper" || type.starts_with("async_generator_a")) return value;
  }
  return {};
}

std::vector<RemoteAddr> TaskReader::awaiters_of(RemoteAddr task) {
  const RemoteAddr who = field(task, kAwaitedBy);
  if (who.is_null()) return {};
  if (is_task(who)) return {who};
  if (types_.of(who) != "set") return {};
  return read_set(memory_, layout_, who, kMostTasks).value_or(std::vector<RemoteAddr>{});
}

// A task, or a future of gather(), which keeps a list; else what the innermost coroutines of the standard library have
// in their variables: TaskGroup its tasks, wait() and wait_for() those that they were given.
std::vector<RemoteAddr> TaskReader::awaited_by_task(RemoteAddr task, const std::vector<FramePlace>& chain) {
  std::vector<RemoteAddr> awaited;
  const RemoteAddr waiter = field(task, kWaiter);
  if (waiter.is_null()) return awaited;
  if (is_task(waiter)) return {waiter};
  if (const auto children = find_attribute(memory_, layout_, waiter, "_children")) add_tasks_in(*children, awaited);
  for (auto place = chain.rbegin(); place != chain.rend() && awaited.empty(); ++place) {
    const auto frame = codes_.frame(place->code, place->instruction);
    if (!frame.has_value() || stacks_.frame(*frame).file.find("/asyncio/") == std::string::npos) break;
    for (const Variable& variable : frames_.variables(*place)) {
      add_tasks_in(variable.value, awaited);
      if (variable.name != "self") continue;
      if (const auto tasks = find_attribute(memory_, layout_, variable.value, "_tasks")) add_tasks_in(*tasks, awaited);
    }
  }
  std::erase(awaited, task);
  return awaited;
}

void TaskReader::add_tasks_in(RemoteAddr object, std::vector<RemoteAddr>& tasks) {
  if (is_task(object)) return tasks.push_back(object);
  const std::string& type = types_.of(object);
  const auto items = type == "list"    ? read_list(memory_, layout_, object, kMostTasks)
                     : type == "tuple" ? read_tuple(memory_, layout_, object, kMostTasks)
                     : type == "set"   ? read_set(memory_, layout_, object, kMostTasks)
                                       : std::vector<RemoteAddr>{};
  if (!items.has_value()) return;
  for (const RemoteAddr item : *items) {
    if (is_task(item)) tasks.push_back(item);
  }
}

}  // namespace gilspy::sample
