// All of the TOML library that there is in gilspy: header-only, and without exceptions.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include "check_config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cstddef>
#include <span>

#include "check_rules.h"
#include "completion_model.h"
#include "gilspy/platform.h"
#include "spelling.h"

namespace gilspy::cli {
namespace {

constexpr std::string_view kSection = "check";
constexpr std::size_t kLargest = 1 << 20;  // of a file that somebody wrote

Result<std::string> read_text(const std::string& path) {
  auto source = platform::open_source(path);
  if (!source.has_value()) return fail(ErrorCode::kUsage, source.error().message());
  std::string text;
  std::string block(4096, '\0');
  while (text.size() <= kLargest) {
    const auto got = (*source)->read(std::as_writable_bytes(std::span(block.data(), block.size())));
    if (!got.has_value()) return fail(ErrorCode::kUsage, got.error().message());
    if (*got == 0) return text;
    text.append(block, 0, *got);
  }
  return fail(ErrorCode::kUsage, fmt::format("{} is too large for a configuration", path));
}

// "gilspy.toml:3"
std::string place(const std::string& path, const toml::source_region& source) {
  return fmt::format("{}:{}", path, source.begin.line);
}

std::vector<std::string> rule_names() {
  std::vector<std::string> names;
  for (const RuleKind kind : kRuleKinds) names.emplace_back(rule_name(kind));
  return names;
}

// As one would type it behind the option; a list becomes a list with commas.
Result<std::string> text_of_value(const toml::node& node, const std::string& where) {
  if (const auto* const text = node.as_string()) return text->get();
  if (const auto* const number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* const number = node.as_floating_point()) return fmt::format("{}", number->get());
  const auto* const list = node.as_array();
  std::string all;
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto* const text = (*list)[i].as_string();
    if (text == nullptr) break;
    all += (i == 0 ? "" : ",") + text->get();
    if (i + 1 == list->size()) return all;
  }
  return fail(ErrorCode::kUsage, fmt::format("{} takes a text or a number; a list takes texts", where));
}

Result<std::vector<Rule>> rules_of_section(const toml::table& section, const std::string& path) {
  const std::vector<std::string> names = rule_names();
  std::vector<Rule> rules;
  for (const auto& [key, node] : section) {
    const std::string name(key.str());
    const std::string where = fmt::format("{}: {}", place(path, key.source()), name);
    const auto known = std::ranges::find(names, name);
    if (known == names.end()) {
      const auto meant = nearest(name, names);
      return fail(ErrorCode::kUsage, meant ? fmt::format("{} is no rule; is {} meant?", where, *meant)
                                           : fmt::format("{} is no rule; there are {}", where, joined(names, ", ")));
    }
    GILSPY_TRY(const std::string text, text_of_value(node, where));
    const RuleKind kind = kRuleKinds[static_cast<std::size_t>(known - names.begin())];
    GILSPY_TRY(const std::vector<Rule> more, parse_rule(kind, text, where));
    rules.insert(rules.end(), more.begin(), more.end());
  }
  // In the order of the options, whatever the order in the file.
  std::ranges::stable_sort(rules, {}, &Rule::kind);
  return rules;
}

}  // namespace

Result<std::vector<Rule>> rules_of_text(std::string_view text, const std::string& path) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return fail(ErrorCode::kUsage,
                fmt::format("{}: {}", place(path, parsed.error().source()), std::string(parsed.error().description())));
  }
  for (const auto& [key, node] : parsed.table()) {
    if (key.str() != kSection) {
      return fail(ErrorCode::kUsage, fmt::format("{}: there is no section [{}]: rules stand in [{}]",
                                                 place(path, key.source()), std::string(key.str()), kSection));
    }
  }
  const toml::table* const section = parsed.table()[kSection].as_table();
  if (section == nullptr) return fail(ErrorCode::kUsage, fmt::format("{} has no section [{}]", path, kSection));
  return rules_of_section(*section, path);
}

Result<std::vector<Rule>> rules_of_file(const std::string& path) {
  GILSPY_TRY(const std::string text, read_text(path));
  return rules_of_text(text, path == "-" ? "standard input" : path);
}

}  // namespace gilspy::cli
