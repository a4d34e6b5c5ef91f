#include "src/sample/line_table.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace gilspy::sample {
namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> result;
  for (const int value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

// Heads: 0x80 | code << 3 | units - 1.
TEST(LineTable, ShortOneLineAndLongEntries) {
  // 1 unit short form (line 10); 2 units one-line form, +1 (11); 1 unit long form, +5 (16); 1 unit without a line.
  const auto table = bytes({0x80, 0x00, 0xd9, 0x00, 0x00, 0xf0, 0x0a, 0x00, 0x01, 0x01, 0xf8});
  const LineTable lines(LineFormat::kLocations, table, 10);
  EXPECT_EQ(lines.line_at(0), 10);
  EXPECT_EQ(lines.line_at(2), 11);
  EXPECT_EQ(lines.line_at(5), 11);
  EXPECT_EQ(lines.line_at(6), 16);
  EXPECT_EQ(lines.line_at(8), 0) << "code 15 has no line";
  EXPECT_EQ(lines.line_at(10), 0) << "behind the end";
}

// The end of an entry belongs to the next one: GIL waiters sit on the jump back, right behind another line's entry.
TEST(LineTable, EntriesEndBeforeTheNextOne) {
  const auto table = bytes({0xe8, 0x00, 0xe8, 0x02, 0xe8, 0x03});  // no columns: +0, +1, -1
  const LineTable lines(LineFormat::kLocations, table, 4);
  EXPECT_EQ(lines.line_at(0), 4);
  EXPECT_EQ(lines.line_at(2), 5);
  EXPECT_EQ(lines.line_at(4), 4);
}

// co_lnotab says where the line changes; a change of more than 127 lines, or 254 bytes, takes several pairs.
TEST(LineTable, LnotabPairs) {
  const LineTable lines(LineFormat::kLnotab, bytes({6, 1, 8, -2, 0, 127, 0, 3, 4, 1}), 10);
  EXPECT_EQ(lines.line_at(0), 10);
  EXPECT_EQ(lines.line_at(5), 10);
  EXPECT_EQ(lines.line_at(6), 11);
  EXPECT_EQ(lines.line_at(13), 11);
  EXPECT_EQ(lines.line_at(14), 139) << "-2, +127 and +3 at once";
  EXPECT_EQ(lines.line_at(18), 140);
  EXPECT_EQ(lines.line_at(60'000), 140) << "the last line has no end";
  EXPECT_EQ(LineTable(LineFormat::kLnotab, {}, 7).line_at(4), 7) << "a function of one line has an empty table";
}

// The table of 3.10 says which line a range of bytes has; -128: none.
TEST(LineTable, Ranges) {
  const LineTable lines(LineFormat::kRanges, bytes({6, 0, 2, -128, 4, 1, 0, 5, 2, -1}), 10);
  EXPECT_EQ(lines.line_at(4), 10);
  EXPECT_EQ(lines.line_at(6), 0);
  EXPECT_EQ(lines.line_at(8), 11);
  EXPECT_EQ(lines.line_at(12), 15) << "an empty range moves the line on";
  EXPECT_EQ(lines.line_at(14), 0) << "behind the end";
}

TEST(LineTable, GarbageIsHarmless) {
  EXPECT_EQ(LineTable(LineFormat::kLocations, {}, 7).line_at(0), 0);
  std::vector<std::byte> garbage;
  unsigned state = 12345;
  for (int round = 0; round < 2000; ++round) {
    garbage.clear();
    for (int i = 0; i < round % 97; ++i) {
      state = state * 1103515245U + 12345U;
      garbage.push_back(static_cast<std::byte>(state >> 16));
    }
    for (const LineFormat format : {LineFormat::kLnotab, LineFormat::kRanges, LineFormat::kLocations}) {
      EXPECT_GE(LineTable(format, garbage, 1).line_at(static_cast<std::uint32_t>(round)), 0);
    }
  }
}

}  // namespace
}  // namespace gilspy::sample
