#include "speedscope.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json/json_stream.h"
#include "formats/timeline_walk/fit.h"
#include "formats/timeline_walk/names.h"
#include "frame_list.h"
#include "gilspy/wording.h"

namespace gilspy {
namespace speedscope {
namespace {

// Frames of all samples and events of all lanes: speedscope needs some seconds for so many.
constexpr std::uint64_t kMost = 1'500'000;

Nanos window_for(const Profile& profile) {
  const std::vector<std::uint32_t> depths = timeline_walk::depths(profile.table);
  return timeline_walk::window_for(profile, kMost, [&](const Lane& lane) {
    std::uint64_t cost = 0;
    for (const Stretch& stretch : lane) cost += 1 + depths[to_int(stretch.stack)];
    timeline_walk::for_each_state(lane, [&](auto, auto) { cost += 2; });
    return cost;
  });
}

class Writer {
 public:
  Writer(const Profile& profile, const RenderOptions& options, ByteSink& to)
      : profile_(profile), options_(options), frames_(profile, options), window_(window_for(profile)), json_(to) {}

  void write(const Verdict& verdict) {
    json_.object([&] {
      json_.pair("$schema", "https://www.speedscope.app/file-format-schema.json");
      json_.pair("name", title(verdict));
      json_.pair("exporter", "gilspy");
      json_.pair("activeProfileIndex", first_shown());
      json_.new_line();
      json_.object("shared", [&] { frames_.write(json_); });
      json_.array("profiles", [&] {
        for (std::size_t i = 0; i < threads(); ++i) write_thread(i);
        if (!profile_.blame.empty()) write_blame();
        if (!has_any()) write_nothing();
      });
    });
    json_.finish();
  }

 private:
  std::size_t threads() const { return std::min(profile_.timeline.lanes.size(), profile_.threads.size()); }
  bool has_profiles(std::size_t thread) const { return !profile_.timeline.lanes[thread].empty(); }
  bool has_any() const {
    for (std::size_t i = 0; i < threads(); ++i) {
      if (has_profiles(i)) return true;
    }
    return !profile_.blame.empty();
  }
  bool is_shown(Activity activity) const { return activity != Activity::kBlocked || options_.include_blocked; }

  std::string title(const Verdict& verdict) const {
    Timeline shown;
    shown.window = std::max(window_, profile_.timeline.window);
    const std::string coarse = timeline_walk::coarseness(shown);
    std::string title = fmt::format("{}: {}", timeline_walk::process_name(profile_.target), verdict.headline);
    if (!coarse.empty()) title += " " + coarse;
    if (!profile_.end_note.empty()) title += fmt::format(" The recording ended early: {}.", profile_.end_note);
    return title;
  }

  // Of the thread that waits for the GIL most: that is what people open it for.
  std::size_t first_shown() const {
    std::size_t place = 0, first = 0;
    Nanos most{-1};
    for (std::size_t i = 0; i < threads(); ++i) {
      if (!has_profiles(i)) continue;
      const Nanos waits = profile_.threads[i].times[index_of(Activity::kWaitsForGil)];
      if (waits > most) first = place;
      most = std::max(most, waits);
      place += 2;
    }
    return options_.view == View::kBlame && !profile_.blame.empty() ? place : first;
  }

  void write_thread(std::size_t thread) {
    if (!has_profiles(thread)) return;
    std::string name = timeline_walk::holder_name(profile_.threads[thread].info);
    if (profile_.has_several_interpreters(profile_.threads[thread].process)) {
      name += fmt::format(" in interpreter {}", profile_.threads[thread].info.interpreter_id);
    }
    name += timeline_walk::of_process(profile_, profile_.threads[thread].process);
    if (window_ > Nanos{0}) {
      const Lane lane = coarsened(profile_.timeline.lanes[thread], window_);
      write_stacks(name + ": stacks", lane);
      write_activities(name + ": activity", lane);
    } else {
      write_stacks(name + ": stacks", profile_.timeline.lanes[thread]);
      write_activities(name + ": activity", profile_.timeline.lanes[thread]);
    }
  }

  template <typename Content>
  void profile(std::string_view type, const std::string& name, Nanos end, Content content) {
    json_.new_line();
    json_.object([&] {
      json_.pair("type", type);
      json_.pair("name", name);
      json_.pair("unit", "nanoseconds");
      json_.pair("startValue", 0);
      json_.pair("endValue", end.count());
      content();
    });
  }

  // Calls with the time that goes by and the stretch that takes it; without one for holes and what is not shown. What
  // follows each other and is not shown is one.
  template <typename Take>
  void pass(const Lane& lane, Take take) const {
    Nanos at{0};
    for (const Stretch& stretch : lane) {
      if (!is_shown(stretch.activity)) continue;
      if (stretch.from > at) take(stretch.from - at, nullptr);
      take(stretch.time(), &stretch);
      at = stretch.to;
    }
    if (profile_.duration > at) take(profile_.duration - at, nullptr);
  }

  void write_stacks(const std::string& name, const Lane& lane) {
    profile("sampled", name, end_of(lane), [&] {
      json_.array("samples", [&] {
        pass(lane, [&](Nanos, const Stretch* stretch) {
          json_.array([&] {
            if (stretch == nullptr) return;
            json_.value(frames_.of(stretch->activity, stretch->lock));
            frames_.write_stack(json_, stretch->stack);
          });
        });
      });
      json_.array("weights", [&] { pass(lane, [&](Nanos time, const Stretch*) { json_.value(time.count()); }); });
    });
  }

  void event(const char* type, Nanos at, const Stretch& what) {
    json_.object([&] {
      json_.pair("type", type);
      json_.pair("at", at.count());
      json_.pair("frame", frames_.of(what.activity, what.lock));
    });
  }

  void write_activities(const std::string& name, const Lane& lane) {
    profile("evented", name, end_of(lane), [&] {
      json_.array("events", [&] {
        timeline_walk::for_each_state(lane, [&](auto first, auto end) {
          event("O", first->from, *first);
          event("C", (end - 1)->to, *first);
        });
      });
    });
  }

  // The app takes a file without profiles, or with one without samples, for none of its own.
  void write_nothing() {
    profile("sampled", "no thread of Python", profile_.duration, [&] {
      json_.array("samples", [&] { json_.array([&] { json_.value(FrameList::kNoFrame); }); });
      json_.array("weights", [&] { json_.value(std::max(profile_.duration, Nanos{1}).count()); });
    });
  }

  Nanos end_of(const Lane& lane) const { return std::max(profile_.duration, lane.back().to); }

  // Who made others wait: no moments, only sums.
  void write_blame() {
    Nanos sum{0};
    for (const Blame& row : profile_.blame) sum += row.time;
    profile("sampled", "all threads: who made others wait for the GIL", sum, [&] {
      json_.array("samples", [&] {
        for (const Blame& row : profile_.blame) {
          json_.array([&] {
            if (row.holder == Blame::kNobody) {
              json_.value(FrameList::kHandOff);
            } else {
              frames_.write_stack(json_, row.holder_stack);
            }
            json_.value(frames_.waiting(row.waiter_stack));
          });
        }
      });
      json_.array("weights", [&] {
        for (const Blame& row : profile_.blame) json_.value(row.time.count());
      });
    });
  }

  const Profile& profile_;
  const RenderOptions& options_;
  FrameList frames_;
  Nanos window_;
  formats::JsonStream json_;
};

}  // namespace
}  // namespace speedscope

void formats::write_speedscope(const Profile& profile, const Verdict& verdict, const RenderOptions& options,
                               ByteSink& to) {
  speedscope::Writer(profile, options, to).write(verdict);
}

}  // namespace gilspy
