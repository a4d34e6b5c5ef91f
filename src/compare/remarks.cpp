#include "remarks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gilspy/wording.h"

namespace gilspy::compare {
namespace {

constexpr double kMuchLonger = 3;
constexpr double kMuchMoreQueued = 0.5;  // threads
constexpr double kManyGaps = 0.02;

double share(Nanos part, Nanos whole) { return whole > Nanos{0} ? double(part.count()) / double(whole.count()) : 0.0; }

std::string python_of(const TargetFacts& target) {
  return fmt::format("CPython {}{}", target.python.text(), target.free_threaded ? " (free-threaded)" : "");
}

// The arguments without folders; the first word is an interpreter's name.
std::string command_of(const TargetFacts& target) {
  constexpr std::size_t kMost = 60;
  std::string command;
  for (std::size_t i = 1; i < target.command.size(); ++i) {
    const std::string& word = target.command[i];
    command += (command.empty() ? "" : " ") + word.substr(word.rfind('/') + 1);  // npos + 1 is 0
  }
  command = wording::printable(command);
  return command.size() <= kMost ? command : wording::valid_utf8(command.substr(0, kMost)) + "..";
}

bool same_recording(const Profile& base, const Profile& head) {
  return base.began > Nanos{0} && base.began == head.began && base.target.pid == head.target.pid &&
         base.duration == head.duration;
}

double queued(const Profile& profile) { return share(profile.pressure.queued, profile.pressure.watched); }

void add_about_one(std::vector<std::string>& lines, const char* side, const Profile& profile) {
  if (!profile.end_note.empty()) {
    lines.push_back(fmt::format("{} ended early: {}", side, wording::printable(profile.end_note)));
  }
  if (const double gaps = share(profile.quality.gaps, profile.duration); gaps > kManyGaps) {
    lines.push_back(fmt::format("gilspy itself did not run for {} of {}", wording::percent(gaps), side));
  }
  if (!profile.quality.system_calls_told) {
    lines.push_back(
        fmt::format("the kernel did not tell what threads are blocked in while {} was recorded: most of its "
                    "waiting is unknown",
                    side));
  }
}

}  // namespace

std::vector<std::string> remarks(const Profile& base, const Profile& head) {
  std::vector<std::string> lines;
  if ((base.quality.native.all() > 0) != (head.quality.native.all() > 0)) {
    lines.push_back(fmt::format("only {} was recorded with native functions (--native): the graph leaves them out",
                                base.quality.native.all() > 0 ? "BASE" : "HEAD"));
  }
  if (same_recording(base, head)) lines.emplace_back("BASE and HEAD are the same recording");
  add_about_one(lines, "BASE", base);
  add_about_one(lines, "HEAD", head);
  const auto add = [&](const char* what, const std::string& was, const std::string& is) {
    if (was != is) lines.push_back(fmt::format("{}: {} in BASE, {} in HEAD", what, was, is));
  };
  add("another Python", python_of(base.target), python_of(head.target));
  const auto processes = [](const Profile& profile) {
    return wording::grouped(std::max<std::size_t>(profile.processes.size(), 1));
  };
  add("another number of processes", processes(base), processes(head));
  add("another command", command_of(base.target), command_of(head.target));
  add("other CPUs to run on", fmt::format("{:.3g}", base.cpus.available()),
      fmt::format("{:.3g}", head.cpus.available()));
  const Nanos shorter = std::min(base.duration, head.duration), longer = std::max(base.duration, head.duration);
  if (double(longer.count()) > kMuchLonger * double(shorter.count())) {
    add("very different lengths", wording::seconds(base.duration), wording::seconds(head.duration));
  }
  if (base.quality.rate_hz != head.quality.rate_hz) {
    add("other sampling rates", fmt::format("{:g} Hz", base.quality.rate_hz),
        fmt::format("{:g} Hz", head.quality.rate_hz));
  }
  if (std::abs(queued(base) - queued(head)) > kMuchMoreQueued) {
    add("another load on the machine, threads that queued for a CPU", fmt::format("{:.1f}", queued(base)),
        fmt::format("{:.1f}", queued(head)));
  }
  return lines;
}

}  // namespace gilspy::compare
