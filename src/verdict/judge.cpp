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
  }
  verdict.headline = headline(verdict, numbers);
  verdict.advice = advice(verdict, numbers, profile.target);
  return verdict;
}

}  // namespace gilspy::verdict
