#include "tracks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "formats/timeline_walk/names.h"
#include "formats/timeline_walk/walk.h"
#include "gilspy/wording.h"

namespace gilspy::perfetto {
namespace {

constexpr std::uint64_t kNoParent = 0;
constexpr int kNeverMerged = 2;  // TrackDescriptor.sibling_merge_behavior: two threads may have one name
// In the order of names: before those of GILs, which are before those of threads, "thread worker-1".
constexpr const char* kAboutTrack = "About this recording";

wire::TrackDescriptor& child(Packets& packets, std::uint64_t uuid, std::uint64_t parent, const std::string& name) {
  wire::TrackDescriptor& track = *packets.next().mutable_track_descriptor();
  track.set_uuid(uuid);
  if (parent != kNoParent) track.set_parent_uuid(parent);
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
      first_gil_(kFirstProcess + timeline_walk::process_count(profile)),
      first_thread_(first_gil_ + kOfGil * profile.gils.size()) {
  std::map<std::tuple<std::uint32_t, Tid, std::string>, ThreadIndex> known;
  for (std::size_t i = 0; i < profile.threads.size(); ++i) {
    const ThreadProfile& thread = profile.threads[i];
    const auto index = ThreadIndex(static_cast<std::uint32_t>(i));
    const std::tuple key(thread.process, thread.info.tid, thread.info.name);
    firsts_.push_back(is_shown(index) ? known.try_emplace(key, index).first->second : index);
  }
}

bool Tracks::is_shown(ThreadIndex thread) const {
  const std::vector<Lane>& lanes = profile_.timeline.lanes;
  return (to_int(thread) < lanes.size() && !lanes[to_int(thread)].empty()) || with_tenures_[to_int(thread)];
}

void Tracks::describe(Packets& packets) const {
  describe_whole(packets);
  for (const GilProfile& gil : profile_.gils) {
    if (timeline_walk::is_used(profile_, gil.index)) describe_gil(packets, gil);
  }
  for (std::uint32_t i = 0; i < timeline_walk::process_count(profile_); ++i) describe_process(packets, i);
  for (const ThreadProfile& thread : profile_.threads) {
    if (!is_shown(thread.info.index)) continue;
    if (is_first(thread.info.index)) describe_thread(packets, thread);
    describe_lanes(packets, thread);
  }
}

void Tracks::describe_whole(Packets& packets) const {
  child(packets, kAbout, kNoParent, kAboutTrack);
  packets.put();
  child(packets, kCommand, kAbout, "command");
  packets.put();
  wire::TrackDescriptor& cpus = child(packets, kCpus, kAbout, timeline_walk::kCpusTrack);
  cpus.mutable_counter()->set_unit_name("CPUs");
  packets.put();
}

void Tracks::describe_gil(Packets& packets, const GilProfile& gil) const {
  const std::string whose =
      timeline_walk::of_interpreters(profile_, gil) + timeline_walk::of_process(profile_, gil.process);
  child(packets, owner(gil.index), kNoParent, timeline_walk::kOwnerTrack + whose);
  packets.put();
  wire::TrackDescriptor& waiters =
      child(packets, this->waiters(gil.index), owner(gil.index), timeline_walk::kWaitersTrack + whose);
  waiters.mutable_counter()->set_unit_name("threads");
  packets.put();
}

void Tracks::describe_process(Packets& packets, std::uint32_t process) const {
  const TargetFacts& target = profile_.target_of(process);
  wire::TrackDescriptor& track = *packets.next().mutable_track_descriptor();
  track.set_uuid(itself(process));
  wire::ProcessDescriptor& message = *track.mutable_process();
  message.set_pid(to_int(target.pid));
  message.set_process_name(timeline_walk::process_name(target));
  for (const std::string& argument : target.command) message.add_cmdline(wording::valid_utf8(argument));
  packets.put();
}

void Tracks::describe_thread(Packets& packets, const ThreadProfile& thread) const {
  wire::TrackDescriptor& track = *packets.next().mutable_track_descriptor();
  track.set_uuid(itself(thread.info.index));
  track.set_parent_uuid(itself(thread.process));
  wire::ThreadDescriptor& message = *track.mutable_thread();
  message.set_pid(to_int(profile_.target_of(thread.process).pid));
  message.set_tid(to_int(thread.info.tid));
  message.set_thread_name(timeline_walk::thread_name(thread.info));
  packets.put();
}

void Tracks::describe_lanes(Packets& packets, const ThreadProfile& thread) const {
  std::string name = "thread " + timeline_walk::thread_name(thread.info);
  if (profile_.has_several_interpreters(thread.process)) {
    name += fmt::format(" in interpreter {}", thread.info.interpreter_id);
  }
  child(packets, activity(thread.info.index), itself(thread.info.index), name);
  packets.put();
  if (!with_tenures_[to_int(thread.info.index)]) return;
  child(packets, holdings(thread.info.index), itself(thread.info.index), name + " " + timeline_walk::kHoldingTrack);
  packets.put();
}

}  // namespace gilspy::perfetto
