#include "gilspy/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "event_loop.h"
#include "gilspy/wording.h"
#include "rules.h"

namespace gilspy::verdict {
namespace {

// Of fewer waits the 99th percentile is the longest one.
constexpr std::uint64_t kEnoughForP99 = 100;

double seconds(Nanos time) { return std::chrono::duration<double>(time).count(); }

// How a quantity reads: "87 %", "20 ms", "1.5".
struct Scale {
  double factor = 1;
  std::string_view unit;
  int decimals = 0;
};
constexpr Scale kPercent{100, " %", 0};
constexpr Scale kCpus{1, "", 2};

Scale scale_of_time(double limit_s) {
  if (limit_s < 1e-3) return {1e6, " us", 0};
  return limit_s < 1 ? Scale{1e3, " ms", 0} : Scale{1, " s", 1};
}

// With as many decimals as it takes to tell a measured value from its limit: "30.02 %", not "30 %, at most 30 %".
std::string measured(double value, double limit, const Scale& scale) {
  constexpr int kMostDecimals = 6;
  std::string text = fmt::format("{:.{}f}", value * scale.factor, scale.decimals);
  for (int decimals = scale.decimals; decimals <= kMostDecimals && value != limit; ++decimals) {
    text = fmt::format("{:.{}f}", value * scale.factor, decimals);
    if (text != fmt::format("{:.{}f}", limit * scale.factor, decimals)) break;
  }
  return text + std::string(scale.unit);
}

std::string allowed(double limit, const Scale& scale) {
  return fmt::format("{:g}{}", limit * scale.factor, scale.unit);
}

RuleResult cannot_tell(const Rule& rule, std::string reason) {
  return {rule, Outcome::kCannotTell, std::nullopt, text_of(rule), std::move(reason)};
}

// `before` and `after`: the sentence around the measured value.
RuleResult at_most(const Rule& rule, double value, const Scale& scale, std::string_view before,
                   std::string_view after = {}) {
  const std::string is = measured(value, rule.limit, scale), limit = "at most " + allowed(rule.limit, scale);
  return {rule, value > rule.limit ? Outcome::kFailed : Outcome::kFine, value,
          fmt::format("{} {} ({})", rule_name(rule.kind), is, limit),
          fmt::format("{}{}{}; {} is allowed", before, is, after, limit)};
}

// There was nothing to measure, which is as good as can be.
RuleResult none(const Rule& rule, const Scale& scale, std::string sentence) {
  RuleResult result = at_most(rule, 0, scale, "");
  result.sentence = std::move(sentence);
  return result;
}

bool has_gil(const Profile& profile) { return !profile.target.free_threaded || profile.target.gil_enabled; }
constexpr const char* kNoGil = "this Python is free-threaded and its GIL is off: nobody waits for it";

// Of Python threads; a native one cannot wait for a GIL, whatever it computes.
Nanos time_in(const Profile& profile, std::initializer_list<Activity> activities) {
  Nanos sum{0};
  for (const ThreadProfile& thread : profile.threads) {
    if (!thread.info.python) continue;
    for (const Activity activity : activities) sum += thread.times[index_of(activity)];
  }
  return sum;
}

RuleResult judge_gil_wait(const Rule& rule, const Profile& profile) {
  using enum Activity;
  if (!has_gil(profile)) return cannot_tell(rule, kNoGil);
  const Nanos waited = time_in(profile, {kWaitsForGil});
  const Nanos wanted = waited + time_in(profile, {kHoldsGil, kHoldsGilOffCpu, kRunsWithoutGil});
  const Nanos least = profile.duration / static_cast<Nanos::rep>(std::max<std::uint64_t>(profile.quality.ticks, 1)) *
                      static_cast<Nanos::rep>(kEnoughTicks);
  if (wanted < least) {
    return cannot_tell(rule, fmt::format("the threads had something to run for {} in all: it takes {} to judge",
                                         wording::span(wanted), wording::span(least)));
  }
  return at_most(rule, seconds(waited) / seconds(wanted), kPercent, "threads waited for the GIL for ",
                 " of the time in which they had something to run");
}

// Threads that still wait at the end: that is no wait that was timed, but it took at least so long.
Nanos longest_without_end(const Profile& profile) {
  Nanos longest{0};
  for (const Lane& lane : profile.timeline.lanes) {
    if (lane.empty() || lane.back().activity != Activity::kWaitsForGil || lane.back().to < profile.duration) continue;
    longest = std::max(longest, lane.back().time());
  }
  return longest;
}

// The most that a thread waited, all its waits together.
Nanos longest_in_all(const Profile& profile) {
  Nanos longest{0};
  for (const ThreadProfile& thread : profile.threads) {
    longest = std::max(longest, thread.times[index_of(Activity::kWaitsForGil)]);
  }
  return longest;
}

RuleResult judge_handoff(const Rule& rule, const Profile& profile) {
  if (!has_gil(profile)) return cannot_tell(rule, kNoGil);
  const auto worst =
      std::ranges::max_element(profile.gils, {}, [](const GilProfile& gil) { return gil.to_get_gil.p99; });
  const Spread waits = worst == profile.gils.end() ? Spread{} : worst->to_get_gil;
  const Scale scale = scale_of_time(rule.limit);
  const Nanos without_end = longest_without_end(profile);
  if (waits.count < kEnoughForP99 && without_end > waits.longest) {
    return at_most(rule, seconds(without_end), scale, "a thread had waited for the GIL for ",
                   " when the recording ended");
  }
  if (waits.count == 0) {
    if (seconds(longest_in_all(profile)) > rule.limit) {
      return cannot_tell(rule, "threads waited for the GIL, but none of their waits could be timed");
    }
    return none(rule, scale, "no wait for the GIL was long enough to be timed");
  }
  const std::string timed = wording::count_of(waits.count, "timed wait");
  if (waits.count < kEnoughForP99) {
    return at_most(rule, seconds(waits.longest), scale, fmt::format("the longest of {} for the GIL took ", timed));
  }
  return at_most(rule, seconds(waits.p99), scale, fmt::format("99 % of {} for the GIL took no longer than ", timed));
}

RuleResult judge_parallelism(const Rule& rule, const Profile& profile) {
  if (profile.cpu_time <= Nanos{0}) return cannot_tell(rule, "the CPU time of the process is not known");
  const double available = profile.cpus.available();
  if (available < rule.limit) {
    return cannot_tell(rule, fmt::format("the process may use {} only", wording::cpu_count(available)));
  }
  const double value = profile.parallelism();
  const std::string is = measured(value, rule.limit, kCpus), limit = "at least " + allowed(rule.limit, kCpus);
  return {rule, value < rule.limit ? Outcome::kFailed : Outcome::kFine, value,
          fmt::format("{} {} ({})", rule_name(rule.kind), is, limit),
          fmt::format("the {} used {} CPUs on average; {} are asked for",
                      profile.processes.size() > 1 ? "program" : "process", is, limit)};
}

RuleResult judge_loop(const Rule& rule, const Profile& profile) {
  if (!has_event_loop(profile)) {
    return cannot_tell(rule, "no asyncio event loop was seen (uvloop's, which is not written in Python, never is)");
  }
  if (const Nanos shortest = shortest_seen_block(profile); seconds(shortest) > rule.limit) {
    return cannot_tell(rule, fmt::format("in a recording as long as this one callbacks of less than {} are not seen",
                                         wording::span(shortest)));
  }
  const BlockedLoop loop = longest_blocked_loop(profile);
  const Scale scale = scale_of_time(rule.limit);
  if (loop.longest == Nanos{0})
    return none(rule, scale,
                fmt::format("no callback kept the event loop for {} or more", wording::span(profile.loop_threshold)));
  return at_most(rule, seconds(loop.longest), scale, "a callback kept the event loop for ",
                 fmt::format(", mostly in {}", loop.function));
}

// Of a program, also what holds of one of its processes.
RuleResult judge_verdict(const Rule& rule, const Profile& profile, const Verdict& verdict) {
  const auto claim_of = [&](const Verdict& one) { return std::ranges::find(one.claims, rule.code, &Claim::code); };
  const auto failed = [&](const std::string& where, const std::string& sentence) {
    return RuleResult{rule, Outcome::kFailed, std::nullopt, text_of(rule), fmt::format("{}: {}", where, sentence)};
  };
  if (const auto claim = claim_of(verdict); claim != verdict.claims.end()) {
    const bool is_first = claim == verdict.claims.begin();
    return failed(is_first ? "this is the verdict" : fmt::format("beside {}", code_name(verdict.code)),
                  claim->sentence);
  }
  // That a process of many was idle, or too short to judge, says nothing of the program.
  if (is_gil_the_limit(rule.code) || rule.code == VerdictCode::kEventLoopBlocked) {
    for (std::size_t i = 0; i < verdict.processes.size(); ++i) {
      const auto claim = claim_of(verdict.processes[i]);
      if (claim == verdict.processes[i].claims.end()) continue;
      return failed(fmt::format("process {} by itself", to_int(profile.target_of(static_cast<std::uint32_t>(i)).pid)),
                    claim->sentence);
    }
  }
  return {rule, Outcome::kFine, std::nullopt, text_of(rule), fmt::format("the verdict is {}", code_name(verdict.code))};
}

RuleResult judge_rule(const Rule& rule, const Profile& profile, const Verdict& verdict) {
  const bool asks_for_it = rule.kind == RuleKind::kFailOn && rule.code == VerdictCode::kInsufficientData;
  if (verdict.code == VerdictCode::kInsufficientData && !asks_for_it) return cannot_tell(rule, verdict.headline);
  switch (rule.kind) {
    case RuleKind::kMaxGilWait: return judge_gil_wait(rule, profile);
    case RuleKind::kMaxHandoffP99: return judge_handoff(rule, profile);
    case RuleKind::kMinParallelism: return judge_parallelism(rule, profile);
    case RuleKind::kMaxLoopBlock: return judge_loop(rule, profile);
    case RuleKind::kFailOn: break;
  }
  return judge_verdict(rule, profile, verdict);
}

std::string headline(Outcome outcome, const std::vector<RuleResult>& results) {
  const auto are = static_cast<std::uint64_t>(std::ranges::count(results, outcome, &RuleResult::outcome));
  const std::string all = wording::count_of(results.size(), "rule");
  if (results.empty()) return "cannot tell: there is no rule to judge by";
  if (outcome == Outcome::kFine) {
    return results.size() == 1 ? "fine: " + results.front().brief : fmt::format("fine: all {} are kept", all);
  }
  std::string which;
  for (const RuleResult& result : results) {
    if (result.outcome == outcome) which += (which.empty() ? "" : ", ") + result.brief;
  }
  return fmt::format("{}: {} of {}: {}", words(outcome), are, all, which);
}

// Where a rule about the GIL failed, somebody made others wait, however rarely.
std::vector<Culprit> culprits_of(const CheckResult& result, const Profile& profile, const Verdict& verdict) {
  if (result.outcome != Outcome::kFailed) return {};
  std::vector<Culprit> notable = notable_culprits(profile, verdict);
  const bool about_waiting = std::ranges::any_of(result.rules, [](const RuleResult& one) {
    const bool of_gil = one.rule.kind == RuleKind::kMaxGilWait || one.rule.kind == RuleKind::kMaxHandoffP99;
    return of_gil && one.outcome == Outcome::kFailed;
  });
  return notable.empty() && about_waiting ? verdict.culprits : notable;
}

}  // namespace

CheckResult check(const Profile& profile, const Verdict& verdict, const std::vector<Rule>& rules) {
  CheckResult result;
  for (const Rule& rule : rules) result.rules.push_back(judge_rule(rule, profile, verdict));
  const auto any = [&](Outcome outcome) { return std::ranges::count(result.rules, outcome, &RuleResult::outcome) > 0; };
  const bool unknown = rules.empty() || any(Outcome::kCannotTell);
  result.outcome = any(Outcome::kFailed) ? Outcome::kFailed : unknown ? Outcome::kCannotTell : Outcome::kFine;
  result.headline = headline(result.outcome, result.rules);
  result.culprits = culprits_of(result, profile, verdict);
  return result;
}

}  // namespace gilspy::verdict
