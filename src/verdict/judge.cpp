#include <fmt/format.h>

#include <algorithm>

#include "culprits.h"
#include "evidence.h"
#include "rules.h"
#include "sentences.h"
#include "warnings.h"
#include "what_if.h"

namespace gilspy::verdict {
namespace {

Claim claim(VerdictCode code, const Case& found) {
  Claim made;
  made.code = code;
  made.evidence = evidence(code, found.numbers, found.target);
  made.sentence = (is_certain(made, found.numbers) ? "" : "Not certain: ") + sentence(code, found);
  made.confidence = confidence(code, made.evidence, found.numbers);
  const std::vector<std::string> steps = advice(code, found);
  if (!steps.empty()) made.next_step = steps.front();
  return made;
}

}  // namespace

namespace {

bool is_about_one_process(VerdictCode code) {
  return is_gil_the_limit(code) || code == VerdictCode::kEventLoopBlocked || code == VerdictCode::kDeadlock;
}

// Of the processes of which it holds, the one with most waiting.
const Claim* worst(VerdictCode code, const Profile& program, const std::vector<Verdict>& verdicts, std::size_t& which) {
  const Claim* worst = nullptr;
  double most = -1;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const auto claim = std::ranges::find(verdicts[i].claims, code, &Claim::code);
    const Numbers numbers = measure(program.processes[i]);
    const double weight = numbers.waiting * std::chrono::duration<double>(numbers.duration).count();
    if (claim == verdicts[i].claims.end() || weight <= most) continue;
    most = weight;
    worst = &*claim;
    which = i;
  }
  return worst;
}

// A GIL and an event loop belong to a process: its own sentence has its own numbers.
void name_processes(Verdict& verdict, const Profile& program) {
  if (program.processes.size() < 2) return;
  for (Claim& claim : verdict.claims) {
    std::size_t which = 0;
    const Claim* const own =
        is_about_one_process(claim.code) ? worst(claim.code, program, verdict.processes, which) : nullptr;
    if (own == nullptr) continue;
    const Profile& process = program.processes[which];
    claim.sentence = fmt::format("Process {}: {}", to_int(process.target.pid), own->sentence);
    if (&claim != &verdict.claims.front()) continue;
    verdict.what_if = verdict.processes[which].what_if;
    verdict.possible_speedup = verdict.what_if.without_gil;
    verdict.advice = verdict.processes[which].advice;
  }
  verdict.headline = verdict.claims.front().sentence;
}

}  // namespace

Verdict judge(const Profile& profile) {
  const Case found{measure(profile), culprits(profile), profile.target};
  Verdict verdict;
  verdict.code = decide(found.numbers);
  verdict.claims.push_back(claim(verdict.code, found));
  for (const VerdictCode code : also(found.numbers, verdict.code)) verdict.claims.push_back(claim(code, found));
  verdict.headline = verdict.claims.front().sentence;
  verdict.culprits = found.culprits;
  verdict.what_if = what_if(profile, found.numbers, found.culprits);
  verdict.possible_speedup = verdict.what_if.without_gil;
  verdict.threads = {found.numbers.python_threads, found.numbers.working_threads};
  verdict.advice = advice(verdict.code, found);
  verdict.warnings = warnings(profile, found.numbers, verdict.claims.front());
  for (const Profile& process : profile.processes) verdict.processes.push_back(judge(process));
  name_processes(verdict, profile);
  return verdict;
}

}  // namespace gilspy::verdict
