// What the page's script must know besides the columns of numbers.
#pragma once

#include <string>

#include "page_data.h"

namespace gilspy::html {

std::string header(const Profile& profile, const PageData& data, const RenderOptions& options);

}  // namespace gilspy::html
