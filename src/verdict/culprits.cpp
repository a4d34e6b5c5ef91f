#include "culprits.h"

#include <algorithm>
#include <map>

#include "gilspy/wording.h"

namespace gilspy::verdict {
namespace {

constexpr std::size_t kMost = 10;
constexpr double kLeastShare = 0.001;

// A leaf in a library says little: who of the program called it?
std::string caller_of(const Profile& profile, StackId stack) {
  const StackId python = wording::python_part(profile.table, stack);
  if (python == kNoStack || !wording::is_library(profile.table.frame(profile.table.leaf(python)))) return {};
  const StackId own = wording::own_part(profile.table, python);
  return own == kNoStack ? std::string() : wording::work_name(profile.table, own, profile.target);
}

struct Account {
  Nanos time{0};
  std::map<std::string, Nanos> callers;

  std::string main_caller() const {
    const auto longest = [](const auto& a, const auto& b) { return a.second < b.second; };
    return callers.empty() ? std::string() : std::max_element(callers.begin(), callers.end(), longest)->first;
  }
};

}  // namespace

std::vector<Culprit> culprits(const Profile& profile) {
  std::map<std::string, Account> by_function;
  Nanos all{0};
  for (const Blame& blame : profile.blame) {
    all += blame.time;
    if (blame.holder == Blame::kNobody) continue;
    Account& account = by_function[wording::work_name(profile.table, blame.holder_stack, profile.target)];
    account.time += blame.time;
    account.callers[caller_of(profile, blame.holder_stack)] += blame.time;
  }
  std::vector<Culprit> found;
  for (const auto& [function, account] : by_function) {
    const double share = all > Nanos{0} ? double(account.time.count()) / double(all.count()) : 0.0;
    if (share >= kLeastShare) found.push_back({function, share, account.main_caller()});
  }
  // Stable: equal shares stay in the order of their names.
  std::stable_sort(found.begin(), found.end(), [](const Culprit& a, const Culprit& b) { return a.share > b.share; });
  if (found.size() > kMost) found.resize(kMost);
  return found;
}

}  // namespace gilspy::verdict
