#include "not_python.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "names.h"

namespace gilspy::locate {
namespace {

// Command lines are other people's bytes: one line, not too long, nothing that moves the cursor.
std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  std::string line(text.substr(0, kLongest));
  for (char& c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = ' ';
  }
  return text.size() > kLongest ? line + "..." : line;
}

std::string name_of(const ProcessIdentity& process) {
  if (!process.executable.empty()) return shown(file_name(process.executable));
  return process.command.empty() ? "?" : shown(file_name(process.command.front()));
}

std::string command_of(const ProcessIdentity& process) {
  if (process.command.empty()) return name_of(process);
  std::string line(file_name(process.command.front()));
  for (std::size_t i = 1; i < process.command.size(); ++i) line += ' ' + process.command[i];
  return shown(line);
}

}  // namespace

std::string named_process(const ProcessIdentity& process) {
  return fmt::format("{} ({})", to_int(process.pid), command_of(process));
}

// A program of any name that has a libpython, or modules of the standard library: it brings its own Python along.
std::vector<ProcessIdentity> python_descendants(Target& target) {
  std::vector<ProcessIdentity> found = target.descendants();
  std::erase_if(found, [&](const ProcessIdentity& process) {
    return !looks_like_python(process) && std::ranges::none_of(target.files_mapped_by(process.pid), is_python_file);
  });
  return found;
}

namespace {

std::string listed(std::span<const ProcessIdentity> processes) {
  constexpr std::size_t kMost = 4;
  std::string line;
  for (std::size_t i = 0; i < processes.size() && i < kMost; ++i) {
    line += (i == 0 ? "" : ", ") + named_process(processes[i]);
  }
  if (processes.size() > kMost) line += fmt::format(" and {} more", processes.size() - kMost);
  return line;
}

}  // namespace

std::string number_inside_text(Pid inner, std::span<const ProcessIdentity> known_by_it) {
  std::vector<ProcessIdentity> pythons;
  std::ranges::copy_if(known_by_it, std::back_inserter(pythons), looks_like_python);
  if (pythons.empty()) return "";
  const int first = to_int(pythons.front().pid);
  if (pythons.size() == 1) {
    return fmt::format("process {} inside of a container is process {} here: use --pid {}", to_int(inner),
                       named_process(pythons.front()), first);
  }
  return fmt::format("inside of containers process {} is one of {} here: use --pid {}, for example", to_int(inner),
                     listed(pythons), first);
}

std::string not_python_text(const ProcessIdentity& process, std::span<const ProcessIdentity> pythons) {
  const auto name = name_of(process);
  const auto head = fmt::format("process {} ({}) is not Python", to_int(process.pid), name);
  if (pythons.empty()) return head;
  return fmt::format("{}, but its {} {} {}: use --pid {}", head, pythons.size() == 1 ? "child" : "children",
                     listed(pythons), pythons.size() == 1 ? "is" : "are", to_int(pythons.front().pid));
}

}  // namespace gilspy::locate
