#include "blocks.h"

#include <numeric>

#include "blame_walk.h"
#include "gilspy/estimate.h"
#include "gilspy/wording.h"

namespace gilspy::compare {
namespace {

FunctionId leaf_of(const Profile& profile, const std::vector<FunctionId>& functions, StackId stack) {
  stack = wording::python_part(profile.table, stack);
  return stack == kNoStack ? kNoFunction : functions[to_int(profile.table.leaf(stack))];
}

}  // namespace

BlockSums block_sums(const Profile& profile, const std::vector<FunctionId>& functions) {
  BlockSums sums;
  sums.count = block_count(profile.duration, profile.timeline.window);
  if (sums.count == 0) return sums;
  sums.held.resize(sums.count);
  sums.waited.resize(sums.count);
  const BlockCut cutter({Nanos{0}, profile.duration}, sums.count);
  for (const Lane& lane : profile.timeline.lanes) {
    for (const Stretch& stretch : lane) {
      const bool waits = stretch.activity == Activity::kWaitsForGil;
      if (!waits && !holds(stretch.activity)) continue;
      const FunctionId leaf = leaf_of(profile, functions, stretch.stack);
      cutter.add(waits ? sums.waited : sums.held, stretch.from, stretch.to);
      cutter.add(sums.of(waits ? Measure::kWait : Measure::kHeld)[leaf], stretch.from, stretch.to);
    }
  }
  walk_blame(profile, [&](Nanos from, Nanos to, StackId holder, double waiters) {
    cutter.add(sums.of(Measure::kBlame)[leaf_of(profile, functions, holder)], from, to, waiters);
  });
  for (const CpuUse& use : profile.timeline.cpus) cutter.add(sums.cpu, use.from, use.to, use.cpus);
  // The first and the last moments of a recording lie between no two readings.
  const double read = std::accumulate(sums.cpu.begin(), sums.cpu.end(), 0.0);
  for (double& time : sums.cpu) time *= read > 0 ? double(profile.cpu_time.count()) / read : 0.0;
  return sums;
}

}  // namespace gilspy::compare
