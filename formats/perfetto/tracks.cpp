#include "tracks.h"

#include <fmt/format.h>

#include <algorithm>
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
    : profile_(profile), first_thread_(first_gil_ + kOfGil * std::max<std::size_t>(profile.gils.size(), 1)) {}

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
  const std::vector<bool> with_tenures = threads_with_tenures(profile_);
  for (std::size_t i = 0; i < profile_.threads.size(); ++i) {
    const bool has_lane = i < profile_.timeline.lanes.size() && !profile_.timeline.lanes[i].empty();
    if (has_lane || with_tenures[i]) describe_thread(packets, profile_.threads[i].info, with_tenures[i]);
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

// A thread that visits several interpreters is one in each of them, with the same tid: viewers show one thread, and
// tracks in it that say where.
void Tracks::describe_thread(Packets& packets, const ThreadInfo& info, bool has_tenures) const {
  wire::TrackDescriptor& track = *packets.next().mutable_track_descriptor();
  track.set_uuid(thread_itself(info.index));
  track.set_parent_uuid(kProcess);
  wire::ThreadDescriptor& thread = *track.mutable_thread();
  thread.set_pid(to_int(profile_.target.pid));
  thread.set_tid(to_int(info.tid));
  thread.set_thread_name(timeline_walk::thread_name(info));
  packets.put();
  const std::string where = timeline_walk::has_several_interpreters(profile_)
                                ? fmt::format(" in interpreter {}", info.interpreter_id)
                                : std::string();
  child(packets, activity(info.index), thread_itself(info.index), timeline_walk::kActivityTrack + where);
  packets.put();
  if (!has_tenures) return;
  child(packets, holdings(info.index), thread_itself(info.index), timeline_walk::kHoldingTrack + where);
  packets.put();
}

}  // namespace gilspy::perfetto
