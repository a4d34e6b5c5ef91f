// Whatever a file holds: an error, or what is whole in it. Never a crash.
#include <gmock/gmock.h>

#include "files.h"
#include "formats/recording/recording_sink.h"
#include "recording.pb.h"
#include "same.h"
#include "sample_maker.h"

namespace gilspy::recording {
namespace {

using ::testing::HasSubstr;

constexpr int kBlocks = 4;

// Small: every byte of it is tried.
std::string small_recording() {
  SampleMaker maker(7);
  MemoryFile file;
  OneProcess sink(file, maker.stacks);
  sink.begin(made_up_facts());
  for (int block = 0; block < kBlocks; ++block) {
    for (int tick = 0; tick < 12; ++tick) sink.add(maker.next());
    if (block + 1 < kBlocks) sink.end_block(made_up_update(1));
  }
  EXPECT_TRUE(sink.end(made_up_update(2), "").has_value());
  return file.text;
}

// The messages of its blocks.
std::vector<std::string> messages_of(std::string_view file) {
  std::vector<std::string> messages;
  std::size_t at = file_header().size();
  while (at < file.size()) {
    std::uint32_t size = 0;
    std::memcpy(&size, file.data() + at, 4);
    const std::string_view frame = file.substr(at + 8, size);
    std::string message(ZSTD_getFrameContentSize(frame.data(), frame.size()), '\0');
    EXPECT_EQ(ZSTD_decompress(message.data(), message.size(), frame.data(), frame.size()), message.size());
    messages.push_back(message);
    at += 8 + size;
  }
  return messages;
}

std::string why_not(std::string_view file) {
  const auto replayed = replay_text(file);
  if (replayed.has_value()) return "it was read";
  EXPECT_EQ(replayed.error().code(), ErrorCode::kBadRecording);
  return replayed.error().message();
}

TEST(Damage, EveryTruncationGivesWhatIsWhole) {
  const std::string whole = small_recording();
  Nanos duration{0};
  int shorter = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto replayed = replay_text(std::string_view(whole).substr(0, size));
    if (!replayed.has_value()) {
      EXPECT_EQ(replayed.error().code(), ErrorCode::kBadRecording);
      EXPECT_EQ(shorter, 0) << "at " << size;
      continue;
    }
    ++shorter;
    EXPECT_FALSE(replayed->complete);
    EXPECT_THAT(replayed->profile.end_note, HasSubstr("ends in the middle at"));
    EXPECT_GE(replayed->profile.duration, duration);
    duration = replayed->profile.duration;
  }
  EXPECT_GT(shorter, 0);
  EXPECT_TRUE(replay_text(whole)->complete);
  EXPECT_TRUE(replay_text(whole + "something behind it")->complete);
}

// Some bits of a zstd frame mean nothing, or the same either way: what the checksum covers is the content.
TEST(Damage, EveryFlippedBitIsNoticedOrWithoutEffect) {
  const std::string whole = small_recording();
  const auto undamaged = replay_text(whole);
  for (std::size_t bit = 0; bit < 8 * whole.size(); bit += 3) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const auto replayed = replay_text(damaged);
    if (!replayed.has_value()) continue;
    if (replayed->complete) {
      expect_same(replayed->profile, undamaged->profile);
    } else {
      EXPECT_THAT(replayed->profile.end_note, HasSubstr("is damaged at")) << "bit " << bit;
    }
  }
}

// As if somebody meant it: the checksums are right, what they cover is not.
TEST(Damage, EveryByteOfAMessageMayBeWrong) {
  const std::vector<std::string> messages = messages_of(small_recording());
  ASSERT_EQ(messages.size(), static_cast<std::size_t>(kBlocks));
  for (std::size_t damaged = 0; damaged < messages.size(); ++damaged) {
    std::string before = file_header(), behind;
    for (std::size_t i = 0; i < messages.size(); ++i)
      (i < damaged ? before : behind) += i == damaged ? "" : packed(messages[i]);
    for (std::size_t at = 0; at < messages[damaged].size(); ++at) {
      for (const char byte : {'\0', '\x7f', '\x80', '\xff'}) {
        std::string message = messages[damaged];
        message[at] = byte;
        static_cast<void>(replay_text(before + packed(message) + behind));
      }
    }
  }
}

TEST(Damage, IsSaidInOneLine) {
  const std::string whole = small_recording();
  EXPECT_THAT(why_not(""), HasSubstr("empty"));
  EXPECT_THAT(why_not("<svg>"), HasSubstr("not a recording"));
  EXPECT_THAT(why_not("\x8egil"), HasSubstr("ends before its first block"));
  EXPECT_THAT(why_not(file_header()), HasSubstr("ends before its first block"));
  EXPECT_THAT(why_not(whole.substr(0, 100)), HasSubstr("ends before its first block"));
  EXPECT_THAT(why_not(file_header(3) + whole.substr(16)), HasSubstr("format 3"));
  EXPECT_THAT(why_not(file_header(0)), HasSubstr("format 0"));
  EXPECT_THAT(why_not(file_header() + std::string(100, 'x')), HasSubstr("damaged from its beginning"));
  EXPECT_THAT(why_not(file_header() + packed("no message")), HasSubstr("damaged from its beginning"));
}

TEST(Damage, ARecordingWithoutATickIsNone) {
  StackTable stacks;
  MemoryFile file;
  OneProcess sink(file, stacks);
  sink.begin(made_up_facts());
  ASSERT_TRUE(sink.end({}, "").has_value());
  EXPECT_THAT(why_not(file.text), HasSubstr("first tick"));
}

// A few bytes can claim to be billions of rows: it costs no more than the bytes that are there.
TEST(Damage, AClaimOfManyRowsIsNotBelieved) {
  for (const auto count : {&wire::Block::set_ticks, &wire::Block::set_frames, &wire::Block::set_nodes}) {
    wire::Block block;
    block.mutable_header();
    (block.*count)(0xffffffffU);
    EXPECT_THAT(why_not(file_header() + packed(block.SerializeAsString())), HasSubstr("it"));
  }
}

TEST(Damage, ABlockThatUnpacksToTooMuchIsRefused) {
  EXPECT_THAT(why_not(file_header() + packed(std::string(17U << 20, '\0'))), HasSubstr("damaged"));
}

TEST(Damage, FieldsOfALaterGilspyAreSkipped) {
  std::string file = file_header();
  for (const std::string& message : messages_of(small_recording())) {
    file += packed(message + std::string("\xfa\x3e\x03new", 6));  // field 1007, of three bytes
  }
  const auto replayed = replay_text(file);
  ASSERT_TRUE(replayed.has_value()) << replayed.error().message();
  EXPECT_TRUE(replayed->complete);
}

}  // namespace
}  // namespace gilspy::recording
