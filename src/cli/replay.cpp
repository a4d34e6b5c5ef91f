#include "replay.h"

#include <deque>
#include <utility>
#include <vector>

#include "gilspy/aggregate.h"
#include "profile_builder.h"

namespace gilspy::cli {
namespace {

struct Process {
  ProfileBuilder builder;
  bool any = false;  // tick
};

}  // namespace

Result<Replayed> replay(recording::RecordingReader& reader) {
  using Item = recording::RecordingReader::Item;
  std::deque<Process> processes;
  for (Item item = reader.next(); item != Item::kEnd; item = reader.next()) {
    while (processes.size() < reader.processes()) {
      processes.emplace_back().builder.begin(reader.facts(processes.size() - 1));
    }
    Process& process = processes[reader.process()];
    if (item == Item::kSample) {
      process.builder.add(reader.sample());
      process.any = true;
    } else {
      process.builder.update(reader.update());
    }
  }
  const recording::Ending& ending = reader.ending();
  std::vector<Profile> profiles;
  for (std::size_t i = 0; i < processes.size(); ++i) {
    if (!processes[i].any) continue;
    const std::string& note = reader.is_of_several() ? reader.end_note(i) : ending.note;
    profiles.push_back(processes[i].builder.finish(reader.take_stacks(i), note));
  }
  if (profiles.empty()) return fail(ErrorCode::kBadRecording, "it ends before its first tick: nothing is in it");
  if (!reader.is_of_several()) return Replayed{std::move(profiles.front()), ending.complete};
  Replayed replayed{combined(std::move(profiles)), ending.complete};
  replayed.profile.end_note = ending.note;
  replayed.profile.unread = ending.unread;
  return replayed;
}

}  // namespace gilspy::cli
