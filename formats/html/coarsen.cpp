#include <algorithm>

#include "page_data.h"

namespace gilspy::html {
namespace {

// What lies in one window, put together as it comes.
class Window {
 public:
  explicit Window(Lane& out) : out_(out) {}

  void add(const Stretch& stretch) {
    if (kinds_.empty()) from_ = stretch.from;
    const auto same = std::find_if(kinds_.begin(), kinds_.end(), [&](const Stretch& kind) {
      return kind.activity == stretch.activity && kind.stack == stretch.stack;
    });
    if (same != kinds_.end()) {
      same->to += stretch.time();
    } else {
      kinds_.push_back(stretch);
    }
  }

  // The time in which the thread was not there moves to the end of the window.
  void close() {
    Nanos at = from_;
    for (Stretch kind : kinds_) {
      const Nanos time = kind.time();
      kind.from = at;
      kind.to = at += time;
      out_.push_back(kind);
    }
    kinds_.clear();
  }

 private:
  Lane& out_;
  Nanos from_{0};
  Lane kinds_;
};

// The end of the window that `at` lies in; the spared range counts as one of its own.
Nanos end_of_window(Nanos at, Nanos window, const Range& spared) {
  const Nanos end = (at / window + 1) * window;
  if (spared.empty() || at >= spared.to || end <= spared.from) return end;
  return at < spared.from ? spared.from : spared.to;
}

bool within(Nanos at, const Range& range) { return at >= range.from && at < range.to; }

Lane coarse(const Lane& lane, Nanos window, const Range& spared) {
  Lane out;
  Window open(out);
  Nanos end{-1};
  for (Stretch rest : lane) {
    while (rest.from < rest.to) {
      if (rest.from >= end || within(rest.from, spared)) {
        open.close();
        end = end_of_window(rest.from, window, spared);
      }
      Stretch part = rest;
      part.to = std::min(rest.to, end);
      open.add(part);
      rest.from = part.to;
    }
  }
  open.close();
  Lane whole;
  for (const Stretch& stretch : out) {  // what was cut at the windows' ends only
    if (!whole.empty() && whole.back().to == stretch.from && whole.back().activity == stretch.activity &&
        whole.back().stack == stretch.stack) {
      whole.back().to = stretch.to;
    } else {
      whole.push_back(stretch);
    }
  }
  return whole;
}

// A tenure belongs to the window in which it begins. Changes of hands that this hides count as unseen.
std::vector<Tenure> coarse(const std::vector<Tenure>& tenures, Nanos window, const Range& spared) {
  std::vector<Tenure> out;
  std::size_t first = 0;  // of this window, in `out`
  Nanos end{-1};
  for (const Tenure& tenure : tenures) {
    if (tenure.from >= end || within(tenure.from, spared)) {
      first = out.size();
      end = end_of_window(tenure.from, window, spared);
    }
    const auto same = std::find_if(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(),
                                   [&](const Tenure& other) { return other.holder == tenure.holder; });
    if (same == out.end()) {
      out.push_back(tenure);
      continue;
    }
    // Those behind it move on by as much as it grows.
    same->to += tenure.to - tenure.from;
    same->unseen += tenure.unseen + 1;
    for (auto later = same + 1; later != out.end(); ++later) {
      const Nanos length = later->to - later->from;
      later->from = std::max(later->from, (later - 1)->to);
      later->to = later->from + length;
    }
  }
  return out;
}

}  // namespace

PageData coarsened(const PageData& data, Nanos window) {
  PageData out = data;
  out.timeline.window = std::max(window, data.timeline.window);
  for (Lane& lane : out.timeline.lanes) lane = coarse(lane, window, data.excerpt);
  for (std::vector<Tenure>& tenures : out.timeline.tenures) tenures = coarse(tenures, window, data.excerpt);
  return out;
}

}  // namespace gilspy::html
