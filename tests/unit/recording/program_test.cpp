// Recordings of several processes.
#include <gmock/gmock.h>

#include "files.h"
#include "gilspy/aggregate.h"
#include "recording.pb.h"
#include "same.h"
#include "sample_maker.h"
#include "src/cli/profile_builder.h"

namespace gilspy::recording {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

RunFacts facts_of(int pid) {
  RunFacts facts = made_up_facts();
  facts.identity.pid = Pid{pid};
  return facts;
}

// As a run does it: in turn, the second process comes later and ends sooner, the third never has a block.
struct MadeUpProgram {
  MemoryFile file;
  std::vector<Profile> processes;

  explicit MadeUpProgram(int ticks) {
    RecordingFile recording(file, RecordingFile::Of::kSeveral);
    SampleMaker root(1), child(2), brief(3);
    RecordingSink of_root(recording, root.stacks), of_child(recording, child.stacks), of_brief(recording, brief.stacks);
    cli::ProfileBuilder root_profile, child_profile;
    of_root.begin(facts_of(1));
    of_child.begin(facts_of(2));
    of_brief.begin(facts_of(3));
    root_profile.begin(facts_of(1));
    child_profile.begin(facts_of(2));
    const auto add = [](SampleMaker& maker, RecordingSink& sink, cli::ProfileBuilder& builder) {
      const Sample sample = maker.next();
      sink.add(sample);
      builder.add(sample);
    };
    for (int tick = 0; tick < ticks; ++tick) {
      add(root, of_root, root_profile);
      if (tick >= 20 && tick < 60) add(child, of_child, child_profile);
      if (tick < 3) of_brief.add(brief.next());
      if (tick % 25 == 24) {
        of_root.end_block(made_up_update(1));
        root_profile.update(made_up_update(1));
      }
      if (tick == 60) {
        of_child.end(made_up_update(2), "it was executed");
        child_profile.update(made_up_update(2));
      }
    }
    of_root.end(made_up_update(3), "");
    root_profile.update(made_up_update(3));
    EXPECT_TRUE(recording.close("the process ended", {"process 7 may not be read"}).has_value());
    processes.push_back(root_profile.finish(std::move(root.stacks), ""));
    processes.push_back(child_profile.finish(std::move(child.stacks), "it was executed"));
  }
};

TEST(Program, EachProcessComesBack) {
  const MadeUpProgram program(100);
  const auto replayed = replay_text(program.file.text);
  ASSERT_TRUE(replayed.has_value()) << replayed.error().message();
  EXPECT_TRUE(replayed->complete);
  EXPECT_EQ(replayed->profile.end_note, "the process ended");
  EXPECT_THAT(replayed->profile.unread, ElementsAre("process 7 may not be read"));
  const Profile expected = combined(program.processes);
  ASSERT_EQ(replayed->profile.processes.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) expect_same(replayed->profile.processes[i], expected.processes[i]);
  expect_same(replayed->profile.threads, expected.threads);
  expect_same(replayed->profile.stacks, expected.stacks);
}

// A kill of gilspy leaves what was written until then, of every process.
TEST(Program, EveryTruncationGivesWhatIsWhole) {
  const MadeUpProgram program(70);
  const std::string& whole = program.file.text;
  std::size_t most = 0;
  for (std::size_t size = 16; size < whole.size(); size += 7) {
    const auto replayed = replay_text(std::string_view(whole).substr(0, size));
    if (!replayed.has_value()) continue;
    EXPECT_FALSE(replayed->complete);
    EXPECT_THAT(replayed->profile.end_note, HasSubstr("ends in the middle at"));
    EXPECT_GE(replayed->profile.processes.size(), most);
    most = replayed->profile.processes.size();
  }
  EXPECT_EQ(most, 2U);
}

wire::Block block_of(std::uint32_t number, std::uint32_t process, bool header) {
  wire::Block block;
  block.set_number(number);
  block.set_process(process);
  if (header) block.mutable_header();
  return block;
}

std::string file_of(const std::vector<wire::Block>& blocks) {
  std::string file = file_header(2);
  for (const wire::Block& block : blocks) file += packed(block.SerializeAsString());
  return file;
}

std::string note_of(const std::vector<wire::Block>& blocks) {
  const std::string file = file_of(blocks);
  MemorySource source(file);
  const auto reader = RecordingReader::open(source);
  if (!reader.has_value()) return reader.error().message();
  while ((*reader)->next() != RecordingReader::Item::kEnd) {
  }
  return (*reader)->ending().note;
}

TEST(Program, ProcessesAreNumberedInOrderAndIntroduced) {
  EXPECT_THAT(note_of({block_of(0, 0, true), block_of(1, 2, true)}), HasSubstr("damaged"));
  EXPECT_THAT(note_of({block_of(0, 0, true), block_of(1, 1, false)}), HasSubstr("damaged"));
  EXPECT_THAT(note_of({block_of(0, 1, true)}), HasSubstr("damaged"));
  EXPECT_THAT(note_of({block_of(0, 0, true), block_of(1, 1, true)}), HasSubstr("ends in the middle"));
}

TEST(Program, NothingFollowsTheEndOfAProcess) {
  wire::Block last = block_of(0, 0, true);
  last.mutable_end();
  EXPECT_THAT(note_of({last, block_of(1, 0, false)}), HasSubstr("damaged"));
}

TEST(Program, ManyBytesMayBeWrong) {
  const MadeUpProgram program(40);
  std::string damaged = program.file.text;
  for (std::size_t at = 16; at < damaged.size(); at += 5) {
    const char kept = damaged[at];
    damaged[at] = static_cast<char>(kept ^ 0x41);
    static_cast<void>(replay_text(damaged));
    damaged[at] = kept;
  }
}

}  // namespace
}  // namespace gilspy::recording
