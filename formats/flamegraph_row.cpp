#include "flamegraph_row.h"

#include <fmt/format.h>

#include "formats/flamegraph/flamegraph.h"
#include "formats/stack_view/stack_view.h"
#include "gilspy/wording.h"

namespace gilspy::formats {
namespace {

struct ViewText {
  std::string_view family;    // the activity that all frames belong to; empty: the stacks say it
  std::string_view subtitle;  // what a width means
};

ViewText text_of(View view) {
  switch (view) {
    case View::kAll: return {"", "Width: time of all threads, by what they did."};
    case View::kHeld: return {words(Activity::kHoldsGil), "Width: time that the GIL was held."};
    case View::kWait: return {words(Activity::kWaitsForGil), "Width: time that threads waited for the GIL."};
    case View::kBlame: return {words(Activity::kHoldsGil), "Width: time others waited, at the stack of the holder."};
  }
  return {};
}

// Cut to what a line has room for.
std::string command_of(const TargetFacts& target) {
  constexpr std::size_t kMost = 60;
  const std::string command = wording::command(target);
  return command.size() <= kMost ? command : wording::valid_utf8(command.substr(0, kMost)) + "..";
}

}  // namespace

std::string render_flamegraph(const Profile& profile, const Verdict& verdict, const RenderOptions& options) {
  std::vector<flamegraph::FoldedLine> lines;
  for (stack_view::Line& line : stack_view::fold(profile, options)) {
    lines.push_back({.stack = std::move(line.stack), .count = line.microseconds});
  }
  const ViewText text = text_of(options.view);
  flamegraph::Options drawing;
  std::string_view headline = verdict.headline;
  if (!headline.empty() && headline.back() == '.') headline.remove_suffix(1);
  drawing.title = headline;
  drawing.subtitle =
      fmt::format("{}, {}. {}", command_of(profile.target), wording::seconds(profile.duration), text.subtitle);
  drawing.count_name = "microseconds";
  drawing.family = text.family;
  drawing.colour = [](std::string_view family, std::string_view frame) {
    const bool waiter = frame.starts_with(stack_view::kWaiting);
    return flamegraph::activity_colour(waiter ? words(Activity::kWaitsForGil) : family, frame);
  };
  return flamegraph::render(lines, drawing);
}

}  // namespace gilspy::formats
