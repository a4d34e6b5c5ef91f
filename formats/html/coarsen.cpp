#include <algorithm>

#include "page_data.h"

namespace gilspy::html {

PageData coarsened(const PageData& data, Nanos window) {
  PageData out = data;
  out.timeline.window = std::max(window, data.timeline.window);
  for (Lane& lane : out.timeline.lanes) lane = gilspy::coarsened(lane, window, data.excerpt);
  for (std::vector<Tenure>& tenures : out.timeline.tenures) {
    tenures = gilspy::coarsened(tenures, window, data.excerpt);
  }
  return out;
}

}  // namespace gilspy::html
