#include "names.h"

#include <charconv>

namespace gilspy::locate {
namespace {

constexpr std::string_view kDeletedMark = " (deleted)";

std::optional<int> take_number(std::string_view& text) {
  int number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return number;
}

// "3.9..." at the front of the text.
std::optional<PythonVersion> leading_version(std::string_view text) {
  PythonVersion version;
  const auto major = take_number(text);
  if (!major || !text.starts_with('.')) return std::nullopt;
  text.remove_prefix(1);
  const auto minor = take_number(text);
  if (!minor) return std::nullopt;
  version.major = *major;
  version.minor = *minor;
  return version;
}

std::optional<PythonVersion> version_of_module(std::string_view path) {
  constexpr std::string_view kFolder = "/lib/python";
  const std::size_t folder = path.find(kFolder);
  if (folder == std::string_view::npos || path.find("/lib-dynload/") == std::string_view::npos) return std::nullopt;
  return leading_version(path.substr(folder + kFolder.size()));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string_view file_name(std::string_view path) {
  if (path.ends_with(kDeletedMark)) path.remove_suffix(kDeletedMark.size());
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

bool is_python_library(std::string_view path) {
  const auto name = file_name(path);
  return name.starts_with("libpython") && name.find(".so") != std::string_view::npos && version_in_name(path);
}

bool is_python_program(std::string_view path) {
  auto name = file_name(path);
  if (!name.starts_with("python")) return false;
  name.remove_prefix(6);
  return name.empty() || is_digit(name.front());
}

std::optional<PythonVersion> version_in_name(std::string_view path) {
  auto name = file_name(path);
  if (name.starts_with("lib")) name.remove_prefix(3);
  if (!name.starts_with("python")) return std::nullopt;
  return leading_version(name.substr(6));
}

std::optional<PythonVersion> version_in_modules(std::span<const Mapping> mappings) {
  for (const Mapping& mapping : mappings) {
    if (const auto version = version_of_module(mapping.path)) return version;
  }
  return std::nullopt;
}

bool is_python_file(std::string_view path) { return is_python_library(path) || version_of_module(path).has_value(); }

bool looks_like_python(const ProcessIdentity& process) {
  // Other users' executables cannot be seen, their command lines can.
  if (!process.executable.empty()) return is_python_program(process.executable);
  return !process.command.empty() && is_python_program(process.command.front());
}

bool is_pypy(std::string_view path) {
  const auto name = file_name(path);
  return name.starts_with("pypy") || (name.starts_with("libpypy") && name.find(".so") != std::string_view::npos);
}

}  // namespace gilspy::locate
