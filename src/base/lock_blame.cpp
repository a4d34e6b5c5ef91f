#include "gilspy/lock_blame.h"

#include <algorithm>
#include <functional>
#include <map>

#include "gilspy/wording.h"

namespace gilspy {

std::vector<LockCulprit> lock_culprits(const Profile& profile, const LockProfile& lock) {
  std::map<std::string, Nanos> by_function;
  for (const LockBlame& row : lock.blame) {
    if (row.owner == Blame::kNobody || row.owner_stack == kNoStack) continue;
    const StackId own = wording::own_part(profile.table, row.owner_stack);
    const StackId python = wording::python_part(profile.table, row.owner_stack);
    const StackId stack = own != kNoStack ? own : python != kNoStack ? python : row.owner_stack;
    by_function[wording::function_name(profile.table.frame(profile.table.leaf(stack)), profile.target)] += row.time;
  }
  std::vector<LockCulprit> found;
  for (const auto& [function, time] : by_function) found.push_back({function, time});
  std::ranges::stable_sort(found, std::greater(), &LockCulprit::time);
  return found;
}

std::string main_culprit(const Profile& profile, const LockProfile& lock) {
  if (!lock.owner.has_value()) return {};
  const std::vector<LockCulprit> culprits = lock_culprits(profile, lock);
  return culprits.empty() ? std::string() : culprits.front().function;
}

void renumber_locks(Profile& profile, const std::vector<std::uint16_t>& numbers) {
  const auto renumber = [&](std::uint16_t& lock) { lock = lock < numbers.size() ? numbers[lock] : std::uint16_t{0}; };
  for (Lane& lane : profile.timeline.lanes) {
    for (Stretch& stretch : lane) renumber(stretch.lock);
  }
  for (LockProfile& lock : profile.locks) renumber(lock.owner_waits_for);
  for (Deadlock& deadlock : profile.deadlocks) {
    for (Deadlock::Member& member : deadlock.members) renumber(member.lock);
  }
}

}  // namespace gilspy
