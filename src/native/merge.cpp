#include "merge.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace gilspy::native {
namespace {

using Role = NativeFunction::Role;

constexpr std::string_view kMissing = "(native frames missing)";
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// Which entry each call ran, by its place among them. Nothing: the two stacks do not fit.
using Matches = std::vector<std::size_t>;

std::optional<Matches> by_anchors(const NativeCopy& copy, const NativeStack& native) {
  Matches matches(native.calls.size(), kNone);
  for (std::size_t entry = 0; entry < copy.entries.size(); ++entry) {
    const RemoteAddr anchor = copy.entries[entry].anchor;
    const auto begins_above = [&](const NativeStack::Call& call) { return call.stack > anchor; };
    const auto caller = std::ranges::find_if(native.calls, begins_above);
    if (caller == native.calls.begin()) return std::nullopt;      // below the stack pointer
    if (caller == native.calls.end() && !native.whole) continue;  // farther out than what could be unwound
    std::size_t& match = matches[static_cast<std::size_t>(caller - native.calls.begin()) - 1];
    if (match != kNone) return std::nullopt;
    match = entry;
  }
  return matches;
}

bool is_loop(const NativeStack::Call& call) {
  return !call.functions.empty() && call.functions.back()->role == Role::kEval;
}

bool is_nameless(const NativeStack::Call& call) {
  return call.functions.empty() || call.functions.back()->role == Role::kNameless;
}

std::optional<Matches> by_count(const NativeCopy& copy, const NativeStack& native) {
  Matches matches(native.calls.size(), kNone);
  const auto loops = static_cast<std::size_t>(std::ranges::count_if(native.calls, is_loop));
  const std::size_t entries = copy.entries.size();
  // Of a stack that is cut and has no loop, all was called from the innermost frame of Python: unless a function
  // without a name is a part of the loop.
  const bool is_inside = loops > 0 || std::ranges::none_of(native.calls, is_nameless);
  const bool fits = native.whole ? loops == entries || loops == entries + 1 : is_inside && loops <= entries;
  if (!fits) return std::nullopt;
  std::size_t entry = native.whole ? 0 : entries - loops;
  for (std::size_t call = native.calls.size(); call-- > 0;) {
    if (is_loop(native.calls[call]) && entry < entries) matches[call] = entry++;
  }
  return matches;
}

std::optional<Matches> match(const NativeCopy& copy, const NativeStack& native) {
  if (copy.behind_left_out) {  // only where nothing was entered from C in what is left out, or nothing was unwound of
                               // it
    const auto loops = static_cast<std::size_t>(std::ranges::count_if(native.calls, is_loop));
    if (native.whole ? loops != copy.entries.size() : loops > *copy.behind_left_out) return std::nullopt;
  }
  const auto is_known = [](const NativeCopy::Entry& entry) { return !entry.anchor.is_null(); };
  return std::ranges::all_of(copy.entries, is_known) ? by_anchors(copy, native) : by_count(copy, native);
}

class Merger {
 public:
  Merger(const NativeCopy& copy, NativeFrames which, StackTable& stacks)
      : copy_(copy), which_(which), stacks_(stacks), python_(stacks.frames_of(copy.python)) {}

  // False: frames of Python would be out of order.
  bool merge(const NativeStack& native, const Matches& matches) {
    if (!native.whole) {
      add_python(begin_of(outermost(matches)));  // those that were run farther out than could be unwound
      if (done_ > 0) add({std::string(kMissing), "", Role::kCode}, false);
    }
    for (std::size_t call = native.calls.size(); call-- > 0;) {
      const std::size_t entry = matches[call];
      if (entry != kNone && begin_of(entry) < done_) return false;
      if (entry != kNone) add_python(begin_of(entry));
      const auto& functions = native.calls[call].functions;
      for (auto function = functions.rbegin(); function != functions.rend(); ++function) {
        add(**function, entry != kNone);
      }
      if (entry != kNone) add_python(begin_of(entry + 1));
    }
    return done_ == python_.size();
  }

  StackId stack() const { return stack_; }

 private:
  // Of the entries that a call is known for.
  static std::size_t outermost(const Matches& matches) {
    const auto found = std::find_if(matches.rbegin(), matches.rend(), [](std::size_t entry) { return entry != kNone; });
    return found == matches.rend() ? kNone : *found;
  }

  std::size_t begin_of(std::size_t entry) const {
    if (entry >= copy_.entries.size()) return python_.size();
    return std::min<std::size_t>(copy_.entries[entry].depth, python_.size());
  }

  void add_python(std::size_t end) {
    for (; done_ < end; ++done_) stack_ = stacks_.child(stack_, python_[done_]);
  }

  void add(const NativeFunction& function, bool runs_python) {
    if (which_ != NativeFrames::kAll && (function.role != Role::kCode || runs_python)) return;
    stack_ =
        stacks_.child(stack_, stacks_.intern({.function = function.name, .file = function.module, .native = true}));
  }

  const NativeCopy& copy_;
  NativeFrames which_;
  StackTable& stacks_;
  std::vector<FrameId> python_;  // outermost first
  std::size_t done_ = 0;         // of them
  StackId stack_ = kNoStack;
};

}  // namespace

Merged merge(const NativeCopy& copy, const NativeStack& native, NativeFrames which, StackTable& stacks) {
  const Merged python_alone{copy.python, NativeQuality::kLost};
  const bool has_nothing = native.calls.empty() || (copy.entries.empty() && copy.python != kNoStack);
  const auto matches = has_nothing ? std::nullopt : match(copy, native);
  Merger merger(copy, which, stacks);
  if (!matches.has_value() || !merger.merge(native, *matches)) return python_alone;
  return {merger.stack(), native.whole ? NativeQuality::kWhole : NativeQuality::kCut};
}

}  // namespace gilspy::native
