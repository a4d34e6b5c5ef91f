#include "lock_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gilspy/memory.h"
#include "objects.h"

namespace gilspy::sample {
namespace {

using std::chrono_literals::operator""ms;

// Python/parking_lot.c, struct wait_entry; Python/lock.c, struct mutex_entry. The same from 3.13 to 3.15.
constexpr std::uint64_t kSemaphoreInEntry = 16;
constexpr std::size_t kEntrySize = 72;
constexpr std::size_t kParkArgument = 0, kParkedAddress = 8, kNode = 48;
constexpr std::size_t kNodeNext = 0, kNodePrevious = 8;
constexpr Nanos kTimeToBeFair = 1ms;  // written down is the beginning of the wait and this

constexpr std::string_view kCondition = "Condition";
// Of threading: where the main thread waits when the program is at its end, up to 3.12 for a lock of each thread.
constexpr std::string_view kEndOfProgram = "_shutdown";
constexpr std::size_t kCallsInWait = 3;  // Condition.wait and what it calls

constexpr std::size_t kMostSearched = 6;  // frames in which a lock's name is looked for
constexpr std::uint64_t kKeysMutex = 11;  // _dictkeysobject.dk_mutex

// What it means that a method of threading or queue waits in there; nothing: no more than that it waits.
std::optional<LockKind> meaning(std::string_view type, std::string_view method, bool waits_for_notice) {
  const bool is_queue = type.ends_with("Queue");
  if ((method == "join" && !is_queue) || method == "_wait_for_tstate_lock") return LockKind::kThread;
  if (!waits_for_notice) return std::nullopt;
  if (type == kCondition) return LockKind::kCondition;
  if (type == "Event") return LockKind::kEvent;
  if (type == "Barrier") return LockKind::kBarrier;
  if (type.ends_with("Semaphore")) return LockKind::kSemaphore;
  if (is_queue) return LockKind::kQueue;
  return std::nullopt;
}

std::string place_text(const Frame& frame) {
  std::size_t slash = frame.file.rfind('/');
  const bool is_package = std::string_view(frame.file).ends_with("/__init__.py");
  if (is_package && slash > 0) slash = frame.file.rfind('/', slash - 1);
  const std::string_view file = std::string_view(frame.file).substr(slash == std::string::npos ? 0 : slash + 1);
  return fmt::format("{} ({}:{})", frame.function, file, frame.line);
}

}  // namespace

std::optional<FoundLock> LockReader::find(const Waiter& waiter, RemoteAddr futex) {
  const bool has_parking_lot = layout_.thread.critical_section != kAbsent;
  if (const auto parked = has_parking_lot ? parked_at(futex, waiter.now) : std::nullopt) {
    FoundLock found = what_lies_at(waiter, parked->address);
    found.since = parked->since;
    return found;
  }
  return lock_of_semaphore(waiter, futex);
}

// An entry is one if its neighbours in the queue link to it.
std::optional<LockReader::Parked> LockReader::parked_at(RemoteAddr futex, Nanos now) {
  const RemoteAddr entry = futex - kSemaphoreInEntry;
  std::array<std::byte, kEntrySize> bytes;
  if (!read_exact(memory_, entry, bytes).has_value()) return std::nullopt;
  const StructView view(bytes);
  const RemoteAddr node = entry + kNode;
  const RemoteAddr next = view.pointer(kNode + kNodeNext), previous = view.pointer(kNode + kNodePrevious);
  const RemoteAddr address = view.pointer(kParkedAddress);
  if (address.is_null() || next.is_null() || previous.is_null()) return std::nullopt;
  if (read_pointer(memory_, next + kNodePrevious).value_or(RemoteAddr{}) != node) return std::nullopt;
  if (read_pointer(memory_, previous + kNodeNext).value_or(RemoteAddr{}) != node) return std::nullopt;
  Parked parked{address};
  if (const RemoteAddr argument = view.pointer(kParkArgument); !argument.is_null()) {
    const Nanos fair(read_value<std::int64_t>(memory_, argument).value_or(0));
    if (fair > kTimeToBeFair && fair <= now + kTimeToBeFair) parked.since = fair - kTimeToBeFair;
  }
  return parked;
}

FoundLock LockReader::what_lies_at(const Waiter& waiter, RemoteAddr address) {
  const auto in = [&](RemoteAddr home, Offset field, Offset size) {
    return field != kAbsent && address.in(home + field, size);
  };
  // Each that stands still waits for a word of its own; whoever asked for it, for all to stand.
  if (address.in(waiter.thread_state, layout_.thread.size) ||
      in(runtime_, layout_.runtime.stop_the_world, layout_.stop_the_world.size) ||
      in(waiter.interpreter, layout_.interpreter.stop_the_world, layout_.stop_the_world.size)) {
    return stop_the_world_of(waiter.interpreter);
  }
  if (address.in(runtime_, layout_.runtime.size) || address.in(waiter.interpreter, layout_.interpreter.size)) {
    return {LockKind::kInternal, address};
  }
  // The mutex of a lock lies right behind the header of the object (_threadmodule.c).
  const RemoteAddr lock = address - layout_.object.var_size;
  if (const auto kind = kind_of_lock(lock)) return {*kind, lock};
  if (layout_.object.mutex != kAbsent) {
    const RemoteAddr object = address - layout_.object.mutex;
    if (object.value() % 8 == 0 && !types_.of(object).empty()) return {LockKind::kObject, object};
    const RemoteAddr keys = address - kKeysMutex;
    if (keys.value() % 8 == 0) return {LockKind::kDictKeys, keys};
  }
  return {LockKind::kUnknown, address};
}

std::optional<LockKind> LockReader::kind_of_lock(RemoteAddr object) {
  if (object.value() % 8 != 0) return std::nullopt;
  const std::string& type = types_.of(object);
  if (type == "_thread.lock") return LockKind::kLock;
  if (type == "_thread.RLock") return LockKind::kRLock;
  if (type == "_queue.SimpleQueue") return LockKind::kQueue;
  return std::nullopt;
}

std::optional<FoundLock> LockReader::lock_of_semaphore(const Waiter& waiter, RemoteAddr semaphore) {
  if (waiter.frames.empty()) return std::nullopt;
  if (const auto known = semaphores_.find(semaphore); known != semaphores_.end()) {
    if (is_lock_with(known->second, semaphore)) return FoundLock{*kind_of_lock(known->second), known->second};
    semaphores_.erase(known);
  }
  const FramePlace& place = waiter.frames.back();
  std::vector<RemoteAddr> candidates = frames_.value_stack(place);
  for (const Variable& variable : frames_.variables(place)) candidates.push_back(variable.value);
  for (const RemoteAddr candidate : candidates) {
    const RemoteAddr lock = lock_behind(candidate);
    if (lock.is_null() || !is_lock_with(lock, semaphore)) continue;
    semaphores_[semaphore] = lock;
    return FoundLock{*kind_of_lock(lock), lock};
  }
  return std::nullopt;
}

bool LockReader::is_lock_with(RemoteAddr object, RemoteAddr semaphore) {
  if (!kind_of_lock(object).has_value()) return false;
  return read_pointer(memory_, object + layout_.object.var_size).value_or(RemoteAddr{}) == semaphore;
}

// PyCFunctionObject and PyMethodObject: the object of the method is the second word behind the header.
RemoteAddr LockReader::lock_behind(RemoteAddr object) {
  if (object.is_null() || object.value() % 8 != 0) return {};
  const std::string& type = types_.of(object);
  if (type == "_thread.lock" || type == "_thread.RLock") return object;
  if (type == kCondition) return lock_of_condition(object);
  if (type != "builtin_function_or_method" && type != "method") return {};
  const RemoteAddr self = read_pointer(memory_, object + layout_.object.var_size + 8).value_or(RemoteAddr{});
  if (kind_of_lock(self).has_value()) return self;
  return types_.of(self) == kCondition ? lock_of_condition(self) : RemoteAddr{};
}

RemoteAddr LockReader::lock_of_condition(RemoteAddr object) {
  return find_attribute(memory_, layout_, object, "_lock").value_or(RemoteAddr{});
}

std::optional<ThreadIdent> LockReader::joined(RemoteAddr thread) {
  const auto ident = find_attribute(memory_, layout_, thread, "_ident");
  if (!ident.has_value()) return std::nullopt;
  const auto value = read_int(memory_, layout_, *ident);
  return value.has_value() ? std::optional(static_cast<ThreadIdent>(*value)) : std::nullopt;
}

RemoteAddr LockReader::let_go_by(std::span<const FramePlace> frames) {
  for (std::size_t i = frames.size(); i > 0 && i + kCallsInWait > frames.size(); --i) {
    const FramePlace& place = frames[i - 1];
    if (!is_library(place)) return {};
    const RemoteAddr self = self_of(place);
    if (method_at(place) == "wait" && types_.of(self) == kCondition) return lock_of_condition(self);
  }
  return {};
}

// _threadmodule.c: rlock_owner, and since 3.14 _PyRecursiveMutex.thread, are the second word behind the header.
std::optional<ThreadIdent> LockReader::owner_of_rlock(RemoteAddr lock) {
  const auto owner = read_value<std::uint64_t>(memory_, lock + layout_.object.var_size + 8);
  if (!owner.has_value() || *owner == 0) return std::nullopt;
  return static_cast<ThreadIdent>(*owner);
}

FoundLock LockReader::stop_the_world_of(RemoteAddr interpreter) const {
  return {LockKind::kStopTheWorld, interpreter + layout_.interpreter.stop_the_world};
}

// Of the interpreter's own, or of all interpreters' (fork, exit).
std::optional<RemoteAddr> LockReader::who_stops_the_world(RemoteAddr interpreters_own) {
  for (const RemoteAddr state : {interpreters_own, runtime_ + layout_.runtime.stop_the_world}) {
    const auto requested = read_value<std::uint8_t>(memory_, state + layout_.stop_the_world.requested);
    if (requested.value_or(0) == 0) continue;
    const auto requester = read_pointer(memory_, state + layout_.stop_the_world.requester);
    if (requester.has_value() && !requester->is_null()) return *requester;
  }
  return std::nullopt;
}

// --- what people call it ---------------------------------------------------------------------------------------------

std::string LockReader::internal_name(const Waiter& waiter, RemoteAddr address) const {
  struct Row {
    RemoteAddr home;
    Offset field;
    std::string_view name;
  };
  const Row rows[] = {
      {runtime_, layout_.runtime.interpreters_mutex, "list of interpreters and threads"},
      {waiter.interpreter, layout_.interpreter.import_lock, "import lock"},
      {waiter.interpreter, layout_.interpreter.type_lock, "type lock"},
      {waiter.interpreter, layout_.interpreter.pending_lock, "pending calls"},
      {waiter.interpreter, layout_.interpreter.weakref_locks, "weak references"},
      {waiter.interpreter, layout_.interpreter.reference_counts, "reference counts to merge"},
  };
  constexpr std::uint64_t kNear = 4096;  // weakref_locks and brc are arrays
  for (const Row& row : rows) {
    if (row.field == kAbsent) continue;
    const bool is_array =
        row.field == layout_.interpreter.weakref_locks || row.field == layout_.interpreter.reference_counts;
    if (address.in(row.home + row.field, is_array ? kNear : 1)) return std::string(row.name);
  }
  return "";
}

bool LockReader::is_library(const FramePlace& place) {
  const auto frame = codes_.frame(place.code, place.instruction);
  if (!frame.has_value()) return false;
  const std::string_view file = stacks_.frame(*frame).file;
  return file.ends_with("/threading.py") || file.ends_with("/queue.py");
}

// Without its class.
std::string LockReader::method_at(const FramePlace& place) {
  const auto frame = codes_.frame(place.code, place.instruction);
  const std::string function = frame.has_value() ? stacks_.frame(*frame).function : "";
  return function.substr(function.rfind('.') + 1);
}

RemoteAddr LockReader::self_of(const FramePlace& place) {
  const std::vector<Variable> variables = frames_.variables(place);
  const auto self = std::ranges::find(variables, "self", &Variable::name);
  return self == variables.end() ? RemoteAddr{} : self->value;
}

LockInfo LockReader::describe(const Waiter& waiter, const FoundLock& found) {
  LockInfo info;
  info.kind = found.kind;
  info.address = found.address;
  if (found.kind == LockKind::kInternal) info.name = internal_name(waiter, found.address);
  if (found.kind == LockKind::kInternal || found.kind == LockKind::kStopTheWorld) return info;
  bool waits_for_notice = false;
  std::size_t searched = 0;
  std::vector<const FramePlace*> library;  // its own names are looked at last: that costs many reads
  for (auto place = waiter.frames.rbegin(); place != waiter.frames.rend() && searched < kMostSearched; ++place) {
    if (is_library(*place)) {
      const std::string method = method_at(*place);
      if (method == kEndOfProgram) {
        info.kind = LockKind::kThread;
        info.name = "the other threads to end";
        return info;
      }
      const RemoteAddr self = self_of(*place);
      const std::string type = types_.of(self);
      if (type == kCondition && method == "wait") waits_for_notice = true;
      if (const std::optional<LockKind> kind = meaning(type, method, waits_for_notice)) {
        info.kind = *kind;
        info.address = self;
        library.clear();
      }
      library.push_back(&*place);
      continue;
    }
    info.name = name_in(*place, info.address);
    ++searched;
    if (info.place.empty()) {
      if (const auto frame = codes_.frame(place->code, place->instruction))
        info.place = place_text(stacks_.frame(*frame));
    }
    if (!info.name.empty()) break;
  }
  for (const FramePlace* const place : library) {
    if (info.name.empty()) info.name = name_in(*place, info.address);
  }
  // A mutex has its waiters write down since when; what has not is an event (pycore_lock.h).
  if (info.kind == LockKind::kUnknown && found.since.count() == 0) info.kind = LockKind::kEvent;
  if (info.kind != LockKind::kUnknown && info.kind != LockKind::kDictKeys) info.type = types_.of(info.address);
  return info;
}

// Condition.wait makes a lock, Thread.start another, and what is let go of lies where the next one will.
bool LockReader::waits_for_one_thing(std::span<const FramePlace> frames) {
  if (frames.empty() || !is_library(frames.back())) return false;
  const std::string method = method_at(frames.back());
  return method == "wait" || method == "join" || method == "_wait_for_tstate_lock";
}

// A variable of this frame, an attribute of one, or a global of its module.
std::string LockReader::name_in(const FramePlace& place, RemoteAddr object) {
  const std::vector<Variable> variables = frames_.variables(place);
  for (const Variable& variable : variables) {
    if (variable.value == object && variable.name != "self") return variable.name;
  }
  for (const Variable& variable : variables) {
    const auto attribute = name_of_attribute(memory_, layout_, variable.value, object);
    if (attribute.has_value()) return fmt::format("{}.{} of {}", variable.name, *attribute, types_.of(variable.value));
    if (types_.of(variable.value) != "type") continue;
    const auto of_class = name_of_class_attribute(memory_, layout_, variable.value, object);
    if (of_class.has_value()) return fmt::format("{}.{}", variable.name, *of_class);
  }
  const RemoteAddr globals = frames_.globals(place);
  return name_in_dict(memory_, layout_, globals, object).value_or("");
}

}  // namespace gilspy::sample
