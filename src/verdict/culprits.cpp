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
  return own == kNoStack ? std::string()
                         : wording::function_name(profile.table.frame(profile.table.leaf(own)), profile.target);
}

struct Account {
  Nanos time{0};
  std::map<std::string, Nanos> callers, natives;

  std::string main_caller() const { return main_of(callers).first; }
  // Bytecode calls many functions of C for a moment each: named is the one that took a third of the time or more. (Not
  // half of it: some stacks come without their native functions.)
  std::string main_native() const {
    const auto [name, share] = main_of(natives);
    return 3 * share >= time ? name : std::string();
  }

 private:
  static std::pair<std::string, Nanos> main_of(const std::map<std::string, Nanos>& times) {
    const auto longest = [](const auto& a, const auto& b) { return a.second < b.second; };
    if (times.empty()) return {};
    return *std::max_element(times.begin(), times.end(), longest);
  }
};

}  // namespace

std::vector<Culprit> culprits(const Profile& profile) {
  std::map<std::string, Account> by_function;
  Nanos all{0};
  for (const Blame& blame : profile.blame) {
    all += blame.time;
    if (blame.holder == Blame::kNobody) continue;
    const wording::Work work = wording::work_of(profile.table, blame.holder_stack, profile.target);
    Account& account = by_function[work.function];
    account.time += blame.time;
    account.callers[caller_of(profile, blame.holder_stack)] += blame.time;
    if (!work.native.empty()) account.natives[work.native] += blame.time;
  }
  std::vector<Culprit> found;
  for (const auto& [function, account] : by_function) {
    const double share = all > Nanos{0} ? double(account.time.count()) / double(all.count()) : 0.0;
    if (share >= kLeastShare) found.push_back({function, share, account.main_caller(), account.main_native()});
  }
  // Stable: equal shares stay in the order of their names.
  std::stable_sort(found.begin(), found.end(), [](const Culprit& a, const Culprit& b) { return a.share > b.share; });
  if (found.size() > kMost) found.resize(kMost);
  return found;
}

}  // namespace gilspy::verdict
