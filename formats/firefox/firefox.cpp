#include "firefox.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/gzip/gzip_sink.h"
#include "formats/json/json_stream.h"
#include "formats/timeline_walk/fit.h"
#include "formats/timeline_walk/names.h"
#include "formats/timeline_walk/walk.h"
#include "gilspy/wording.h"
#include "holders.h"
#include "meta.h"
#include "string_list.h"
#include "thread_tables.h"
#include "waiters.h"

namespace gilspy {
namespace firefox {
namespace {

using formats::JsonStream;

constexpr int kInterval = 1;  // phase of a marker that has a begin and an end
// Samples and markers: the viewer needs some seconds for so many.
constexpr std::uint64_t kMost = 1'500'000;

Nanos window_for(const Profile& profile) {
  return timeline_walk::window_for(profile, kMost, [](const Lane& lane) {
    std::uint64_t cost = lane.size();
    timeline_walk::for_each_state(lane, [&](auto, auto) { ++cost; });
    return cost;
  });
}

class Writer {
 public:
  Writer(const Profile& profile, const RenderOptions& options, ByteSink& to)
      : profile_(profile),
        options_(options),
        json_(to),
        holders_(profile),
        interval_(std::max(timeline_walk::distance_of_ticks(profile), Nanos{1})),
        window_(window_for(profile)),
        main_places_(timeline_walk::process_count(profile), 0),
        waiters_(profile) {}

  void write(const Verdict& verdict) {
    json_.object([&] {
      json_.object("meta", [&] { write_meta(json_, profile_, verdict, interval_, window_); });
      json_.new_line();
      json_.array("libs", [] {});
      json_.array("pages", [] {});
      json_.array("threads", [&] { write_threads(); });
      json_.new_line();
      json_.array("counters", [&] { waiters_.write(json_, profile_, main_places_); });
      json_.new_line();
      json_.object("shared", [&] { strings_.write(json_); });
    });
    json_.finish();
  }

 private:
  using At = Lane::const_iterator;

  // --- threads

  std::size_t threads() const { return std::min(profile_.timeline.lanes.size(), profile_.threads.size()); }

  // Its lane if that is to be seen; empty for threads that did nothing here.
  const Lane& lane_of(std::size_t thread) {
    const Lane& lane = profile_.timeline.lanes[thread];
    if (window_ == Nanos{0}) return lane;
    coarse_ = coarsened(lane, window_);
    return coarse_;
  }

  // A process has the name and the place of its main thread: there must be one.
  std::optional<std::size_t> main_thread(std::uint32_t process) const {
    std::optional<std::size_t> first;
    for (std::size_t i = 0; i < threads(); ++i) {
      if (profile_.timeline.lanes[i].empty() || profile_.threads[i].process != process) continue;
      if (to_int(profile_.threads[i].info.tid) == to_int(profile_.target_of(process).pid)) return i;
      if (!first.has_value()) first = i;
    }
    return first;
  }

  void write_threads() {
    std::vector<std::optional<std::size_t>> mains;
    for (std::uint32_t i = 0; i < timeline_walk::process_count(profile_); ++i) mains.push_back(main_thread(i));
    std::size_t place = 0;
    for (std::size_t i = 0; i < threads(); ++i) {
      const Lane& lane = lane_of(i);
      if (lane.empty()) continue;
      const ThreadProfile& thread = profile_.threads[i];
      const bool is_main = mains.at(thread.process) == i;
      if (is_main) main_places_.at(thread.process) = place;
      ++place;
      json_.new_line();
      json_.object([&] { write_thread(name_of(thread), thread, lane, is_main); });
    }
    if (place == 0)
      json_.object([&] { write_thread("(no thread)", {}, {}, true); });  // without any the viewer gives up
  }

  std::string name_of(const ThreadProfile& thread) const {
    std::string name = timeline_walk::thread_name(thread.info);
    if (profile_.has_several_interpreters(thread.process)) {
      name += fmt::format(" in interpreter {}", thread.info.interpreter_id);
    }
    return name;
  }

  // Since the program's first tick.
  Nanos start_of(std::uint32_t process) const {
    return profile_.is_program() ? profile_.processes.at(process).first_tick - profile_.first_tick : Nanos{0};
  }

  void write_thread(const std::string& name, const ThreadProfile& row, const Lane& lane, bool is_main) {
    const ThreadInfo& thread = row.info;
    const TargetFacts& target = profile_.target_of(row.process);
    json_.pair("name", name);
    json_.pair("isMainThread", is_main);
    json_.pair("pid", std::to_string(to_int(target.pid)));
    json_.pair("tid", to_int(thread.tid));
    json_.pair("processType", "default");
    json_.pair("processName", timeline_walk::process_name(target));
    json_.millis("processStartupTime", start_of(row.process));
    json_.pair("processShutdownTime", nullptr);
    json_.millis("registerTime", lane.empty() ? Nanos{0} : lane.front().from);
    json_.millis("unregisterTime", lane.empty() ? profile_.duration : lane.back().to);
    json_.array("pausedRanges", [] {});
    json_.new_line();
    ThreadTables tables(profile_, options_, strings_);
    json_.object("samples", [&] { write_samples(lane, tables); });
    json_.new_line();
    tables.write(json_);
    json_.new_line();
    json_.object("markers", [&] { write_markers(thread, lane); });
    waiters_.add(thread.gil, lane);
  }

  bool is_shown(const Stretch& stretch) const {
    return stretch.activity != Activity::kBlocked || options_.include_blocked;
  }

  // The viewer draws a sample from halfway to the one before until halfway to the one behind: what takes longer than
  // an interval has a sample near each of its ends.
  template <typename Take>
  void spread(Nanos from, Nanos to, Nanos weight, const Stretch* stretch, Take& take) const {
    if (to - from <= interval_) return take(from + (to - from) / 2, weight, stretch);
    take(from + interval_ / 2, weight / 2, stretch);
    take(to - interval_ / 2, weight - weight / 2, stretch);
  }

  // take(moment, weight, stretch) for each sample; those without a stretch keep what is not shown free.
  template <typename Take>
  void for_each_sample(const Lane& lane, Take take) const {
    Nanos at{0};
    for (const Stretch& stretch : lane) {
      if (!is_shown(stretch)) continue;
      if (stretch.from > at) spread(at, stretch.from, Nanos{0}, nullptr, take);
      spread(stretch.from, stretch.to, stretch.time(), &stretch, take);
      at = stretch.to;
    }
    if (at < profile_.duration) spread(at, profile_.duration, Nanos{0}, nullptr, take);
  }

  void write_samples(const Lane& lane, ThreadTables& tables) {
    std::uint64_t count = 0;
    json_.pair("weightType", "tracing-ms");
    json_.array("stack", [&] {
      for_each_sample(lane, [&](Nanos, Nanos, const Stretch* stretch) {
        ++count;
        if (stretch == nullptr) {
          json_.value(nullptr);
        } else {
          json_.value(tables.of(stretch->activity, stretch->stack));
        }
      });
    });
    json_.array("time", [&] { for_each_sample(lane, [&](Nanos at, Nanos, const Stretch*) { json_.millis(at); }); });
    json_.array("weight",
                [&] { for_each_sample(lane, [&](Nanos, Nanos weight, const Stretch*) { json_.millis(weight); }); });
    json_.pair("length", count);
  }

  // --- markers

  std::string_view function_of(StackId stack) const {
    stack = wording::python_part(profile_.table, stack);
    if (stack == kNoStack) return wording::kNoPythonFrame;
    const std::string& name = profile_.table.frame(profile_.table.leaf(stack)).function;
    return name.empty() ? std::string_view("(no name)") : std::string_view(name);
  }

  static StackId longest(At first, At end) {
    std::map<StackId, Nanos> times;
    for (; first != end; ++first) times[first->stack] += first->time();
    const auto by_time = [](const auto& a, const auto& b) { return a.second < b.second; };
    return std::max_element(times.begin(), times.end(), by_time)->first;
  }

  void write_details(const ThreadInfo& thread, At first, At end) {
    const std::string lock = timeline_walk::lock_name(profile_, first->lock);
    const Fields fields = fields_of(first->activity, !lock.empty());
    json_.pair("type", schema_of(fields));
    if (fields == Fields::kLock) json_.pair("lock", lock);
    if (fields == Fields::kHolding) json_.pair("function", function_of(longest(first, end)));
    if (fields != Fields::kWaiting) return;
    const Holders::Holder holder = holders_.during(thread.gil, {first->from, (end - 1)->to});
    if (to_int(holder.thread) >= profile_.threads.size()) {
      json_.pair("holder", "(hand-off)");
    } else {
      json_.pair("holder", timeline_walk::holder_name(profile_.threads[to_int(holder.thread)].info));
      json_.pair("function", function_of(holder.stack));
    }
  }

  template <typename Cell>
  void column(std::string_view name, const Lane& lane, Cell cell) {
    json_.array(name, [&] { timeline_walk::for_each_state(lane, cell); });
  }

  void write_markers(const ThreadInfo& thread, const Lane& lane) {
    std::uint64_t count = 0;
    column("name", lane, [&](At first, At) {
      ++count;
      json_.value(strings_.of(words(first->activity)));
    });
    column("startTime", lane, [&](At first, At) { json_.millis(first->from); });
    column("endTime", lane, [&](At, At end) { json_.millis((end - 1)->to); });
    column("phase", lane, [&](At, At) { json_.value(kInterval); });
    column("category", lane, [&](At first, At) { json_.value(category_of(first->activity)); });
    column("data", lane, [&](At first, At end) { json_.object([&] { write_details(thread, first, end); }); });
    json_.pair("length", count);
  }

  const Profile& profile_;
  const RenderOptions& options_;
  JsonStream json_;
  Strings strings_;
  Holders holders_;
  Nanos interval_;
  Nanos window_;
  Lane coarse_;                           // the lane of the thread that is written, if it had to become coarser
  std::vector<std::size_t> main_places_;  // by process: of its main thread in the file
  Waiters waiters_;
};

}  // namespace
}  // namespace firefox

void formats::write_firefox(const Profile& profile, const Verdict& verdict, const RenderOptions& options,
                            ByteSink& to) {
  GzipSink packed(to);
  firefox::Writer(profile, options, packed).write(verdict);
  packed.finish();
}

}  // namespace gilspy
