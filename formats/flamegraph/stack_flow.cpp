#include "stack_flow.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>

namespace gilspy::flamegraph {
namespace {

// The order of whole lines, count included, byte by byte. It matters: ' ', '(' and '-' sort before ';', so "f 5",
// "f (x);g 1" and "f;g 2" come in this order and f is drawn twice. Readers of inferno's graphs know it so.
bool before(const FoldedLine* a, const FoldedLine* b) {
  const std::size_t common = std::min(a->stack.size(), b->stack.size());
  const int order = std::string_view(a->stack).substr(0, common).compare(std::string_view(b->stack).substr(0, common));
  if (order != 0) {
    return order < 0;
  }
  const auto rest = [common](const FoldedLine& line) {
    const std::string before = line.before ? std::to_string(*line.before) + ' ' : std::string();
    return line.stack.substr(common) + ' ' + before + std::to_string(line.count);
  };
  return rest(*a) < rest(*b);
}

std::vector<const FoldedLine*> sorted(std::span<const FoldedLine> lines) {
  std::vector<const FoldedLine*> order;
  order.reserve(lines.size());
  for (const FoldedLine& line : lines) {
    order.push_back(&line);
  }
  std::ranges::sort(order, before);
  return order;
}

void split(std::string_view stack, std::vector<std::string_view>& names) {
  names.clear();
  if (stack.empty()) {
    return;
  }
  std::size_t begin = 0;
  for (std::size_t end = stack.find(';'); end != std::string_view::npos; end = stack.find(';', begin)) {
    names.push_back(stack.substr(begin, end - begin));
    begin = end + 1;
  }
  names.push_back(stack.substr(begin));
}

std::optional<std::int64_t> delta_of(const FoldedLine& line) {
  if (!line.before) return std::nullopt;
  return static_cast<std::int64_t>(line.count) - static_cast<std::int64_t>(*line.before);
}

// The stack of frames that are open at the current place.
class Walk {
 public:
  Walk() { open_frame("all", {}); }

  void step(std::span<const std::string_view> names, std::uint64_t count, std::optional<std::int64_t> delta) {
    std::size_t same = 0;
    while (same < names.size() && same + 1 < open_.size() && flow_.frames[open_[same + 1]].name == names[same]) {
      ++same;
    }
    close_above(same + 1);
    if (delta) {
      flow_.largest_delta = std::max(flow_.largest_delta, static_cast<std::uint64_t>(std::abs(*delta)));
      if (!flow_.frames.front().delta) flow_.frames.front().delta = 0;
    }
    for (; same < names.size(); ++same) open_frame(names[same], delta && same + 1 < names.size() ? 0 : delta);
    at_ += std::min(count, std::numeric_limits<std::uint64_t>::max() - at_);
  }

  Flow finish() {
    close_above(0);
    return std::move(flow_);
  }

 private:
  void open_frame(std::string_view name, std::optional<std::int64_t> delta) {
    const std::size_t parent = open_.empty() ? 0 : open_.back();
    flow_.frames.push_back(
        {.name = name, .parent = parent, .depth = open_.size(), .start = at_, .end = at_, .delta = delta});
    open_.push_back(flow_.frames.size() - 1);
  }

  void close_above(std::size_t keep) {
    for (std::size_t i = keep; i < open_.size(); ++i) {
      flow_.frames[open_[i]].end = at_;
      flow_.closing.push_back(open_[i]);
    }
    open_.resize(std::min(keep, open_.size()));
  }

  Flow flow_;
  std::vector<std::size_t> open_;
  std::uint64_t at_ = 0;
};

}  // namespace

Flow flow(std::span<const FoldedLine> lines) {
  Walk walk;
  std::vector<std::string_view> names;
  for (const FoldedLine* line : sorted(lines)) {
    split(line->stack, names);
    walk.step(names, line->count, delta_of(*line));
  }
  return walk.finish();
}

}  // namespace gilspy::flamegraph
