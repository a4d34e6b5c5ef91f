// The data of a page within a number of bytes.
#pragma once

#include <cstddef>
#include <string>

#include "page_data.h"

namespace gilspy::html {

struct Fitted {
  std::string text;  // as encode.h has it
  std::size_t stretches = 0;
  Nanos window{0};  // of the timeline; 0: as sampled
  double rare = 0;  // stacks with a smaller share of all thread-time end at their parents
};

// Coarsens as little as it must, until there are also no more stretches than a browser opens in a second or two.
// `bytes` is kept unless the names alone are longer.
Fitted fitted(const Profile& profile, const RenderOptions& options, std::size_t bytes);

}  // namespace gilspy::html
