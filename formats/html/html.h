// One self-contained page: headline and verdict, the timeline of all threads, flame graphs and tables of whatever part
// of it is selected. It needs a browser and nothing else: no network, no other file.
#pragma once

#include <cstddef>
#include <string>

#include "gilspy/format.h"

namespace gilspy::formats {

std::string render_html(const Profile& profile, const Verdict& verdict, const RenderOptions& options);

}  // namespace gilspy::formats
