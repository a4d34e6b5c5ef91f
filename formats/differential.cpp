#include "differential.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "formats/flamegraph/flamegraph.h"
#include "formats/stack_view/frame_text.h"
#include "formats/stack_view/stack_view.h"
#include "gilspy/wording.h"

namespace gilspy::formats {
namespace {

struct Microseconds {
  std::uint64_t base = 0;  // as if BASE had lasted as long as HEAD, or had done as much
  std::uint64_t head = 0;
};
using Stacks = std::map<std::string, Microseconds>;

std::vector<stack_view::Line> folded(const Profile& profile, const ComparisonOptions& options,
                                     const std::vector<std::string>& names, bool native) {
  RenderOptions how;
  how.view = options.view;
  how.include_blocked = options.include_blocked;
  how.native = native;
  std::vector<std::string> safe;
  for (const std::string& name : names) safe.push_back(stack_view::safe_frame(name));
  return stack_view::fold(profile, how, std::move(safe));
}

Stacks stacks_of(const Compared& compared, const ComparisonOptions& options) {
  constexpr double kMost = 1e18;  // recordings can claim anything
  const Comparison& comparison = compared.comparison;
  Stacks stacks;
  const bool native = compared.base.quality.native.all() > 0 && compared.head.quality.native.all() > 0;
  for (const stack_view::Line& line : folded(compared.base, options, comparison.base.frame_names, native)) {
    const double scaled = double(line.microseconds) * comparison.base_to_head();
    stacks[line.stack].base += static_cast<std::uint64_t>(std::min(scaled, kMost));
  }
  for (const stack_view::Line& line : folded(compared.head, options, comparison.head.frame_names, native)) {
    stacks[line.stack].head += line.microseconds;
  }
  return stacks;
}

// A graph of the widths of one recording cannot show the stacks that only the other one has.
std::string about_hidden(const Stacks& stacks, bool negate) {
  std::uint64_t all = 0, hidden = 0, count = 0;
  for (const auto& [stack, times] : stacks) {
    const std::uint64_t drawn = negate ? times.base : times.head;
    const std::uint64_t compared = negate ? times.head : times.base;
    all += compared;
    if (drawn > 0 || compared == 0) continue;
    hidden += compared;
    ++count;
  }
  if (count == 0) return {};
  return fmt::format(" Not drawn: {} of the time of {}, in {} that only it has.",
                     wording::percent(double(hidden) / double(all)), negate ? "HEAD" : "BASE",
                     wording::count_of(count, "stack"));
}

std::string_view width_of(View view) {
  switch (view) {
    case View::kAll: return "time of all threads";
    case View::kHeld: return "time that the GIL was held";
    case View::kWait: return "time that threads waited for the GIL";
    case View::kBlame: return "time that others waited";
  }
  return {};
}

}  // namespace

std::string render_differential(const Compared& compared, const ComparisonOptions& options) {
  const Stacks stacks = stacks_of(compared, options);
  std::vector<flamegraph::FoldedLine> lines;
  for (const auto& [stack, times] : stacks) {
    const std::uint64_t drawn = options.negate ? times.base : times.head;
    lines.push_back({.stack = stack, .count = drawn, .before = options.negate ? times.head : times.base});
  }
  flamegraph::Options drawing;
  drawing.title = compared.comparison.headline;
  drawing.subtitle = fmt::format("Red: more in HEAD, blue: less{}. Width: {} in {}.{}",
                                 compared.comparison.per_work() ? ", per unit of work" : "", width_of(options.view),
                                 options.negate ? "BASE" : "HEAD", about_hidden(stacks, options.negate));
  drawing.count_name = "microseconds";
  drawing.negate = options.negate;
  return flamegraph::render(lines, drawing);
}

}  // namespace gilspy::formats
