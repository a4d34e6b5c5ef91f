#include "check_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "check_rules.h"
#include "completion_model.h"

namespace gilspy::cli {
namespace {

struct RuleHelp {
  const char* value;
  const char* description;
};

// By RuleKind.
constexpr std::array<RuleHelp, kRuleKinds.size()> kRuleHelp{{
    {"SHARE",
     "Largest share of the time in which threads have something to run that they may wait for the GIL, such as 30% or "
     "0.3"},
    {"TIME", "Longest time that 99 % of the waits for the GIL may take, such as 20ms, 0.5s or 500us"},
    {"CPUS", "CPUs that the process must use on average, such as 1.5"},
    {"TIME", "Longest time that a callback may keep an asyncio event loop, such as 200ms; 100ms is the least"},
    {"VERDICTS",
     "Verdicts that must not be given, not even beside another one, such as serialized_by_gil,event_loop_blocked"},
}};

}  // namespace

void TypedCheck::add(CLI::App& app) {
  app.add_option("RECORDING", recording, "File that `gilspy record -f gilspy` wrote, - for standard input")
      ->required()
      ->type_name("FILE")
      ->group("Arguments");
  for (const RuleKind kind : kRuleKinds) {
    const auto index = static_cast<std::size_t>(kind);
    CLI::Option* const option =
        app.add_option(fmt::format("--{}", rule_name(kind)), rules[index], kRuleHelp[index].description)
            ->type_name(kRuleHelp[index].value)
            ->group("Rules");
    // One value each time: the recording may come behind it.
    option->type_size(1)->expected(1)->multi_option_policy(kind == RuleKind::kFailOn ? CLI::MultiOptionPolicy::TakeAll
                                                                                     : CLI::MultiOptionPolicy::Throw);
  }
  // Checked with the other rules: here only for the completions of shells.
  app.get_option("--fail-on")
      ->check(CLI::Validator([](std::string&) { return std::string(); },
                             fmt::format("{{{}}}", joined(verdict_names(), ","))));
  app.add_option("--config", config,
                 "Rules from a TOML file: its section [check], keys named as these options. What the command line says "
                 "about a rule counts instead")
      ->type_name("FILE")
      ->group("Rules");
  app.add_flag("-j,--json", json, "JSON, for scripts");
}

Result<CheckOptions> TypedCheck::options() const {
  CheckOptions options{recording, config, {}, json};
  for (const RuleKind kind : kRuleKinds) {
    const std::string where = fmt::format("--{}", rule_name(kind));
    const std::string text = joined(rules[static_cast<std::size_t>(kind)], ",");
    if (rules[static_cast<std::size_t>(kind)].empty()) continue;
    GILSPY_TRY(const std::vector<Rule> more, parse_rule(kind, text, where));
    options.rules.insert(options.rules.end(), more.begin(), more.end());
  }
  if (options.rules.empty() && config.empty()) {
    return fail(ErrorCode::kUsage, "check takes at least one rule, such as --max-gil-wait 30%, or --config FILE");
  }
  return options;
}

}  // namespace gilspy::cli
