#include "chains.h"

#include <fmt/format.h>

#include <limits>
#include <span>

#include "text.h"

namespace gilspy::flamegraph {
namespace {

constexpr std::size_t kLongest = 100;  // frames of a run that is drawn whole
constexpr std::size_t kKept = 20;      // at each end of a longer one
constexpr std::size_t kNone = 0;       // no frame has the root on top of it
constexpr std::size_t kSeveral = std::numeric_limits<std::size_t>::max();

// What is in brackets is no function: an activity, or what already stands for others.
bool is_function(const FlowFrame& frame) { return !frame.name.starts_with('('); }

// Of each frame the one that is drawn on top of it.
std::vector<std::size_t> only_children(const Flow& flow, const Pruning& pruning) {
  std::vector<std::size_t> only(flow.frames.size(), kNone);
  for (std::size_t i = 1; i < flow.frames.size(); ++i) {
    if (!pruning.drawn[i]) continue;
    std::size_t& child = only[flow.frames[i].parent];
    child = child == kNone ? i : kSeveral;
  }
  return only;
}

// As wide as the first of the run, give or take what is too narrow to be seen.
bool continues(const FlowFrame& first, const FlowFrame& frame) {
  return is_function(frame) && static_cast<double>(frame.width()) >= 0.99 * static_cast<double>(first.width());
}

void fold(std::span<const std::size_t> run, Flow& flow, Pruning& pruning, std::vector<std::size_t>& lowered) {
  if (run.size() <= kLongest) return;
  const auto middle = run.subspan(kKept, run.size() - 2 * kKept);
  const std::string text = fmt::format("({} frames, one in the other)", thousands(middle.size()));
  flow.frames[middle.front()].name = flow.made_names.emplace_back(text);
  for (const std::size_t frame : middle.subspan(1)) {
    pruning.drawn[frame] = false;
    lowered[frame] = 1;
  }
}

}  // namespace

void fold_chains(Flow& flow, Pruning& pruning) {
  const std::vector<std::size_t> only = only_children(flow, pruning);
  std::vector<std::size_t> lowered(flow.frames.size());
  std::vector<bool> is_in_run(flow.frames.size());
  std::vector<std::size_t> run;
  for (std::size_t i = 1; i < flow.frames.size(); ++i) {
    if (!pruning.drawn[i] || is_in_run[i] || !is_function(flow.frames[i])) continue;
    run.clear();
    for (std::size_t at = i; at != kNone && at != kSeveral && continues(flow.frames[i], flow.frames[at]);
         at = only[at]) {
      run.push_back(at);
      is_in_run[at] = true;
    }
    fold(run, flow, pruning, lowered);
  }
  for (std::size_t i = 1; i < flow.frames.size(); ++i) {
    lowered[i] += lowered[flow.frames[i].parent];
    flow.frames[i].depth -= lowered[i];
  }
}

}  // namespace gilspy::flamegraph
