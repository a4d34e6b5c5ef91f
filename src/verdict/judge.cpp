#include "culprits.h"
#include "rules.h"
#include "sentences.h"

namespace gilspy::verdict {

Verdict judge(const Profile& profile) {
  const Numbers numbers = measure(profile);
  Verdict verdict;
  verdict.code = decide(numbers);
  verdict.culprits = culprits(profile);
  if (verdict.code != VerdictCode::kInsufficientData && verdict.code != VerdictCode::kIdle) {
    verdict.possible_speedup = possible_speedup(numbers);
    verdict.what_if.known = true;
  }
  verdict.what_if.cpus = numbers.cpus_available;
  verdict.what_if.without_gil = verdict.possible_speedup;
  verdict.headline = headline(verdict, numbers);
  verdict.advice = advice(verdict, numbers, profile.target);
  verdict.claims.push_back({.code = verdict.code,
                            .sentence = verdict.headline,
                            .evidence = {},
                            .confidence = 1,
                            .next_step = verdict.advice.empty() ? std::string() : verdict.advice.front()});
  return verdict;
}

}  // namespace gilspy::verdict
