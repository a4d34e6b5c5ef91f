#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>
#include <vector>

#include "gilspy/layout.h"
#include "gilspy/memory.h"

namespace gilspy::layout {
namespace {

constexpr int kMostInterpreters = 10'000;
constexpr int kMostThreads = 100'000;

struct Checked {
  std::unordered_set<RemoteAddr> interpreters, thread_states;  // a list that comes back to itself does not end
  bool living_thread_seen = false;
};

tl::unexpected<Error> misfit(const RuntimeLocation& location, std::string_view what) {
  return fail(ErrorCode::kMisfit,
              fmt::format("the layout of CPython {} does not fit this build ({}): {}; please report it with the output "
                          "of `python3 -VV`",
                          location.version.text(), location.binary, what));
}

// A runtime that is being set up has null where pointers will be.
tl::unexpected<Error> not_ready() { return fail(ErrorCode::kNotReady, "the interpreter is still starting"); }

// In a child that C code made with fork() Python does not know the number of its thread, but libc does: it stands in
// the struct pthread that the thread state names.
bool is_main_thread_of_child(Target& target, const RuntimeLayout& layout, RemoteAddr thread) {
  constexpr std::size_t kSearched = 0x400;
  const auto pthread = read_pointer(target, thread + layout.thread.thread_id);
  std::array<std::byte, kSearched> bytes{};
  if (!pthread.has_value() || !read_exact(target, *pthread, bytes).has_value()) return false;
  const std::int32_t own = target.own_number_of(static_cast<Tid>(to_int(target.identity().pid)));
  const StructView view(bytes);
  for (std::size_t at = 0; view.holds(at, 4); at += 4) {
    if (view.get<std::int32_t>(at) == own) return true;
  }
  return false;
}

// One thread of the target is enough: others may be starting or ending, and those of sub-interpreters name their
// creator's in 3.11 and 3.12.
Result<bool> names_living_thread(Target& target, const RuntimeLayout& layout, RemoteAddr thread,
                                 const std::unordered_set<Tid>& tids) {
  if (layout.thread.native_thread_id == kAbsent) {
    GILSPY_TRY(const RemoteAddr pthread, read_pointer(target, thread + layout.thread.thread_id));
    return !pthread.is_null() && read_pointer(target, pthread).has_value();
  }
  GILSPY_TRY(const auto number, read_value<std::uint64_t>(target, thread + layout.thread.native_thread_id));
  if (number == 0 || number > 0x7fffffff) return false;
  const auto tid = target.tid_of_own_number(static_cast<std::int32_t>(number));
  return (tid && tids.contains(*tid)) || is_main_thread_of_child(target, layout, thread);
}

Result<void> check_threads(Target& target, const RuntimeLocation& location, const RuntimeLayout& layout,
                           RemoteAddr interpreter, const std::unordered_set<Tid>& tids, Checked& seen) {
  GILSPY_TRY(RemoteAddr thread, read_pointer(target, interpreter + layout.interpreter.threads_head));
  for (int steps = 0; !thread.is_null(); ++steps) {
    if (steps > kMostThreads || !seen.thread_states.insert(thread).second) {
      return misfit(location, "the list of threads does not end");
    }
    GILSPY_TRY(const RemoteAddr owner, read_pointer(target, thread + layout.thread.interpreter));
    if (owner != interpreter) return misfit(location, "a thread state does not point to its interpreter");
    if (!seen.living_thread_seen) {
      GILSPY_TRY(seen.living_thread_seen, names_living_thread(target, layout, thread, tids));
    }
    GILSPY_TRY(thread, read_pointer(target, thread + layout.thread.next));
  }
  return {};
}

Result<void> check_gil(Target& target, const RuntimeLocation& location, const RuntimeLayout& layout, RemoteAddr gil,
                       const Checked& seen) {
  if (layout.gil.enabled != kAbsent) {
    GILSPY_TRY(const auto enabled, read_value<std::int32_t>(target, gil + layout.gil.enabled));
    if (enabled == 0) return {};  // nobody has set up, or uses, the rest
  }
  GILSPY_TRY(const auto locked, read_value<std::int32_t>(target, gil + layout.gil.locked));
  if (locked == -1) return not_ready();
  if (locked != 0 && locked != 1) return misfit(location, "gil->locked is neither 0 nor 1");
  GILSPY_TRY(const auto interval, read_value<std::uint64_t>(target, gil + layout.gil.interval));
  if (interval == 0 || interval > 1'000'000'000) return misfit(location, "the switch interval is out of range");
  GILSPY_TRY(const RemoteAddr holder, read_pointer(target, gil + layout.gil.last_holder));
  if (locked == 1 && !seen.thread_states.contains(holder)) {
    // Threads come and go while we look: the caller tries again before it believes this.
    return misfit(location, "the holder of the GIL is not in the list of threads");
  }
  return {};
}

Result<RemoteAddr> gil_of(Target& target, const RuntimeLocation& location, const RuntimeLayout& layout,
                          RemoteAddr interpreter) {
  if (layout.gil_home == GilHome::kInRuntime) return location.runtime + layout.runtime.gil;
  GILSPY_TRY(const RemoteAddr gil, read_pointer(target, interpreter + layout.interpreter.gil));
  if (gil.is_null()) return not_ready();
  return gil;
}

Result<void> check_once(Target& target, const RuntimeLocation& location, const RuntimeLayout& layout) {
  GILSPY_TRY(const std::vector<Tid> list, target.threads());
  const std::unordered_set<Tid> tids(list.begin(), list.end());
  GILSPY_TRY(RemoteAddr interpreter, read_pointer(target, location.runtime + layout.runtime.interpreters_head));
  if (interpreter.is_null()) return not_ready();
  Checked seen;
  std::vector<RemoteAddr> gils;
  for (int steps = 0; !interpreter.is_null(); ++steps) {
    if (steps > kMostInterpreters || !seen.interpreters.insert(interpreter).second) {
      return misfit(location, "the list of interpreters does not end");
    }
    GILSPY_CHECK(check_threads(target, location, layout, interpreter, tids, seen));
    GILSPY_TRY(const RemoteAddr gil, gil_of(target, location, layout, interpreter));
    if (std::ranges::count(gils, gil) == 0) gils.push_back(gil);
    GILSPY_TRY(interpreter, read_pointer(target, interpreter + layout.interpreter.next));
  }
  if (seen.thread_states.empty()) return not_ready();
  if (!seen.living_thread_seen) return misfit(location, "no thread state names a living thread");
  for (const RemoteAddr gil : gils) GILSPY_CHECK(check_gil(target, location, layout, gil, seen));
  return {};
}

}  // namespace

Result<void> self_check(Target& target, const RuntimeLocation& location, const RuntimeLayout& layout) {
  // Lists change while they are walked, without harm: one clean pass out of many is proof enough, and a layout that
  // does not fit never gives one.
  constexpr int kPasses = 50;
  Result<void> last;
  for (int pass = 0; pass < kPasses; ++pass) {
    last = check_once(target, location, layout);
    if (last.has_value()) return last;
    const ErrorCode code = last.error().code();
    if (code == ErrorCode::kGone || code == ErrorCode::kDenied || code == ErrorCode::kNotReady) return last;
  }
  if (last.error().code() == ErrorCode::kBadAddress) return misfit(location, "a pointer leads nowhere");
  return last;
}

}  // namespace gilspy::layout
