#include "folded.h"

#include <fmt/format.h>

#include <iterator>

#include "formats/stack_view/stack_view.h"

namespace gilspy::formats {

std::string render_folded(const Profile& profile, const Verdict&, const RenderOptions& options) {
  std::string text;
  for (const stack_view::Line& line : stack_view::fold(profile, options)) {
    fmt::format_to(std::back_inserter(text), "{} {}\n", line.stack, line.microseconds);
  }
  return text;
}

}  // namespace gilspy::formats
