#include "functions.h"

#include <fmt/format.h>

#include <algorithm>

#include "gilspy/wording.h"

namespace gilspy::compare {
namespace {

// "is_prime (primes.py)" and 4
std::string with_line(const std::string& name, int line) {
  const std::string text = wording::printable(name);
  if (line <= 0 || !text.ends_with(')')) return text;
  return fmt::format("{}:{})", text.substr(0, text.size() - 1), line);
}

class Numbering {
 public:
  Numbering() {
    numbers_.emplace(std::string(), kNoFunction);
    functions_.all.push_back({std::string(wording::kNoPythonFrame), true, true});
  }

  // HEAD first: its lines are shown.
  std::vector<FunctionId> number(const Profile& profile, const std::vector<std::string>& names, bool Function::*seen) {
    std::vector<FunctionId> by_frame;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto next = FunctionId(static_cast<std::uint32_t>(functions_.all.size()));
      const auto [place, is_new] = numbers_.try_emplace(names[i], next);
      if (is_new) {
        const Frame& frame = profile.table.frame(FrameId(static_cast<std::uint32_t>(i)));
        const int line = frame.file.empty() ? 0 : frame.first_line;
        functions_.all.push_back({with_line(names[i], line), false, false});
      }
      functions_.all[to_int(place->second)].*seen = true;
      by_frame.push_back(place->second);
    }
    return by_frame;
  }

  Functions take() { return std::move(functions_); }

 private:
  Functions functions_;
  std::unordered_map<std::string, FunctionId> numbers_;
};

// Each function of Python once, however often it calls itself. (Native ones are not told by every recording.)
std::vector<FunctionId> functions_on(const Profile& profile, const std::vector<FunctionId>& functions, StackId stack) {
  std::vector<FunctionId> found;
  if (wording::python_part(profile.table, stack) == kNoStack) found.push_back(kNoFunction);
  for (; stack != kNoStack; stack = profile.table.parent(stack)) {
    const FrameId frame = profile.table.leaf(stack);
    if (!profile.table.frame(frame).native) found.push_back(functions[to_int(frame)]);
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace

Functions functions_of(const Profile& base, const Profile& head, const SharedNames& names) {
  Numbering numbering;
  std::vector<FunctionId> of_head = numbering.number(head, names.head, &Function::in_head);
  std::vector<FunctionId> of_base = numbering.number(base, names.base, &Function::in_base);
  Functions functions = numbering.take();
  functions.base = std::move(of_base);
  functions.head = std::move(of_head);
  return functions;
}

Totals totals_of(const Profile& profile, const std::vector<FunctionId>& functions) {
  Totals totals;
  const auto add = [&](Measure measure, StackId stack, Nanos time) {
    auto& sums = totals[static_cast<std::size_t>(measure)];
    for (const FunctionId function : functions_on(profile, functions, stack)) sums[function] += time;
  };
  for (const StackTime& row : profile.stacks) {
    if (holds(row.activity)) add(Measure::kHeld, row.stack, row.time);
    if (row.activity == Activity::kWaitsForGil) add(Measure::kWait, row.stack, row.time);
  }
  for (const Blame& row : profile.blame) {
    if (row.holder != Blame::kNobody) add(Measure::kBlame, row.holder_stack, row.time);
  }
  return totals;
}

}  // namespace gilspy::compare
