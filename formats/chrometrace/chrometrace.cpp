#include "chrometrace.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
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
  Writer(const Profile& profile, ByteSink& sink) : profile_(profile), events_(to_int(profile.target.pid), sink) {}

  void open(const Verdict& verdict) {
    events_.about("gilspy", verdict.headline);
    events_.about("python", profile_.target.python.text());
    events_.about("duration_ns", std::to_string(profile_.duration.count()));
    events_.about("coarsened_window_ns", std::to_string(profile_.timeline.window.count()));
    const std::string coarse = timeline_walk::coarseness(profile_.timeline);
    if (!coarse.empty()) events_.about("coarseness", coarse);
    if (!profile_.end_note.empty()) events_.about("ended", profile_.end_note);
    events_.begin();
    events_.name_process(timeline_walk::process_name(profile_.target));
    name_gils();
    name_threads();
  }
  void close() { events_.finish(); }

  void begin(const timeline_walk::State& state) override {
    events_.complete(tids_[to_int(state.thread)], words(state.activity), state.from, state.to);
  }
  void begin(const timeline_walk::Holding& holding) override {
    const std::uint32_t holder = to_int(holding.tenure.holder);
    const std::string name = holder < profile_.threads.size()
                                 ? timeline_walk::holder_name(profile_.threads[holder].info)
                                 : std::string("(unknown)");
    events_.complete(owner_tid(holding.gil), name, holding.tenure.from, holding.tenure.to);
  }
  void waiters(GilIndex gil, Nanos at, std::uint32_t count) override {
    events_.counter(timeline_walk::kWaitersTrack + where(profile_.gils[to_int(gil)]), "threads", at, count);
  }
  void cpus(Nanos at, double count) override { events_.counter(timeline_walk::kCpusTrack, "CPUs", at, count); }

 private:
  static std::int64_t owner_tid(GilIndex gil) { return kNoTid + 1 + to_int(gil); }
  std::string where(const GilProfile& gil) const {
    if (!timeline_walk::has_several_interpreters(profile_)) return {};
    return fmt::format(" of {}", timeline_walk::interpreters_name(gil));
  }

  void name_gils() {
    for (const GilProfile& gil : profile_.gils) {
      if (!timeline_walk::is_used(profile_, gil.index)) continue;
      events_.name_thread(owner_tid(gil.index), timeline_walk::kOwnerTrack + where(gil), place_++);
    }
  }

  void name_threads() {
    std::set<std::int64_t> taken;
    for (const ThreadProfile& thread : profile_.threads) {
      const std::uint32_t index = to_int(thread.info.index);
      const bool again = !taken.insert(to_int(thread.info.tid)).second;
      tids_.push_back(again ? owner_tid(GilIndex(static_cast<std::uint32_t>(profile_.gils.size()) + index))
                            : to_int(thread.info.tid));
      const bool has_lane = index < profile_.timeline.lanes.size() && !profile_.timeline.lanes[index].empty();
      if (!has_lane) continue;
      std::string name = timeline_walk::thread_name(thread.info);
      if (again) name += fmt::format(" ({})", to_int(thread.info.tid));
      if (timeline_walk::has_several_interpreters(profile_)) {
        name += fmt::format(" in interpreter {}", thread.info.interpreter_id);
      }
      events_.name_thread(tids_.back(), name, place_++);
    }
  }

  const Profile& profile_;
  Events events_;
  std::vector<std::int64_t> tids_;  // by ThreadIndex
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
