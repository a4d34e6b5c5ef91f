// Short file names. Paths are compared as text: the files may lie in a container that we do not see.
#include <algorithm>
#include <array>

#include "gilspy/wording.h"

namespace gilspy::wording {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Length of "python3.11/" or "python3.13t/" at the start of `path`, else 0.
std::size_t versioned_folder(std::string_view path) {
  constexpr std::string_view kPython = "python";
  if (path.substr(0, kPython.size()) != kPython) return 0;
  std::size_t at = kPython.size();
  const auto digits = [&] {
    const std::size_t begin = at;
    while (at < path.size() && is_digit(path[at])) ++at;
    return at > begin;
  };
  if (!digits() || at >= path.size() || path[at++] != '.' || !digits()) return 0;
  if (at < path.size() && path[at] == 't') ++at;
  return at < path.size() && path[at] == '/' ? at + 1 : 0;
}

// Where the path inside a library folder begins; 0 when it is not in one.
std::size_t library_prefix(std::string_view path) {
  for (const std::string_view folder : {"site-packages/", "dist-packages/"}) {
    if (const std::size_t at = path.rfind(folder); at != path.npos) return at + folder.size();
  }
  for (const std::string_view folder : {"lib/", "lib64/"}) {
    for (std::size_t at = path.find(folder); at != path.npos; at = path.find(folder, at + 1)) {
      const std::size_t inside = at + folder.size();
      if (const std::size_t length = versioned_folder(path.substr(inside)); length > 0) return inside + length;
    }
  }
  return 0;
}

// The folder of the script that was started, as the command line spells it; empty when there is none.
std::string_view script_folder(const TargetFacts& target) {
  for (const std::string& argument : target.command) {
    const std::string_view script = argument;
    if (script.size() < 3 || script.substr(script.size() - 3) != ".py") continue;
    const std::size_t slash = script.rfind('/');
    return slash == script.npos ? std::string_view() : script.substr(0, slash);
  }
  return {};
}

std::size_t prefix_length(std::string_view path, std::string_view folder) {
  while (!folder.empty() && folder.back() == '/') folder.remove_suffix(1);
  const bool inside = !folder.empty() && path.size() > folder.size() + 1 && path.substr(0, folder.size()) == folder &&
                      path[folder.size()] == '/';
  return inside ? folder.size() + 1 : 0;
}

}  // namespace

bool is_library(std::string_view file) { return file.starts_with("<frozen ") || library_prefix(file) > 0; }

StackId python_part(const StackTable& table, StackId stack) {
  while (stack != kNoStack && table.frame(table.leaf(stack)).native) stack = table.parent(stack);
  return stack;
}

StackId own_part(const StackTable& table, StackId stack) {
  while (stack != kNoStack && is_library(table.frame(table.leaf(stack)))) stack = table.parent(stack);
  return stack;
}

std::string short_file(std::string_view file, const TargetFacts& target) {
  if (const std::size_t length = library_prefix(file); length > 0 && length < file.size()) {
    return std::string(file.substr(length));
  }
  const std::string_view script = script_folder(target);
  // The command line may be relative to the working folder while the code object has the whole path, or the reverse.
  std::string joined = target.working_folder + "/";
  joined += script.substr(script.substr(0, 2) == "./" ? 2 : 0);
  const std::array folders{std::string_view(target.working_folder), script, std::string_view(joined)};
  std::size_t longest = 0;
  for (const std::string_view folder : folders) longest = std::max(longest, prefix_length(file, folder));
  return std::string(file.substr(longest));
}

}  // namespace gilspy::wording
