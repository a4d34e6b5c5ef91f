#include "gather.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "gilspy/wording.h"
#include "tracks.h"

namespace gilspy::html {
namespace {

// By ThreadIndex: the thread that it becomes a part of; itself where it stays alone.
std::vector<ThreadIndex> leaders(const Profile& profile, std::vector<ThreadProfile>& renamed) {
  std::vector<ThreadIndex> leaders;
  for (std::size_t i = 0; i < profile.threads.size(); ++i) leaders.push_back(ThreadIndex(i));
  for (const Track& track : tracks(profile)) {
    if (track.threads.size() < 2) continue;
    const ThreadIndex first = track.threads.front();
    renamed[to_int(first)].info.name = fmt::format("{} x {}", track.name, wording::grouped(track.threads.size()));
    for (const ThreadIndex thread : track.threads) leaders[to_int(thread)] = first;
  }
  return leaders;
}

void add(ThreadProfile& sum, const ThreadProfile& part) {
  for (std::size_t i = 0; i < kActivityCount; ++i) sum.times[i] += part.times[i];
  sum.margins.reset();
}

// And what points to them by their places in the process.
void forget_threads(Profile& process) {
  process.threads.clear();
  process.loops.clear();
  process.tasks.clear();
  process.deadlocks.clear();
  for (LockProfile& lock : process.locks) lock.owner.reset();
}

}  // namespace

Profile gathered(const Profile& profile) {
  std::vector<ThreadProfile> threads = profile.threads;
  const std::vector<ThreadIndex> leader = leaders(profile, threads);
  Profile out = profile;
  out.threads.clear();
  out.timeline.lanes.clear();
  std::vector<ThreadIndex> place(leader.size());  // of leaders, in `out`
  for (std::size_t i = 0; i < leader.size(); ++i) {
    const Lane* lane = i < profile.timeline.lanes.size() ? &profile.timeline.lanes[i] : nullptr;
    if (to_int(leader[i]) == i) {
      place[i] = ThreadIndex(out.threads.size());
      out.threads.push_back(std::move(threads[i]));
      out.threads.back().info.index = place[i];
      out.timeline.lanes.push_back(lane != nullptr ? *lane : Lane{});
      continue;
    }
    place[i] = place[to_int(leader[i])];
    add(out.threads[to_int(place[i])], threads[i]);
    Lane& shared = out.timeline.lanes[to_int(place[i])];
    shared.insert(shared.end(), lane->begin(), lane->end());
  }
  for (std::vector<Tenure>& tenures : out.timeline.tenures) {
    for (Tenure& tenure : tenures) tenure.holder = place[to_int(tenure.holder)];
  }
  for (LoopProfile& loop : out.loops) loop.thread = place[to_int(loop.thread)];
  for (TaskTime& row : out.tasks) row.thread = place[to_int(row.thread)];
  for (LockProfile& lock : out.locks) {
    if (lock.owner.has_value()) lock.owner = place[to_int(*lock.owner)];
  }
  for (Deadlock& deadlock : out.deadlocks) {
    for (Deadlock::Member& member : deadlock.members) member.thread = place[to_int(member.thread)];
  }
  for (Profile& process : out.processes) forget_threads(process);
  for (const ThreadProfile& thread : out.threads) {
    if (out.is_program()) out.processes[thread.process].threads.push_back(thread);
  }
  return out;
}

}  // namespace gilspy::html
