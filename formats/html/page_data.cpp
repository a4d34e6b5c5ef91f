#include "page_data.h"

#include <algorithm>
#include <utility>

#include "formats/stack_view/frame_text.h"
#include "gilspy/wording.h"
#include "page_text.h"

namespace gilspy::html {
namespace {

constexpr std::string_view kRare = "(rare)";

// By StackId: the stack that stands for it.
using StackMap = std::vector<StackId>;

void replace_stacks(Timeline& timeline, const StackMap& map) {
  for (Lane& lane : timeline.lanes) {
    Lane replaced;
    replaced.reserve(lane.size());
    for (Stretch stretch : lane) {
      stretch.stack = map[to_int(stretch.stack)];
      append(replaced, stretch);
    }
    lane = std::move(replaced);
  }
}

std::vector<Nanos> own_times(const PageData& data) {
  std::vector<Nanos> times(data.table.stack_count(), Nanos{0});
  for (const Lane& lane : data.timeline.lanes) {
    for (const Stretch& stretch : lane) times[to_int(stretch.stack)] += stretch.time();
  }
  return times;
}

}  // namespace

PageData page_data(const Profile& profile, const RenderOptions& options) {
  PageData data;
  StackMap map{kNoStack};
  for (std::size_t i = 1; i < profile.table.stack_count(); ++i) {
    const auto stack = StackId(i);
    const Frame& frame = profile.table.frame(profile.table.leaf(stack));
    const FrameId shown =
        data.table.intern({.function = wording::printable(stack_view::plain_frame_text(frame, profile.target, options)),
                           .file = wording::printable(wording::function_name(frame, profile.target))});
    map.push_back(data.table.child(map[to_int(profile.table.parent(stack))], shown));
  }
  data.timeline = profile.timeline;
  replace_stacks(data.timeline, map);
  data.excerpt = typical_moment(data.timeline, profile.duration);
  return data;
}

PageData shortened(const PageData& data, double rare) {
  std::vector<Nanos> times = own_times(data);
  Nanos all{0};
  for (const Nanos time : times) all += time;
  for (std::size_t i = times.size(); i-- > 1;) times[to_int(data.table.parent(StackId(i)))] += times[i];

  PageData out;
  out.excerpt = data.excerpt;
  out.rare = std::max(rare, data.rare);
  const double least = rare * double(all.count());
  StackMap map{kNoStack};
  for (std::size_t i = 1; i < times.size(); ++i) {
    const auto stack = StackId(i);
    const StackId parent = map[to_int(data.table.parent(stack))];
    if (times[i] > Nanos{0} && double(times[i].count()) >= least) {
      map.push_back(out.table.child(parent, out.table.intern(data.table.frame(data.table.leaf(stack)))));
    } else if (parent == kNoStack && times[i] > Nanos{0}) {
      map.push_back(
          out.table.child(kNoStack, out.table.intern({.function = std::string(kRare), .file = std::string(kRare)})));
    } else {
      map.push_back(parent);
    }
  }
  out.timeline = data.timeline;
  replace_stacks(out.timeline, map);
  return out;
}

}  // namespace gilspy::html
