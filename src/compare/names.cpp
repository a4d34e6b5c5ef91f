#include "names.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "gilspy/layout.h"
#include "gilspy/wording.h"

namespace gilspy::compare {
namespace {

// By what the code objects of a recording say.
using FileNames = std::map<std::string, std::string>;

FileNames short_names(const Profile& profile) {
  FileNames names;
  for (std::size_t i = 0; i < profile.table.frame_count(); ++i) {
    const std::string& file = profile.table.frame(FrameId(static_cast<std::uint32_t>(i))).file;
    const auto [place, is_new] = names.try_emplace(file);
    if (is_new) place->second = wording::short_file(file, profile.target);
  }
  return names;
}

std::set<std::string> values_of(const FileNames& names) {
  std::set<std::string> values;
  for (const auto& [file, name] : names) values.insert(name);
  return values;
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }  // npos + 1 is 0

// The longest end of both that consists of whole parts: "app/a.py" of "/ci/1/app/a.py" and "/ci/2/app/a.py".
std::string_view common_tail(std::string_view a, std::string_view b) {
  std::size_t same = 0, whole = 0;
  while (same < std::min(a.size(), b.size()) && a[a.size() - 1 - same] == b[b.size() - 1 - same]) {
    ++same;
    if (a[a.size() - same] == '/') whole = same - 1;
  }
  const auto ends_part = [same](std::string_view path) {
    return path.size() == same || path[path.size() - 1 - same] == '/';
  };
  return a.substr(a.size() - (ends_part(a) && ends_part(b) ? same : whole));
}

// Every package has a file of this name.
bool says_something(std::string_view tail) { return !tail.empty() && tail != "__init__.py" && tail != "__main__.py"; }

// Names on one side only that may mean a file of the other side, by their last part. Relative ones must agree: a file
// in another folder of the project is another file.
struct Candidates {
  std::vector<std::string> base;
  std::vector<std::string> head;
};

std::map<std::string, Candidates> candidates(const std::set<std::string>& base, const std::set<std::string>& head) {
  std::map<std::string, Candidates> by_last_part;
  const auto add = [&](const std::set<std::string>& names, const std::set<std::string>& others, auto member) {
    for (const std::string& name : names) {
      if (others.count(name) == 0) (by_last_part[std::string(last_part(name))].*member).push_back(name);
    }
  };
  add(base, head, &Candidates::base);
  add(head, base, &Candidates::head);
  return by_last_part;
}

// The one of `names` that has the longest tail in common with `name`; empty when several do.
std::string best_match(const std::string& name, const std::vector<std::string>& names) {
  std::string best;
  std::size_t longest = 0;
  for (const std::string& other : names) {
    const bool absolute = name.starts_with('/') || other.starts_with('/');
    const std::string_view tail = common_tail(name, other);
    if (!absolute || !says_something(tail) || tail.size() < longest) continue;
    best = tail.size() == longest ? std::string() : other;
    longest = tail.size();
  }
  return best;
}

// Names of one side to those that both sides have.
struct Renamed {
  std::map<std::string, std::string> base;
  std::map<std::string, std::string> head;
};

Renamed renamed(const FileNames& base, const FileNames& head) {
  constexpr std::size_t kMost = 1'000'000;  // pairs: recordings can claim anything
  Renamed found;
  for (const auto& [last, group] : candidates(values_of(base), values_of(head))) {
    if (group.base.size() * group.head.size() > kMost) continue;
    for (const std::string& name : group.base) {
      const std::string match = best_match(name, group.head);
      if (match.empty() || best_match(match, group.base) != name) continue;
      const std::string tail(common_tail(name, match));
      found.base[name] = tail;
      found.head[match] = tail;
    }
  }
  return found;
}

bool has_qualified_names(const TargetFacts& target) {
  return layout::has_qualified_names(target.python, target.free_threaded);
}

std::vector<std::string> named(const Profile& profile, const FileNames& files,
                               const std::map<std::string, std::string>& renamed, bool qualified) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < profile.table.frame_count(); ++i) {
    const Frame& frame = profile.table.frame(FrameId(static_cast<std::uint32_t>(i)));
    std::string_view function = frame.function.empty() ? std::string_view("(no name)") : frame.function;
    if (!qualified) function = function.substr(function.rfind('.') + 1);
    const std::string& file = files.at(frame.file);
    const auto other = renamed.find(file);
    const std::string& shown = other == renamed.end() ? file : other->second;
    names.push_back(shown.empty() ? std::string(function) : fmt::format("{} ({})", function, shown));
  }
  return names;
}

}  // namespace

SharedNames shared_names(const Profile& base, const Profile& head) {
  const FileNames base_files = short_names(base);
  const FileNames head_files = short_names(head);
  const Renamed files = renamed(base_files, head_files);
  const bool qualified = has_qualified_names(base.target) == has_qualified_names(head.target);
  return {named(base, base_files, files.base, qualified), named(head, head_files, files.head, qualified)};
}

}  // namespace gilspy::compare
