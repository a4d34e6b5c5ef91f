#include "fit.h"

#include <algorithm>

#include "encode.h"
#include "header.h"

namespace gilspy::html {
namespace {

constexpr std::size_t kMostStacks = 20'000;  // of which a browser makes flame graphs without delay
constexpr std::size_t kMostStretches = 600'000;
constexpr double kRare = 0.0001;
constexpr int kMostSteps = 24;

Fitted made_of(const Profile& profile, const PageData& data, const RenderOptions& options) {
  std::size_t stretches = 0;
  for (const Lane& lane : data.timeline.lanes) stretches += lane.size();
  return {.text = encoded(data, header(profile, data, options)),
          .stretches = stretches,
          .window = data.timeline.window,
          .rare = data.rare};
}

// By how much it is too large; at most 1: it fits.
double excess(const Fitted& data, std::size_t bytes) {
  return std::max(double(data.text.size()) / double(std::max<std::size_t>(bytes, 1)),
                  double(data.stretches) / double(kMostStretches));
}

PageData with_fewer_stacks(PageData data) {
  for (double rare = kRare; data.table.stack_count() > kMostStacks && rare < 1; rare *= 2) data = shortened(data, rare);
  return data;
}

// 1, 2, 5, 10, ... milliseconds; what comes next after `window`
Nanos next_window(Nanos window, const Timeline& sampled) {
  for (Nanos power = std::chrono::milliseconds(1);; power *= 10) {
    for (const int step : {1, 2, 5}) {
      if (power * step > window && power * step >= sampled.window) return power * step;
    }
  }
}

}  // namespace

Fitted fitted(const Profile& profile, const RenderOptions& options, std::size_t bytes) {
  const PageData whole = with_fewer_stacks(page_data(profile, options));
  Fitted best = made_of(profile, whole, options);
  PageData shorter = whole;
  Nanos window{0};
  double rare = std::max(whole.rare, kRare / 2);
  for (int step = 0; step < kMostSteps && excess(best, bytes) > 1; ++step) {
    const bool far = excess(best, bytes) > 2;
    if (step == 0 || window > profile.duration / 200) shorter = shortened(shorter, rare *= 2);
    window = next_window(window, whole.timeline);
    if (far) window = next_window(window, whole.timeline);
    best = made_of(profile, coarsened(shorter, window), options);
  }
  return best;
}

}  // namespace gilspy::html
