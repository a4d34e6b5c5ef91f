#include "tracks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "formats/timeline_walk/names.h"
#include "formats/timeline_walk/walk.h"
#include "gilspy/wording.h"

namespace gilspy::perfetto {
namespace {

constexpr int kExplicitOrder = 3;  // TrackDescriptor.child_ordering
constexpr int kNeverMerged = 2;    // TrackDescriptor.sibling_merge_behavior: two threads may have one name

wire::TrackDescriptor& child(Packets& packets, std::uint64_t uuid, std::uint64_t parent, const std::string& name) {
  wire::TrackDescriptor& track = *packets.next().mutable_track_descriptor();
  track.set_uuid(uuid);
  track.set_parent_uuid(parent);
  track.set_name(name);
  track.set_sibling_merge_behavior(kNeverMerged);
  return track;
}

std::vector<bool> threads_with_tenures(const Profile& profile) {
  std::vector<bool> found(profile.threads.size(), false);
  for (const std::vector<Tenure>& tenures : profile.timeline.tenures) {
    for (const Tenure& tenure : tenures) {
      if (to_int(tenure.holder) < found.size()) found[to_int(tenure.holder)] = true;
    }
  }
  return found;
}

}  // namespace

Tracks::Tracks(const Profile& profile)
    : profile_(profile),
      with_tenures_(threads_with_tenures(profile)),
      first_thread_(first_gil_ + kOfGil * std::max<std::size_t>(profile.gils.size(), 1)) {
  std::map<std::pair<Tid, std::string>, ThreadIndex> known;
  for (std::size_t i = 0; i < profile.threads.size(); ++i) {
    const ThreadInfo& info = profile.threads[i].info;
    const auto index = ThreadIndex(static_cast<std::uint32_t>(i));
    firsts_.push_back(is_shown(index) ? known.try_emplace({info.tid, info.name}, index).first->second : index);
  }
}

bool Tracks::is_shown(ThreadIndex thread) const {
  const std::vector<Lane>& lanes = profile_.timeline.lanes;
  return (to_int(thread) < lanes.size() && !lanes[to_int(thread)].empty()) || with_tenures_[to_int(thread)];
}

void Tracks::describe(Packets& packets) const {
  describe_process(packets);
  int rank = 0;
  child(packets, kAbout, kProcess, "gilspy").set_sibling_order_rank(rank++);
  packets.put();
  for (const GilProfile& gil : profile_.gils) {
    if (timeline_walk::is_used(profile_, gil.index)) describe_gil(packets, gil, rank);
    rank += 2;
  }
  wire::TrackDescriptor& cpus = child(packets, kCpus, kProcess, timeline_walk::kCpusTrack);
  cpus.set_sibling_order_rank(rank);
  cpus.mutable_counter()->set_unit_name("CPUs");
  packets.put();
  for (const ThreadProfile& thread : profile_.threads) {
    if (!is_shown(thread.info.index)) continue;
    if (is_first(thread.info.index)) describe_thread(packets, thread.info);
    describe_lanes(packets, thread.info);
  }
}

void Tracks::describe_process(Packets& packets) const {
  wire::TrackDescriptor& track = *packets.next().mutable_track_descriptor();
  track.set_uuid(kProcess);
  track.set_child_ordering(kExplicitOrder);
  wire::ProcessDescriptor& process = *track.mutable_process();
  process.set_pid(to_int(profile_.target.pid));
  process.set_process_name(timeline_walk::process_name(profile_.target));
  for (const std::string& argument : profile_.target.command) process.add_cmdline(wording::valid_utf8(argument));
  packets.put();
}

// Of several GILs, each has a group of its own.
void Tracks::describe_gil(Packets& packets, const GilProfile& gil, int rank) const {
  std::uint64_t parent = kProcess;
  if (timeline_walk::has_several_interpreters(profile_)) {
    parent = group(gil.index);
    wire::TrackDescriptor& track = child(packets, parent, kProcess, timeline_walk::interpreters_name(gil));
    track.set_sibling_order_rank(rank);
    track.set_child_ordering(kExplicitOrder);
    packets.put();
  }
  child(packets, owner(gil.index), parent, timeline_walk::kOwnerTrack).set_sibling_order_rank(rank);
  packets.put();
  wire::TrackDescriptor& waiters = child(packets, this->waiters(gil.index), parent, timeline_walk::kWaitersTrack);
  waiters.set_sibling_order_rank(rank + 1);
  waiters.mutable_counter()->set_unit_name("threads");
  packets.put();
}

void Tracks::describe_thread(Packets& packets, const ThreadInfo& info) const {
  wire::TrackDescriptor& track = *packets.next().mutable_track_descriptor();
  track.set_uuid(itself(info.index));
  track.set_parent_uuid(kProcess);
  wire::ThreadDescriptor& thread = *track.mutable_thread();
  thread.set_pid(to_int(profile_.target.pid));
  thread.set_tid(to_int(info.tid));
  thread.set_thread_name(timeline_walk::thread_name(info));
  packets.put();
}

void Tracks::describe_lanes(Packets& packets, const ThreadInfo& info) const {
  const std::uint64_t thread = itself(firsts_[to_int(info.index)]);
  const std::string where = timeline_walk::has_several_interpreters(profile_)
                                ? fmt::format(" in interpreter {}", info.interpreter_id)
                                : std::string();
  if (!is_first(info.index)) {
    child(packets, activity(info.index), thread, timeline_walk::kActivityTrack + where);
    packets.put();
  }
  if (!with_tenures_[to_int(info.index)]) return;
  child(packets, holdings(info.index), thread, timeline_walk::kHoldingTrack + where);
  packets.put();
}

}  // namespace gilspy::perfetto
