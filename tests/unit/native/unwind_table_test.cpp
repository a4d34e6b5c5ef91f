#include "src/native/unwind_table.h"

#include <gtest/gtest.h>

#include "tests/unit/native/probe_files.h"

namespace gilspy::native {
namespace {

TEST(UnwindTable, TellsWhereFunctionsBegin) {
  OwnProcess process;
  for (const RemoteAddr begin : {address_of(probe_leaf), address_of(probe_start), address_of(probe_build)}) {
    const NativeImage* const image = process.space.image_at(begin);
    ASSERT_NE(image, nullptr);
    EXPECT_TRUE(begins_function(process.space, *image, begin));
    EXPECT_FALSE(begins_function(process.space, *image, begin + 1));
    EXPECT_EQ(function_begin(process.space, *image, begin + 1), begin);
    EXPECT_NE(function_begin(process.space, *image, begin - 1), begin);
  }
}

// A table in a few bytes of memory.
class TableMemory final : public NativeMemory {
 public:
  static constexpr RemoteAddr kTable{0x5000};

  SparseMemory memory;
  NativeImage image{.path = "/a.so", .begin = RemoteAddr(0x1000), .end = RemoteAddr(0x9000), .unwind_table = kTable};

  explicit TableMemory(const std::vector<std::int32_t>& begins) {
    memory.put(kTable, std::array<std::uint8_t, 4>{1, 0x1b, 0x03, 0x3b});
    memory.put(kTable + 4, std::int32_t{0x100});
    set_count(static_cast<std::uint32_t>(begins.size()));
    for (std::size_t i = 0; i < begins.size(); ++i) {
      memory.put(kTable + 12 + 8 * i, std::array<std::int32_t, 2>{begins[i], 0x200});
    }
    image.unwind_size = 12 + 8 * begins.size();
  }
  void set_count(std::uint32_t count) { memory.put(kTable + 8, count); }
  const NativeImage* image_at(RemoteAddr) override { return &image; }
  bool read(RemoteAddr from, std::span<std::byte> into) override { return memory.copy(from, into); }
  bool is_data(RemoteAddr) override { return false; }
  std::optional<RemoteAddr> begin(std::uint64_t address) { return function_begin(*this, image, RemoteAddr(address)); }
};

TEST(UnwindTable, IsSearched) {
  TableMemory table({-0x3000, -0x2ff0, -0x2000, 0x100});
  EXPECT_EQ(table.begin(0x1fff), std::nullopt);
  EXPECT_EQ(table.begin(0x2000), RemoteAddr(0x2000));
  EXPECT_EQ(table.begin(0x200f), RemoteAddr(0x2000));
  EXPECT_EQ(table.begin(0x2010), RemoteAddr(0x2010));
  EXPECT_EQ(table.begin(0x3001), RemoteAddr(0x3000));
  EXPECT_EQ(table.begin(0x5100), RemoteAddr(0x5100));
  EXPECT_EQ(table.begin(0xffffffff), RemoteAddr(0x5100));
}

TEST(UnwindTable, OfOneAndOfNone) {
  EXPECT_EQ(TableMemory({-0x3000}).begin(0x2001), RemoteAddr(0x2000));
  EXPECT_EQ(TableMemory({}).begin(0x2001), std::nullopt);
}

TEST(UnwindTable, ThatCannotBeUsed) {
  const auto spoilt = [](const std::function<void(TableMemory&)>& spoil) {
    TableMemory table({-0x3000, -0x2000});
    EXPECT_NE(table.begin(0x2001), std::nullopt);
    spoil(table);
    return table.begin(0x2001);
  };
  EXPECT_EQ(spoilt([](TableMemory& t) { t.image.unwind_table = {}; }), std::nullopt);
  EXPECT_EQ(spoilt([](TableMemory& t) { t.image.unwind_size = 11; }), std::nullopt);
  EXPECT_EQ(spoilt([](TableMemory& t) { t.set_count(3); }), std::nullopt);
  EXPECT_EQ(spoilt([](TableMemory& t) { t.set_count(0xffffffff); }), std::nullopt);
  for (const std::uint64_t field : {0U, 1U, 2U, 3U}) {
    EXPECT_EQ(spoilt([=](TableMemory& t) { t.memory.put(t.kTable + field, std::uint8_t{0xff}); }), std::nullopt);
  }
  EXPECT_EQ(spoilt([](TableMemory& t) { t.memory.remove(t.kTable + 4, 4); }), std::nullopt);
  EXPECT_EQ(spoilt([](TableMemory& t) { t.memory.remove(t.kTable + 20, 4); }), std::nullopt);
}

}  // namespace
}  // namespace gilspy::native
