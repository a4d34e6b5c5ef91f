#include "culprits.h"

#include <algorithm>
#include <map>

#include "gilspy/wording.h"

namespace gilspy::verdict {
namespace {

constexpr std::size_t kMost = 10;
constexpr double kLeastShare = 0.001;

std::string name_of(const Profile& profile, StackId stack) {
  if (stack == kNoStack) return std::string(wording::kNoPythonFrame);
  return wording::function_name(profile.table.frame(profile.table.leaf(stack)), profile.target);
}

}  // namespace

std::vector<Culprit> culprits(const Profile& profile) {
  std::map<std::string, Nanos> by_function;
  Nanos all{0};
  for (const Blame& blame : profile.blame) {
    all += blame.time;
    if (blame.holder != Blame::kNobody) by_function[name_of(profile, blame.holder_stack)] += blame.time;
  }
  std::vector<Culprit> found;
  for (const auto& [function, time] : by_function) {
    const double share = all > Nanos{0} ? double(time.count()) / double(all.count()) : 0.0;
    if (share >= kLeastShare) found.push_back({.function = function, .share = share});
  }
  // Stable: equal shares stay in the order of their names.
  std::stable_sort(found.begin(), found.end(), [](const Culprit& a, const Culprit& b) { return a.share > b.share; });
  if (found.size() > kMost) found.resize(kMost);
  return found;
}

}  // namespace gilspy::verdict
