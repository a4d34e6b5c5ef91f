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
  const LineTable lines(table, 10);
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
  const LineTable lines(table, 4);
  EXPECT_EQ(lines.line_at(0), 4);
  EXPECT_EQ(lines.line_at(2), 5);
  EXPECT_EQ(lines.line_at(4), 4);
}

TEST(LineTable, GarbageIsHarmless) {
  EXPECT_EQ(LineTable({}, 7).line_at(0), 0);
  std::vector<std::byte> garbage;
  unsigned state = 12345;
  for (int round = 0; round < 2000; ++round) {
    garbage.clear();
    for (int i = 0; i < round % 97; ++i) {
      state = state * 1103515245U + 12345U;
      garbage.push_back(static_cast<std::byte>(state >> 16));
    }
    EXPECT_GE(LineTable(garbage, 1).line_at(static_cast<std::uint32_t>(round)), 0);
  }
}

}  // namespace
}  // namespace gilspy::sample
