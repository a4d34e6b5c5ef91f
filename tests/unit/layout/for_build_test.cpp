#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "gilspy/layout.h"
#include "platform/replay/fake_target.h"
#include "src/layout/complete.h"
#include "src/layout/debug_offsets.h"
#include "src/layout/tables/cpython_3_13.h"
#include "src/layout/tables/cpython_3_13t.h"
#include "src/layout/tables/cpython_3_14.h"
#include "src/layout/tables/cpython_3_14t.h"
#include "src/layout/tables/cpython_3_15.h"
#include "src/layout/tables/cpython_3_15t.h"

namespace gilspy::layout {
namespace {

using ::testing::HasSubstr;

constexpr RemoteAddr kRuntime{0x10000};

RuntimeLocation location_of(int minor, bool free_threaded = false) {
  RuntimeLocation location;
  location.runtime = kRuntime;
  location.version = {3, minor, 1};
  location.free_threaded = free_threaded;
  location.binary = "/opt/python";
  return location;
}

Offset field_of(const RuntimeLayout& layout, std::size_t field) {
  Offset value = 0;
  std::memcpy(&value, reinterpret_cast<const std::byte*>(&layout) + field, sizeof(value));
  return value;
}

struct Published {
  int minor = 0;
  bool free_threaded = false;
  const RuntimeLayout* table = nullptr;
  std::span<const DebugSlot> slots;
};

const Published kPublished[] = {
    {13, false, &tables::kCpython313, tables::kDebugOffsets313},
    {13, true, &tables::kCpython313t, tables::kDebugOffsets313t},
    {14, false, &tables::kCpython314, tables::kDebugOffsets314},
    {14, true, &tables::kCpython314t, tables::kDebugOffsets314t},
    {15, false, &tables::kCpython315, tables::kDebugOffsets315},
    {15, true, &tables::kCpython315t, tables::kDebugOffsets315t},
};

// A process that publishes what its table says, until a test changes a word.
class FakeBuild {
 public:
  FakeTarget target;

  explicit FakeBuild(const Published& published) : published_(published) {
    target.memory.put_text(kRuntime, "xdebugpy");
    const auto minor = static_cast<std::uint64_t>(published.minor);
    target.memory.put(kRuntime + 8, std::uint64_t{3} << 24 | minor << 16 | 0x01f0);
    target.memory.put(kRuntime + 16, std::uint64_t{published.free_threaded});
    std::vector<std::byte> words(1024 - 24);
    target.memory.put_bytes(kRuntime + 24, words);
    for (const DebugSlot& slot : published.slots) {
      const std::int64_t told = std::int64_t{field_of(*published.table, slot.field)} - slot.distance;
      target.memory.put(kRuntime + slot.slot, static_cast<std::uint64_t>(told));
    }
  }

  // The word that tells this very field.
  void publish(std::size_t field, std::uint64_t offset) {
    const auto slot = std::ranges::find_if(
        published_.slots, [&](const DebugSlot& one) { return one.field == field && one.distance == 0; });
    ASSERT_NE(slot, published_.slots.end());
    target.memory.put(kRuntime + slot->slot, offset);
  }

  Result<RuntimeLayout> layout() { return for_build(target, location_of(published_.minor, published_.free_threaded)); }

 private:
  Published published_;
};

// --- which table ------------------------------------------------------------------------------------------------

TEST(ForBuild, OldVersionsHaveOnlyTheirTable) {
  FakeTarget nothing;
  for (const int minor : {8, 9, 10, 11, 12}) {
    const auto layout = for_build(nothing, location_of(minor));
    ASSERT_TRUE(layout.has_value()) << minor;
    EXPECT_EQ(layout->name, "3." + std::to_string(minor));
    EXPECT_EQ(first_missing(*layout), "");
  }
  EXPECT_TRUE(nothing.reads().empty());
}

class PublishedTest : public ::testing::TestWithParam<Published> {};

TEST_P(PublishedTest, WhatItSaysIsWhatTheTableSays) {
  FakeBuild build(GetParam());
  const auto layout = build.layout();
  ASSERT_TRUE(layout.has_value()) << layout.error().message();
  EXPECT_EQ(layout->name, GetParam().table->name);
  EXPECT_EQ(layout->free_threaded, GetParam().free_threaded);
  for (const DebugSlot& slot : GetParam().slots) {
    EXPECT_EQ(field_of(*layout, slot.field), field_of(*GetParam().table, slot.field)) << slot.slot;
  }
  EXPECT_EQ(layout->thread.size, GetParam().table->thread.size);
  EXPECT_EQ(layout->frame.size, GetParam().table->frame.size);
  EXPECT_EQ(layout->code.size, GetParam().table->code.size);
}

TEST_P(PublishedTest, OneReadIsEnough) {
  FakeBuild build(GetParam());
  ASSERT_TRUE(build.layout().has_value());
  ASSERT_EQ(build.target.reads().size(), 1U);
  EXPECT_EQ(build.target.reads()[0].from, kRuntime);
}

// Zero is "there is none" in builds with a GIL, and would be the offset of something else.
TEST_P(PublishedTest, CopiesOfBytecodeAreOfFreeThreadedBuildsAlone) {
  FakeBuild build(GetParam());
  const auto layout = build.layout();
  ASSERT_TRUE(layout.has_value());
  const bool expected = GetParam().free_threaded && GetParam().minor >= 14;
  EXPECT_EQ(layout->code.tlbc != kAbsent, expected);
  EXPECT_EQ(layout->frame.tlbc_index != kAbsent, expected);
}

// Every slot tells another field, and none that the table lacks.
TEST_P(PublishedTest, SlotsAreOfFieldsThatTheTableHas) {
  std::vector<std::size_t> fields;
  for (const DebugSlot& slot : GetParam().slots) {
    EXPECT_NE(field_of(*GetParam().table, slot.field), kAbsent) << slot.slot;
    EXPECT_EQ(std::ranges::count(fields, slot.field), 0) << slot.slot;
    EXPECT_EQ(slot.slot % 8, 0U);
    fields.push_back(slot.field);
  }
}

INSTANTIATE_TEST_SUITE_P(Builds, PublishedTest, ::testing::ValuesIn(kPublished), [](const auto& test) {
  return "Cpython3" + std::to_string(test.param.minor) + (test.param.free_threaded ? "t" : "");
});

TEST(ForBuild, UnknownVersionsAreToldWithoutReading) {
  FakeTarget nothing;
  RuntimeLocation location = location_of(7);
  location.version.micro = 16;
  const auto layout = for_build(nothing, location);
  ASSERT_FALSE(layout.has_value());
  EXPECT_EQ(layout.error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(layout.error().message(),
            "this is CPython 3.7.16 (/opt/python), for which gilspy has no layout table; it has tables for 3.8 to "
            "3.15, free-threaded 3.13t to 3.15t");
  EXPECT_EQ(for_build(nothing, location_of(99)).error().code(), ErrorCode::kUnsupported);
  EXPECT_THAT(for_build(nothing, location_of(12, true)).error().message(), HasSubstr("CPython 3.12.1 free-threaded ("));
  EXPECT_TRUE(nothing.reads().empty());
}

// --- builds that differ from their table ------------------------------------------------------------------------

class MovedTest : public ::testing::Test {
 protected:
  const RuntimeLayout& table_ = tables::kCpython313;
  FakeBuild build_{kPublished[0]};

  RuntimeLayout layout() {
    const auto layout = build_.layout();
    EXPECT_TRUE(layout.has_value()) << layout.error().message();
    return layout.value_or(RuntimeLayout{});
  }
};

TEST_F(MovedTest, AFieldThatMovedIsTaken) {
  build_.publish(offsetof(RuntimeLayout, interpreter.modules), 7700);
  EXPECT_EQ(layout().interpreter.modules, 7700U);
}

TEST_F(MovedTest, NeighboursMoveAlong) {
  build_.publish(offsetof(RuntimeLayout, thread.datastack_chunk), table_.thread.datastack_chunk + 16);
  build_.publish(offsetof(RuntimeLayout, interpreter.threads_head), table_.interpreter.threads_head + 24);
  build_.publish(offsetof(RuntimeLayout, runtime.interpreters_head), table_.runtime.interpreters_head + 32);
  const RuntimeLayout moved = layout();
  EXPECT_EQ(moved.thread.datastack_top, table_.thread.datastack_top + 16);
  EXPECT_EQ(moved.thread.id, table_.thread.id + 16);
  EXPECT_EQ(moved.interpreter.threads_next_id, table_.interpreter.threads_next_id + 24);
  EXPECT_EQ(moved.runtime.interpreters_main, table_.runtime.interpreters_main + 32);
}

TEST_F(MovedTest, ALargerHeaderOfObjectsMovesWhatNobodyPublishes) {
  build_.publish(offsetof(RuntimeLayout, object.type), table_.object.type + 16);
  build_.publish(offsetof(RuntimeLayout, object.type_name), table_.object.type_name + 16);
  const RuntimeLayout moved = layout();
  EXPECT_EQ(moved.object.var_size, table_.object.var_size + 16);
  EXPECT_EQ(moved.object.type_cached_keys, table_.object.type_cached_keys + 16);
  EXPECT_EQ(moved.dict.module_dict, table_.dict.module_dict + 16);
}

TEST_F(MovedTest, SizesGrowWithTheirFields) {
  build_.publish(offsetof(RuntimeLayout, thread.datastack_chunk), table_.thread.datastack_chunk + 12);
  build_.publish(offsetof(RuntimeLayout, frame.owner), table_.frame.owner + 8);
  build_.publish(offsetof(RuntimeLayout, code.first_line), table_.code.size + 40);
  const RuntimeLayout moved = layout();
  EXPECT_EQ(moved.thread.size, table_.thread.size + 16);
  EXPECT_EQ(moved.frame.size, table_.frame.size + 8);
  EXPECT_GE(moved.code.size, table_.code.size + 44);
}

TEST_F(MovedTest, AndDoNotShrink) {
  build_.publish(offsetof(RuntimeLayout, thread.datastack_chunk), table_.thread.datastack_chunk - 16);
  EXPECT_EQ(layout().thread.size, table_.thread.size);
}

TEST_F(MovedTest, TheGilIsLeftToTheTable) {
  EXPECT_EQ(layout().gil.locked, table_.gil.locked);
  EXPECT_EQ(layout().gil.switch_number, table_.gil.switch_number);
}

// --- what cannot be ---------------------------------------------------------------------------------------------

class GarbageTest : public MovedTest {
 protected:
  void expect_refused(std::string_view why) {
    const auto layout = build_.layout();
    ASSERT_FALSE(layout.has_value());
    EXPECT_EQ(layout.error().code(), ErrorCode::kUnsupported);
    EXPECT_THAT(layout.error().message(), HasSubstr("CPython 3.13.1 (/opt/python)"));
    EXPECT_THAT(layout.error().message(), HasSubstr(std::string(why)));
  }
};

TEST_F(GarbageTest, AnotherCookie) {
  build_.target.memory.put(kRuntime, std::uint64_t{0});
  expect_refused("xdebugpy");
}

TEST_F(GarbageTest, AnotherVersion) {
  build_.target.memory.put(kRuntime + 8, std::uint64_t{0x030e01f0});
  expect_refused("of version 3.14");
}

TEST_F(GarbageTest, AnotherFlavour) {
  build_.target.memory.put(kRuntime + 16, std::uint64_t{1});
  expect_refused("other flavour");
}

TEST_F(GarbageTest, OffsetsBeyondEveryBuild) {
  build_.publish(offsetof(RuntimeLayout, interpreter.modules), 2'000'000);
  expect_refused("is 2000000");
}

TEST_F(GarbageTest, OffsetsBeyondASmallStruct) {
  build_.publish(offsetof(RuntimeLayout, thread.frame_root), 5'000);
  expect_refused("is 5000");
}

TEST_F(GarbageTest, PointersWhereOffsetsShouldBe) {
  build_.publish(offsetof(RuntimeLayout, frame.code), 0xffff'ffff'ffff'fff8);
  expect_refused("is 18446744073709551608");
}

TEST_F(GarbageTest, ANeighbourBeforeTheStart) {  // threads_next_id lies eight bytes before
  build_.publish(offsetof(RuntimeLayout, interpreter.threads_head), 0);
  expect_refused("is 0");
}

TEST_F(GarbageTest, MemoryThatCannotBeReadIsAnErrorOfReading) {
  build_.target.memory.remove(kRuntime + 64, 64);
  const auto layout = build_.layout();
  ASSERT_FALSE(layout.has_value());
  EXPECT_EQ(layout.error().code(), ErrorCode::kBadAddress);
  EXPECT_THAT(layout.error().message(), HasSubstr("while reading _Py_DebugOffsets"));
}

TEST_F(GarbageTest, TheEndOfTheProcessIsItsEnd) {
  build_.target.fail_reads(ErrorCode::kGone);
  EXPECT_EQ(build_.layout().error().code(), ErrorCode::kGone);
}

TEST(QualifiedNames, CameWith311) {
  EXPECT_FALSE(has_qualified_names({3, 8, 18}, false));
  EXPECT_FALSE(has_qualified_names({3, 10, -1}, false));
  EXPECT_TRUE(has_qualified_names({3, 11, 0}, false));
  EXPECT_TRUE(has_qualified_names({3, 13, 0}, true));
  EXPECT_TRUE(has_qualified_names({3, 99, 0}, false));
}

}  // namespace
}  // namespace gilspy::layout
