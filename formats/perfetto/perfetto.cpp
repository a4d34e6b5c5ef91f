#include "perfetto.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "formats/timeline_walk/holders.h"
#include "formats/timeline_walk/names.h"
#include "formats/timeline_walk/walk.h"
#include "gilspy/wording.h"
#include "packets.h"
#include "stacks.h"
#include "tracks.h"

namespace gilspy {
namespace perfetto {
namespace {

constexpr std::uint64_t kMostShots = 500'000;
enum Note : std::uint64_t { kBeginsLater = 1, kUnseen = 2, kHolder = 3, kLock = 4 };  // names of annotations as numbers
enum Category : std::uint64_t { kActivity = 1, kTurn = 2 };
constexpr int kSliceBegin = 1, kSliceEnd = 2, kCounter = 4;  // TrackEvent.type

void annotate(wire::TrackEvent& event, const char* name, std::int64_t value) {
  wire::DebugAnnotation& annotation = *event.add_debug_annotations();
  annotation.set_name(name);
  annotation.set_int_value(value);
}

void annotate(wire::TrackEvent& event, Note note, std::int64_t value) {
  wire::DebugAnnotation& annotation = *event.add_debug_annotations();
  annotation.set_name_iid(note);
  annotation.set_int_value(value);
}

void annotate(wire::TrackEvent& event, const char* name, std::string_view value) {
  wire::DebugAnnotation& annotation = *event.add_debug_annotations();
  annotation.set_name(name);
  annotation.set_string_value(wording::valid_utf8(value));
}

// Names as numbers: activities first, then threads, then locks. What is new goes into the packet that uses it.
class Names {
 public:
  explicit Names(const Profile& profile) : profile_(profile) {
    const std::size_t numbers = kFirstThread + profile.threads.size() + profile.locks.size() + 1;
    for (std::vector<bool>& written : written_) written.resize(numbers, false);
  }

  void name(wire::TrackEvent& event, wire::TracePacket& packet, Activity activity) {
    const std::size_t number = kFirstActivity + index_of(activity);
    event.set_name_iid(number);
    if (is_new(kName, number)) fill(*packet.mutable_interned_data()->add_event_names(), number, words(activity));
  }
  void name(wire::TrackEvent& event, wire::TracePacket& packet, ThreadIndex holder) {
    if (!is_known(holder)) return event.set_name("(unknown)");
    const std::size_t number = kFirstThread + to_int(holder);
    event.set_name_iid(number);
    if (is_new(kName, number)) fill(*packet.mutable_interned_data()->add_event_names(), number, text(holder));
  }
  // Without it viewers give threads whose names differ in nothing but digits the same.
  void colour(wire::TrackEvent& event, wire::TracePacket& packet, ThreadIndex holder) {
    if (!is_known(holder)) return;
    const std::size_t number = kFirstThread + to_int(holder);
    event.set_correlation_id_str_iid(number);
    if (!is_new(kColour, number)) return;
    wire::InternedString& message = *packet.mutable_interned_data()->add_correlation_id_str();
    message.set_iid(number);
    message.set_str(text(holder));
  }
  void tell_holder(wire::TrackEvent& event, wire::TracePacket& packet, ThreadIndex holder) {
    const std::size_t number = is_known(holder) ? kFirstThread + to_int(holder) : kNobody;
    if (!add_value(event, kHolder, number)) return;
    fill_value(packet, number, is_known(holder) ? text(holder) : "(hand-off)");
  }
  void tell_lock(wire::TrackEvent& event, wire::TracePacket& packet, std::uint16_t lock) {
    const std::string name = timeline_walk::lock_name(profile_, lock);
    if (name.empty()) return;
    const std::size_t number = kFirstThread + profile_.threads.size() + lock;
    if (add_value(event, kLock, number)) fill_value(packet, number, name);
  }

 private:
  static constexpr std::size_t kFirstActivity = 1, kNobody = 1, kFirstThread = kFirstActivity + kActivityCount;
  enum Role : std::size_t { kName, kColour, kValue, kRoles };

  bool is_known(ThreadIndex thread) const { return to_int(thread) < profile_.threads.size(); }
  std::string text(ThreadIndex thread) const {
    return timeline_walk::holder_name(profile_.threads[to_int(thread)].info);
  }
  bool is_new(Role role, std::size_t number) {
    const bool before = written_[role][number];
    written_[role][number] = true;
    return !before;
  }
  // Whether the packet has to say what the number means.
  bool add_value(wire::TrackEvent& event, Note note, std::size_t number) {
    wire::DebugAnnotation& annotation = *event.add_debug_annotations();
    annotation.set_name_iid(note);
    annotation.set_string_value_iid(number);
    return is_new(kValue, number);
  }
  static void fill_value(wire::TracePacket& packet, std::size_t number, const std::string& value) {
    wire::InternedString& message = *packet.mutable_interned_data()->add_debug_annotation_string_values();
    message.set_iid(number);
    message.set_str(value);
  }
  static void fill(wire::EventName& message, std::size_t number, std::string_view name) {
    message.set_iid(number);
    message.set_name(std::string(name));
  }

  const Profile& profile_;
  std::array<std::vector<bool>, kRoles> written_;
};

class Writer : public timeline_walk::Visitor {
 public:
  Writer(const Profile& profile, const RenderOptions& options, Nanos shots, ByteSink& sink)
      : profile_(profile),
        shots_(shots),
        remarks_(remarks(profile)),
        packets_(sink),
        tracks_(profile),
        stacks_(profile, options),
        names_(profile),
        holders_(profile) {}

  void open(const Verdict& verdict) {
    write_defaults();
    tracks_.describe(packets_);
    wire::TrackEvent& about = event(Nanos{0}, kSliceBegin, Tracks::kAbout);
    about.set_name(verdict.headline.empty() ? "gilspy" : wording::valid_utf8(verdict.headline));
    annotate(about, "duration_ns", profile_.duration.count());
    annotate(about, "python", profile_.target.python.text());
    annotate(about, "ticks", static_cast<std::int64_t>(profile_.quality.ticks));
    annotate(about, "callstack_sample_ns", shots_.count());
    annotate(about, "coarsened_window_ns", profile_.timeline.window.count());
    annotate(about, "coarsened_turns_window_ns", profile_.timeline.turns_window.count());
    if (!profile_.end_note.empty()) annotate(about, "ended", profile_.end_note);
    packets_.put();
    event(Nanos{0}, kSliceBegin, Tracks::kCommand).set_name(timeline_walk::process_name(profile_.target));
    packets_.put();
    for (const std::string& remark : remarks_) {
      event(Nanos{0}, kSliceBegin, Tracks::kAbout).set_name(remark);
      packets_.put();
    }
  }
  void close() {
    for (std::size_t i = 0; i < 1 + remarks_.size(); ++i) close_slice(profile_.duration, Tracks::kAbout);
    close_slice(profile_.duration, Tracks::kCommand);
  }

  void begin(const timeline_walk::State& state) override {
    wire::TrackEvent& slice = event(state.from, kSliceBegin, tracks_.activity(state.thread));
    slice.add_category_iids(kActivity);
    names_.name(slice, *packet_, state.activity);
    if (state.activity == Activity::kWaitsForGil) {
      const GilIndex gil = profile_.threads[to_int(state.thread)].info.gil;
      names_.tell_holder(slice, *packet_, holders_.longest(gil, {state.from, state.to}, state.thread));
    }
    names_.tell_lock(slice, *packet_, state.lock);
    packets_.put();
  }
  void end(const timeline_walk::State& state) override { close_slice(state.to, tracks_.activity(state.thread)); }

  void begin(const timeline_walk::Holding& holding) override {
    const Tenure& tenure = holding.tenure;
    wire::TrackEvent& owner = event(tenure.from, kSliceBegin, tracks_.owner(holding.gil));
    owner.add_category_iids(kTurn);
    names_.name(owner, *packet_, tenure.holder);
    names_.colour(owner, *packet_, tenure.holder);
    describe(tenure, owner);
    packets_.put();
    if (to_int(tenure.holder) >= profile_.threads.size()) return;
    wire::TrackEvent& own = event(tenure.from, kSliceBegin, tracks_.holdings(tenure.holder));
    own.set_name(timeline_walk::kHoldingTrack);
    own.add_category_iids(kTurn);
    names_.colour(own, *packet_, tenure.holder);
    if (holding.handed_over) own.add_terminating_flow_ids(holding.number - 1);
    if (holding.handed_on) own.add_flow_ids(holding.number);
    packets_.put();
  }
  void end(const timeline_walk::Holding& holding) override {
    close_slice(holding.tenure.to, tracks_.owner(holding.gil));
    if (to_int(holding.tenure.holder) >= profile_.threads.size()) return;
    close_slice(holding.tenure.to, tracks_.holdings(holding.tenure.holder));
  }

  void shot(const timeline_walk::Shot& shot) override {
    wire::TracePacket& packet = packets_.next(shot.at);
    const std::uint64_t stack = stacks_.number_of(shot.stack, shot.activity, packet);
    wire::PerfSample& sample = *packet.mutable_perf_sample();
    const ThreadProfile& thread = profile_.threads[to_int(shot.thread)];
    sample.set_pid(static_cast<std::uint32_t>(to_int(profile_.target_of(thread.process).pid)));
    sample.set_tid(static_cast<std::uint32_t>(to_int(thread.info.tid)));
    sample.set_cpu_mode(kUserMode);
    sample.set_callstack_iid(stack);
    sampled_ += shots_;
    sample.set_timebase_count(static_cast<std::uint64_t>(sampled_.count()));
    packets_.put();
  }

  void waiters(GilIndex gil, Nanos at, std::uint32_t count) override {
    event(at, kCounter, tracks_.waiters(gil)).set_counter_value(count);
    packets_.put();
  }
  void cpus(Nanos at, double count) override {
    event(at, kCounter, Tracks::kCpus).set_double_counter_value(count);
    packets_.put();
  }

 private:
  static constexpr int kUserMode = 2;

  // What whoever looks at the timeline has to know.
  static std::vector<std::string> remarks(const Profile& profile) {
    std::vector<std::string> remarks;
    if (!profile.end_note.empty()) {
      remarks.push_back("The recording ended early: " + wording::valid_utf8(profile.end_note) + ".");
    }
    remarks.push_back(timeline_walk::coarseness(profile.timeline));
    remarks.push_back(timeline_walk::coarseness_of_turns(profile.timeline));
    std::erase(remarks, "");
    return remarks;
  }

  // The first packet.
  void write_defaults() {
    wire::TracePacket& packet = packets_.next();
    wire::Timebase& base = *packet.mutable_trace_packet_defaults()->mutable_perf_sample_defaults()->mutable_timebase();
    base.set_period(static_cast<std::uint64_t>(std::max<Nanos::rep>(shots_.count(), 1)));
    base.set_name("thread-time sampled (ns)");
    for (const auto& [number, name] :
         {std::pair{kBeginsLater, "begins_later_by_at_most_ns"}, std::pair{kUnseen, "unseen_holders_before"},
          std::pair{kHolder, "had_the_gil_longest_meanwhile"}, std::pair{kLock, "lock"}}) {
      wire::DebugAnnotationName& message = *packet.mutable_interned_data()->add_debug_annotation_names();
      message.set_iid(number);
      message.set_name(name);
    }
    for (const auto& [number, name] : {std::pair{kActivity, "activity"}, std::pair{kTurn, "turn"}}) {
      wire::EventCategory& message = *packet.mutable_interned_data()->add_event_categories();
      message.set_iid(number);
      message.set_name(name);
    }
    packets_.put();
  }

  wire::TrackEvent& event(Nanos at, int type, std::uint64_t track) {
    packet_ = &packets_.next(at);
    wire::TrackEvent& event = *packet_->mutable_track_event();
    event.set_type(type);
    event.set_track_uuid(track);
    return event;
  }

  void close_slice(Nanos at, std::uint64_t track) {
    event(at, kSliceEnd, track);
    packets_.put();
  }

  static void describe(const Tenure& tenure, wire::TrackEvent& slice) {
    if (tenure.within > Nanos{0}) annotate(slice, kBeginsLater, tenure.within.count());
    if (tenure.unseen > 0) annotate(slice, kUnseen, tenure.unseen);
  }

  const Profile& profile_;
  Nanos shots_;
  Nanos sampled_{0};                  // what the samples so far stand for
  std::vector<std::string> remarks_;  // behind the verdict
  Packets packets_;
  Tracks tracks_;
  Stacks stacks_;
  Names names_;
  timeline_walk::Holders holders_;
  wire::TracePacket* packet_ = nullptr;  // the one that event() began
};

}  // namespace
}  // namespace perfetto

void formats::write_perfetto(const Profile& profile, const Verdict& verdict, const RenderOptions& options,
                             ByteSink& to) {
  const Nanos shots = timeline_walk::distance_of_shots(profile, options.include_blocked, perfetto::kMostShots);
  perfetto::Writer writer(profile, options, shots, to);
  writer.open(verdict);
  timeline_walk::walk(profile, {.shots = shots, .shoot_blocked = options.include_blocked}, writer);
  writer.close();
}

}  // namespace gilspy
