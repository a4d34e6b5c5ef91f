#include "module_names.h"

#include <array>
#include <optional>

namespace gilspy::native {
namespace {

std::string_view file_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

// The first folder below one that packages are installed in. Nothing: in none, or directly in it.
std::optional<std::string_view> package_of(std::string_view path) {
  for (const std::string_view folder : {"/site-packages/", "/dist-packages/"}) {
    const std::size_t at = path.rfind(folder);
    if (at == path.npos) continue;
    std::string_view package = path.substr(at + folder.size());
    const std::size_t end = package.find('/');
    if (end == package.npos) return std::nullopt;
    package = package.substr(0, end);
    if (package.ends_with(".libs")) package.remove_suffix(5);
    return package;
  }
  return std::nullopt;
}

// Packages may lie in packages.
std::string outermost_package(std::string_view path, const std::function<bool(const std::string&)>& is_package) {
  std::string found;
  for (std::size_t slash = path.rfind('/'); slash != path.npos && slash > 0; slash = path.rfind('/')) {
    path = path.substr(0, slash);
    if (!is_package(std::string(path))) break;
    found = file_name(path);
  }
  return found;
}

// "_json" of "_json.cpython-313-x86_64-linux-gnu.so", "_json.abi3.so" and "_json.so"; nothing: a library's name.
std::optional<std::string_view> module_in(std::string_view file) {
  const std::size_t dot = file.find('.');
  if (dot == file.npos || dot == 0) return std::nullopt;
  const std::string_view rest = file.substr(dot);
  const bool is_tagged = rest.starts_with(".cpython-") || rest.starts_with(".abi3.");
  const bool is_plain = rest == ".so" && !file.starts_with("lib");
  if (!is_tagged && !is_plain) return std::nullopt;
  return file.substr(0, dot);
}

}  // namespace

std::string module_name(std::string_view path, const std::function<bool(const std::string&)>& is_package) {
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
  if (path == "[vdso]") return "vdso";
  const std::string_view file = file_name(path);
  const auto module = module_in(file);
  const std::string name(module.value_or(file));
  const auto installed = package_of(path);
  if (installed.has_value()) return std::string(*installed) + "/" + name;
  const std::string package = module.has_value() && is_package ? outermost_package(path, is_package) : std::string();
  return package.empty() ? name : package + "/" + name;
}

}  // namespace gilspy::native
