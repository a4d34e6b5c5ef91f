#include "formats/recording/columns.h"

#include <gtest/gtest.h>

#include <limits>

#include "gilspy/sample.h"

namespace gilspy::recording {
namespace {

wire::Block block_of(ColumnWriter& writer) {
  wire::Block block;
  const auto columns = writer.take();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].empty()) continue;
    wire::Column& column = *block.add_columns();
    column.set_kind(static_cast<Kind>(i));
    column.set_values(columns[i]);
  }
  return block;
}

TEST(Varint, AnyNumberComesBack) {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{127}, std::uint64_t{128},
                                    std::uint64_t{300}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    std::string bytes;
    put_varint(bytes, value);
    std::string_view rest = bytes;
    EXPECT_EQ(take_varint(rest), value);
    EXPECT_TRUE(rest.empty());
  }
}

TEST(Varint, IsRefusedWhereItEndsEarlyOrGoesOn) {
  for (const std::string& bytes :
       {std::string(), std::string("\x80"), std::string(10, '\xff'), std::string(11, '\x80')}) {
    std::string_view rest = bytes;
    EXPECT_EQ(take_varint(rest), std::nullopt);
    EXPECT_EQ(rest.size(), bytes.size());
  }
}

TEST(Zigzag, SmallNumbersStaySmall) {
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1}, std::int64_t{-64}, std::numeric_limits<std::int64_t>::min(),
        std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(unzigzag(zigzag(value)), value);
  }
  EXPECT_EQ(zigzag(-1), 1u);
  EXPECT_EQ(zigzag(1), 2u);
}

TEST(Columns, AreSmallWhereNothingChanges) {
  ColumnWriter writer;
  for (int i = 0; i < 1000; ++i) writer.runs(wire::TICK_PERIOD, Nanos(1'000'000));
  wire::Block block = block_of(writer);
  ASSERT_EQ(block.columns_size(), 1);
  EXPECT_EQ(block.columns(0).values().size(), 5u);  // the value in 3 bytes, the length in 2
  ColumnReader reader(block);
  Nanos value{0};
  for (int i = 0; i < 1000; ++i) reader.runs(wire::TICK_PERIOD, value);
  EXPECT_EQ(value, Nanos(1'000'000));
  EXPECT_TRUE(reader.ok() && reader.exhausted());
  reader.runs(wire::TICK_PERIOD, value);
  EXPECT_FALSE(reader.ok());
}

TEST(Columns, OfZerosAreLeftOutButForThoseThatBoundTheRows) {
  ColumnWriter writer;
  writer.plain(wire::GIL_HANDOFFS, std::uint64_t{0});
  writer.runs(wire::TICK_FLAGS, 0U);
  writer.plain(wire::GIL_SHAPE, 0U);
  const wire::Block block = block_of(writer);
  ASSERT_EQ(block.columns_size(), 1);
  EXPECT_EQ(block.columns(0).kind(), wire::GIL_SHAPE);
  ColumnReader reader(block);
  std::uint64_t value = 7;
  reader.plain(wire::GIL_HANDOFFS, value);
  EXPECT_EQ(value, 0u);
  EXPECT_TRUE(reader.ok());
  reader.plain(wire::FACT_THREAD, value);
  EXPECT_FALSE(reader.ok());
}

TEST(Columns, RunsEndWhereAValueChanges) {
  ColumnWriter writer;
  const std::vector<int> values{0, 0, -3, -3, -3, 5, 0};
  for (const int value : values) writer.runs(wire::STARTED_INTERPRETER, value);
  const wire::Block block = block_of(writer);
  ColumnReader reader(block);
  for (const int expected : values) {
    int value = 99;
    reader.runs(wire::STARTED_INTERPRETER, value);
    EXPECT_EQ(value, expected);
  }
  EXPECT_TRUE(reader.exhausted());
}

TEST(Columns, BitsShareANumber) {
  const WaitPlace place = WaitPlace::kGilMutex;
  const bool flag = true;
  ColumnWriter writer;
  writer.bits(wire::FACT_SHAPE, Bits{flag, 1, true}, Bits{place, 2, WaitPlace::kGilMutex});
  const wire::Block block = block_of(writer);
  EXPECT_EQ(block.columns(0).values(), std::string(1, '\x05'));
  bool read_flag = false;
  WaitPlace read_place = WaitPlace::kNone;
  ColumnReader reader(block);
  reader.bits(wire::FACT_SHAPE, Bits{read_flag, 1, true}, Bits{read_place, 2, WaitPlace::kGilMutex});
  EXPECT_TRUE(reader.ok() && read_flag && read_place == place);
}

TEST(Columns, AnEnumThatDoesNotExistIsRefused) {
  ColumnWriter writer;
  writer.plain(wire::FACT_SHAPE, 3U);
  const wire::Block block = block_of(writer);
  WaitPlace place = WaitPlace::kNone;
  ColumnReader reader(block);
  reader.bits(wire::FACT_SHAPE, Bits{place, 2, WaitPlace::kGilMutex});
  EXPECT_FALSE(reader.ok());
}

TEST(Columns, ATextThatIsLongerThanItsColumnIsRefused) {
  wire::Block block;
  wire::Column& column = *block.add_columns();
  column.set_kind(wire::STARTED_NAME);
  column.set_values(
      std::string("\x05"
                  "abc",
                  4));
  ColumnReader reader(block);
  std::string name;
  reader.text(wire::STARTED_NAME, name);
  EXPECT_FALSE(reader.ok());
}

TEST(Columns, OfALaterGilspyAreSkipped) {
  wire::Block block;
  block.add_columns()->set_kind(static_cast<Kind>(1'000'000));
  EXPECT_TRUE(ColumnReader(block).exhausted());
}

}  // namespace
}  // namespace gilspy::recording
