// verdict: why was there no speed-up, and what would help? A pure function of the profile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gilspy/profile.h"

namespace gilspy {

enum class VerdictCode : std::uint8_t {
  kGilReenabled,
  kSerializedByGil,
  kGilHoggedByNativeCall,
  kParallelFreeThreaded,
  kParallelInterpreters,
  kParallelNative,
  kSingleThreaded,
  kIoBound,
  kIdle,
  kInsufficientData,
};
std::string_view code_name(VerdictCode code);  // "serialized_by_gil"

struct Culprit {
  std::string function;  // "is_prime (primes.py:4)"
  double share = 0;      // of all waiting that it caused, 0..1
};

struct Verdict {
  VerdictCode code = VerdictCode::kInsufficientData;
  std::string headline;             // the first line of every output
  std::vector<Culprit> culprits;    // who makes others wait, most first
  double possible_speedup = 1;      // upper bound without a GIL on the CPUs that the target may use
  std::vector<std::string> advice;  // one line a choice
};

namespace verdict {

Verdict judge(const Profile& profile);

}  // namespace verdict
}  // namespace gilspy
