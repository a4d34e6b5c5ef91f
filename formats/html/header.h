// What the page's script must know besides the columns of numbers.
#pragma once

#include <cstddef>
#include <string>

#include "page_data.h"

namespace gilspy::html {

inline constexpr std::size_t kMostLocks = 1000;  // that the page can name

std::string header(const Profile& profile, const PageData& data, const RenderOptions& options);

}  // namespace gilspy::html
