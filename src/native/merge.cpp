#include "merge.h"

#include <algorithm>
#include <vector>

namespace gilspy::native {
namespace {

using Role = NativeFunction::Role;

// How many activations of the loop, counted from the innermost, ran nothing yet; nothing: the two stacks do not fit.
std::optional<std::size_t> idle_loops(std::size_t loops, std::size_t entries, bool whole) {
  if (whole && loops == entries) return 0;
  if (whole && loops == entries + 1) return 1;
  if (!whole && loops <= entries) return 0;
  return std::nullopt;
}

class Merger {
 public:
  Merger(const NativeCopy& copy, const NativeStack& native, NativeFrames which, StackTable& stacks)
      : copy_(copy), native_(native), which_(which), stacks_(stacks), python_(stacks.frames_of(copy.python)) {}

  Merged merge() {
    const auto loops = static_cast<std::size_t>(std::ranges::count_if(
        native_.functions, [](const auto& function) { return function->role == Role::kEval; }));
    const auto idle = idle_loops(loops, copy_.entries.size(), native_.whole);
    if (native_.functions.empty() || !idle.has_value()) return {copy_.python, NativeQuality::kLost};
    std::size_t entry = native_.whole ? 0 : copy_.entries.size() - loops;
    if (!native_.whole) add_python(0, begin_of(entry));
    std::size_t left = loops - *idle;  // activations that run something
    for (auto function = native_.functions.rbegin(); function != native_.functions.rend(); ++function) {
      add(**function);
      if ((*function)->role != Role::kEval || left == 0) continue;
      --left;
      add_python(begin_of(entry), begin_of(entry + 1));
      ++entry;
    }
    return {stack_, native_.whole ? NativeQuality::kWhole : NativeQuality::kCut};
  }

 private:
  std::size_t begin_of(std::size_t entry) const {
    return entry < copy_.entries.size() ? std::min<std::size_t>(copy_.entries[entry], python_.size()) : python_.size();
  }

  void add_python(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) stack_ = stacks_.child(stack_, python_[i]);
  }

  void add(const NativeFunction& function) {
    if (function.role != Role::kCode && which_ != NativeFrames::kAll) return;
    stack_ = stacks_.child(
        stack_, stacks_.intern({.function = function.name, .file = function.module, .native = true}));
  }

  const NativeCopy& copy_;
  const NativeStack& native_;
  NativeFrames which_;
  StackTable& stacks_;
  std::vector<FrameId> python_;  // outermost first
  StackId stack_ = kNoStack;
};

}  // namespace

Merged merge(const NativeCopy& copy, const NativeStack& native, NativeFrames which, StackTable& stacks) {
  return Merger(copy, native, which, stacks).merge();
}

}  // namespace gilspy::native
