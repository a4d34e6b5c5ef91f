#include "prune.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "text.h"

namespace gilspy::flamegraph {
namespace {

double minimum_count(const Flow& flow, double percent) { return static_cast<double>(flow.total()) * percent / 100; }

bool wide_enough(const FlowFrame& frame, double minimum) { return static_cast<double>(frame.width()) >= minimum; }

// A frame is never wider than its parent, so a higher threshold cannot leave a frame in the air.
double raised_to_fit(const Flow& flow, double percent, std::size_t max_frames) {
  const double minimum = minimum_count(flow, percent);
  std::vector<std::uint64_t> widths;
  for (const FlowFrame& frame : flow.frames) {
    if (wide_enough(frame, minimum)) {
      widths.push_back(frame.width());
    }
  }
  if (max_frames == 0 || widths.size() <= max_frames || flow.total() == 0) {
    return percent;
  }
  const auto first_too_many = widths.begin() + static_cast<std::ptrdiff_t>(max_frames);
  std::ranges::nth_element(widths, first_too_many, std::greater<>());
  // Half a count above it: whatever the division rounds to, frames of that width are out and wider ones are in.
  return (static_cast<double>(*first_too_many) + 0.5) * 100 / static_cast<double>(flow.total());
}

std::string share(std::uint64_t part, std::uint64_t total) {
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(total);
  return percent < 0.05 ? "less than 0.1 %" : fmt::format("{:.1f} %", percent);
}

std::string pixels(double width) {
  const std::string number = fmt::format("{:.2g}", width);
  return number == "1" ? "1 pixel" : number + " pixels";
}

}  // namespace

Pruning prune(const Flow& flow, double min_width_percent, std::size_t max_frames) {
  Pruning result;
  result.min_width_percent = raised_to_fit(flow, min_width_percent, max_frames);
  result.drawn.assign(flow.frames.size(), true);
  const double minimum = minimum_count(flow, result.min_width_percent);
  for (std::size_t i = 1; i < flow.frames.size(); ++i) {
    const FlowFrame& frame = flow.frames[i];
    if (wide_enough(frame, minimum)) {
      continue;
    }
    result.drawn[i] = false;
    ++result.pruned_frames;
    if (result.drawn[frame.parent]) {
      result.pruned_count += frame.width();
    }
  }
  return result;
}

std::string statement(const Pruning& pruning, std::uint64_t total, double frames_width) {
  if (pruning.pruned_count == 0) {
    return {};
  }
  return fmt::format("{} of the time lies in {} frame{} below {}, not drawn", share(pruning.pruned_count, total),
                     thousands(pruning.pruned_frames), pruning.pruned_frames == 1 ? "" : "s",
                     pixels(pruning.min_width_percent / 100 * frames_width));
}

}  // namespace gilspy::flamegraph
