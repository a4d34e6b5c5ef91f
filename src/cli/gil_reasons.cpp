#include "gil_reasons.h"

#include <algorithm>
#include <string_view>

namespace gilspy::cli {
namespace {

constexpr std::size_t kMost = 3;

// The value of -X gil=VALUE among the interpreter's own options, which end at the script, -c or -m.
std::optional<std::string> gil_option(const std::vector<std::string>& command) {
  std::optional<std::string> value;
  for (std::size_t i = 1; i < command.size(); ++i) {
    std::string_view argument = command[i];
    if (!argument.starts_with('-') || argument == "-" || argument.starts_with("-c") || argument.starts_with("-m"))
      break;
    if (argument == "-W" || argument == "--check-hash-based-pycs") ++i;
    if (!argument.starts_with("-X")) continue;
    argument.remove_prefix(2);
    if (argument.empty() && i + 1 < command.size()) argument = command[++i];
    if (argument.starts_with("gil=")) value = std::string(argument.substr(4));
  }
  return value;
}

// "numpy" for ".../site-packages/numpy/_core/_multiarray_umath.cpython-313t-x86_64-linux-gnu.so"; empty for what is not
// an extension module, or comes with Python.
std::string foreign_module(std::string_view path) {
  if (path.find("/lib-dynload/") != path.npos) return {};
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos || !path.ends_with(".so")) return {};
  std::string_view name = path.substr(slash + 1);
  const bool is_module = name.find(".cpython-") != name.npos || name.find(".abi3") != name.npos ||
                         (!name.starts_with("lib") && path.find("-packages/") != path.npos);
  if (!is_module) return {};
  for (const std::string_view folder : {"/site-packages/", "/dist-packages/"}) {
    const std::size_t at = path.rfind(folder);
    if (at == path.npos) continue;
    const std::string_view inside = path.substr(at + folder.size());
    if (const std::size_t end = inside.find('/'); end != inside.npos) return std::string(inside.substr(0, end));
  }
  return std::string(name.substr(0, name.find('.')));
}

}  // namespace

std::string gil_set_by(const std::vector<std::string>& command, const std::optional<std::string>& variable) {
  if (const auto option = gil_option(command)) return *option == "1" ? "-X gil=1" : "";
  return variable == "1" ? "PYTHON_GIL=1" : "";
}

std::vector<std::string> foreign_extension_modules(std::span<const Mapping> mappings) {
  std::vector<std::string> found;
  for (const Mapping& mapping : mappings) {
    std::string name = foreign_module(mapping.path);
    if (name.empty() || std::ranges::count(found, name) > 0) continue;
    found.push_back(std::move(name));
    if (found.size() == kMost) break;
  }
  return found;
}

}  // namespace gilspy::cli
