// A report of at most 60 lines of Markdown, for a comment on a pull request.
#pragma once

#include <string>

#include "gilspy/format.h"

namespace gilspy::formats {

// Of the options only `link` matters: there are no stacks in it.
std::string render_markdown(const Profile& profile, const Verdict& verdict, const RenderOptions& options);

}  // namespace gilspy::formats
