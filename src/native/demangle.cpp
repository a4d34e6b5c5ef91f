#include "demangle.h"

// <string.h> declares it, too, and clang holds both against each other.
#define HAVE_DECL_BASENAME 1
#include <libiberty/demangle.h>

#include <cstdlib>
#include <memory>

namespace gilspy::native {
namespace {

constexpr std::size_t kLongest = 2'000;  // longer ones are not looked at: templates of templates
constexpr std::size_t kMostShown = 160;

// ".cold", ".part.0", ".constprop.0.isra.0", ".llvm.123", "@@GLIBC_2.34"
std::string_view without_suffixes(std::string_view symbol) {
  symbol = symbol.substr(0, symbol.find('@'));
  const std::size_t dot = symbol.find('.', 1);
  return symbol.substr(0, dot);
}

// Empty: it is not mangled.
std::string in_words(std::string_view symbol) {
  const std::string name(symbol);
  const int style = name.starts_with("_R") ? DMGL_RUST : DMGL_AUTO;
  const std::unique_ptr<char, void (*)(void*)> text(::cplus_demangle(name.c_str(), style), std::free);
  return text == nullptr ? std::string() : std::string(text.get());
}

// Older names of Rust have dots in them, others what compilers append behind one: that goes, part by part, until the
// rest is a name.
std::string without_mangling(std::string_view symbol) {
  symbol = symbol.substr(0, symbol.find('@'));
  for (std::string_view rest = symbol;;) {
    std::string name = in_words(rest);
    name = name.substr(0, name.find(" [clone "));
    if (!name.empty()) return name;
    const std::size_t dot = rest.rfind('.');
    if (dot == rest.npos || dot == 0) return std::string(without_suffixes(symbol));
    rest = rest.substr(0, dot);
  }
}

// "a<b<c>>::d<e>" becomes "a<...>::d<...>". What "<" stands for in operator names stays.
std::string short_templates(std::string_view name) {
  std::string result;
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const std::string_view before(name.data(), i);
    const bool is_operator = before.ends_with("operator") || before.ends_with("operator<") ||
                             before.ends_with("operator>") || before.ends_with("operator-");
    if (name[i] == '<' && !is_operator && i > 0) {
      if (depth++ == 0) result += "<...>";
      continue;
    }
    if (name[i] == '>' && !is_operator && depth > 0) {
      --depth;
      continue;
    }
    if (depth == 0) result += name[i];
  }
  return depth == 0 ? result : std::string(name);
}

}  // namespace

std::string demangled(std::string_view symbol) {
  const bool is_mangled = symbol.starts_with("_Z") || symbol.starts_with("_R");
  if (!is_mangled) return std::string(without_suffixes(symbol));
  if (symbol.size() > kLongest) return std::string(symbol.substr(0, kMostShown)) + "...";
  // Rust's older names look like C++'s, with a part behind that is a hash: libiberty leaves it away.
  std::string name = without_mangling(symbol);
  if (name.size() > kMostShown / 2) name = short_templates(name);
  if (name.size() > kMostShown) name = name.substr(0, kMostShown) + "...";
  return name;
}

}  // namespace gilspy::native
