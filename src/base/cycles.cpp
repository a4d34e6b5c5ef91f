#include "gilspy/cycles.h"

#include <set>

namespace gilspy {

std::vector<std::vector<ThreadIndex>> cycles_in(const std::map<ThreadIndex, ThreadIndex>& waits_for) {
  std::vector<std::vector<ThreadIndex>> cycles;
  std::set<ThreadIndex> in_cycles;
  for (const auto& [first, next] : waits_for) {
    if (in_cycles.contains(first)) continue;
    std::vector<ThreadIndex> way;
    std::set<ThreadIndex> seen;
    for (auto at = waits_for.find(first); at != waits_for.end() && seen.insert(at->first).second;
         at = waits_for.find(at->second)) {
      way.push_back(at->first);
    }
    const auto after = waits_for.find(way.back());
    if (after == waits_for.end() || after->second != first) continue;
    in_cycles.insert(way.begin(), way.end());
    cycles.push_back(std::move(way));
  }
  return cycles;
}

}  // namespace gilspy
