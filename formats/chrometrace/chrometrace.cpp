#include "chrometrace.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "events.h"
#include "formats/timeline_walk/names.h"
#include "formats/timeline_walk/walk.h"

namespace gilspy {
namespace chrometrace {
namespace {

// Above all that Linux gives to threads. Lanes that are no thread have one, and so have threads that are there once
// more, since they visit another interpreter: the format tells lanes apart by nothing but pid and tid.
constexpr std::int64_t kNoTid = std::int64_t{1} << 22;

class Writer : public timeline_walk::Visitor {
 public:
  Writer(const Profile& profile, ByteSink& sink) : profile_(profile), events_(sink) {}

  void open(const Verdict& verdict) {
    events_.about("gilspy", verdict.headline);
    events_.about("python", profile_.target.python.text());
    events_.about("duration_ns", std::to_string(profile_.duration.count()));
    events_.about("coarsened_window_ns", std::to_string(profile_.timeline.window.count()));
    events_.about("coarsened_turns_window_ns", std::to_string(profile_.timeline.turns_window.count()));
    const std::string coarse = timeline_walk::coarseness(profile_.timeline);
    if (!coarse.empty()) events_.about("coarseness", coarse);
    const std::string coarse_turns = timeline_walk::coarseness_of_turns(profile_.timeline);
    if (!coarse_turns.empty()) events_.about("coarseness_of_turns", coarse_turns);
    if (!profile_.end_note.empty()) events_.about("ended", profile_.end_note);
    events_.begin();
    name_processes();
    name_gils();
    name_threads();
  }
  void close() { events_.finish(); }

  void begin(const timeline_walk::State& state) override {
    events_.complete(lanes_[to_int(state.thread)], words(state.activity), state.from, state.to,
                     timeline_walk::lock_name(profile_, state.lock));
  }
  void begin(const timeline_walk::Holding& holding) override {
    const std::uint32_t holder = to_int(holding.tenure.holder);
    const std::string name = holder < profile_.threads.size()
                                 ? timeline_walk::holder_name(profile_.threads[holder].info)
                                 : std::string("(unknown)");
    events_.complete(owner_lane(holding.gil), name, holding.tenure.from, holding.tenure.to);
  }
  void waiters(GilIndex gil, Nanos at, std::uint32_t count) override {
    const GilProfile& row = profile_.gils[to_int(gil)];
    events_.counter(pid_of(row.process), timeline_walk::kWaitersTrack + timeline_walk::of_interpreters(profile_, row),
                    "threads", at, count);
  }
  void cpus(Nanos at, double count) override {
    events_.counter(profile_.target.pid, timeline_walk::kCpusTrack, "CPUs", at, count);
  }

 private:
  static std::int64_t owner_tid(GilIndex gil) { return kNoTid + 1 + to_int(gil); }
  Pid pid_of(std::uint32_t process) const { return profile_.target_of(process).pid; }
  Events::Lane owner_lane(GilIndex gil) const { return {pid_of(profile_.gils[to_int(gil)].process), owner_tid(gil)}; }

  void name_processes() {
    for (std::uint32_t i = 0; i < timeline_walk::process_count(profile_); ++i) {
      events_.name_process(pid_of(i), timeline_walk::process_name(profile_.target_of(i)));
      if (timeline_walk::has_several_processes(profile_)) events_.sort_process(pid_of(i), static_cast<int>(i));
    }
  }

  void name_gils() {
    // They were met with the youngest interpreter first.
    std::vector<const GilProfile*> gils;
    for (const GilProfile& gil : profile_.gils) gils.push_back(&gil);
    std::ranges::stable_sort(gils, {}, [](const GilProfile* gil) {
      const auto lowest = std::ranges::min_element(gil->interpreters);
      return std::pair(gil->process, lowest == gil->interpreters.end() ? std::int64_t{0} : *lowest);
    });
    for (const GilProfile* const gil : gils) {
      if (!timeline_walk::is_used(profile_, gil->index)) continue;
      const std::string name = timeline_walk::kOwnerTrack + timeline_walk::of_interpreters(profile_, *gil);
      events_.name_thread(owner_lane(gil->index), name, place_++);
    }
  }

  void name_threads() {
    std::set<std::pair<Pid, std::int64_t>> taken;
    for (const ThreadProfile& thread : profile_.threads) {
      const std::uint32_t index = to_int(thread.info.index);
      const Pid pid = pid_of(thread.process);
      const bool again = !taken.insert({pid, to_int(thread.info.tid)}).second;
      lanes_.push_back({pid, again ? owner_tid(GilIndex(static_cast<std::uint32_t>(profile_.gils.size()) + index))
                                   : to_int(thread.info.tid)});
      const bool has_lane = index < profile_.timeline.lanes.size() && !profile_.timeline.lanes[index].empty();
      if (!has_lane) continue;
      std::string name = timeline_walk::thread_name(thread.info);
      if (again) name += fmt::format(" ({})", to_int(thread.info.tid));
      if (profile_.has_several_interpreters(thread.process)) {
        name += fmt::format(" in interpreter {}", thread.info.interpreter_id);
      }
      events_.name_thread(lanes_.back(), name, place_++);
    }
  }

  const Profile& profile_;
  Events events_;
  std::vector<Events::Lane> lanes_;  // by ThreadIndex
  int place_ = 0;
};

}  // namespace
}  // namespace chrometrace

void formats::write_chrometrace(const Profile& profile, const Verdict& verdict, const RenderOptions&, ByteSink& to) {
  chrometrace::Writer writer(profile, to);
  writer.open(verdict);
  timeline_walk::walk(profile, {}, writer);
  writer.close();
}

}  // namespace gilspy
