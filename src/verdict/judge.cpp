#include "culprits.h"
#include "evidence.h"
#include "rules.h"
#include "sentences.h"
#include "what_if.h"

namespace gilspy::verdict {
namespace {

Claim claim(VerdictCode code, const Case& found) {
  Claim made;
  made.code = code;
  made.sentence = sentence(code, found);
  made.evidence = evidence(code, found.numbers, found.target);
  made.confidence = confidence(code, made.evidence, found.numbers);
  const std::vector<std::string> steps = advice(code, found);
  if (!steps.empty()) made.next_step = steps.front();
  return made;
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
  for (const Profile& process : profile.processes) verdict.processes.push_back(judge(process));
  return verdict;
}

}  // namespace gilspy::verdict
