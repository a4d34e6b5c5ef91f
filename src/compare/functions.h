// The functions of two recordings, numbered alike.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "blocks.h"
#include "gilspy/compare.h"
#include "names.h"

namespace gilspy::compare {

struct Function {
  std::string name;  // for people, "is_prime (primes.py:4)"
  bool in_base = false;
  bool in_head = false;
};

struct Functions {
  std::vector<Function> all;     // by FunctionId
  std::vector<FunctionId> base;  // by FrameId
  std::vector<FunctionId> head;  // by FrameId
};
Functions functions_of(const Profile& base, const Profile& head, const SharedNames& names);

// By Measure: the time of each function while it is anywhere on the stack that counts.
using Totals = std::array<std::unordered_map<FunctionId, Nanos>, kMeasures.size()>;
Totals totals_of(const Profile& profile, const std::vector<FunctionId>& functions);

}  // namespace gilspy::compare
