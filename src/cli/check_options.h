// What check can be told: a recording, and rules to judge it by.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "gilspy/check.h"
#include "gilspy/result.h"
#include "options.h"

namespace CLI {
class App;
}

namespace gilspy::cli {

struct TypedCheck {
  std::string recording, config;
  std::array<std::vector<std::string>, kRuleKinds.size()> rules;  // by RuleKind, as typed; fail-on may come repeatedly
  bool json = false;

  void add(CLI::App& app);
  Result<CheckOptions> options() const;  // errors: kUsage
};

}  // namespace gilspy::cli
