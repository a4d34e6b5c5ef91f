// Strings and dicts, as every version has them.
#include "src/sample/objects.h"

#include <gtest/gtest.h>

#include "src/layout/tables/cpython_3_10.h"
#include "src/layout/tables/cpython_3_13.h"
#include "src/layout/tables/cpython_3_14t.h"
#include "src/layout/tables/cpython_3_15t.h"
#include "src/layout/tables/cpython_3_8.h"
#include "tests/unit/fake_objects.h"

namespace gilspy::sample {
namespace {

using namespace std::string_view_literals;

class Strings : public ::testing::TestWithParam<RuntimeLayout> {
 protected:
  FakeObjects objects_{GetParam()};

  std::string read(RemoteAddr object) {
    auto text = read_str(objects_.target, objects_.layout, object);
    return text.has_value() ? *text : "error: " + text.error().message();
  }
};

TEST_P(Strings, OfEveryWidth) {
  EXPECT_EQ(read(objects_.str("worker-1")), "worker-1");
  EXPECT_EQ(read(objects_.str("")), "");
  EXPECT_EQ(read(objects_.str("h\xe4sher"sv, false)), "h\xc3\xa4sher") << "Latin-1";
  EXPECT_EQ(read(objects_.str(u"\u0434\u20ac"sv)), "\xd0\xb4\xe2\x82\xac");
  EXPECT_EQ(read(objects_.str(U"a\U0001f40d"sv)), "a\xf0\x9f\x90\x8d");
}

TEST_P(Strings, WhatIsNoCharacterIsReplaced) {
  const char16_t lone[] = {0xd800};
  EXPECT_EQ(read(objects_.str(std::u16string_view(lone, 1))), "\xef\xbf\xbd");
  const char32_t beyond[] = {0x110000};
  EXPECT_EQ(read(objects_.str(std::u32string_view(beyond, 1))), "\xef\xbf\xbd");
}

TEST_P(Strings, GarbageIsAnError) {
  const RemoteAddr text = objects_.str("worker");
  for (const unsigned kind : {0U, 3U, 5U, 7U}) {
    objects_.set_state(text, kind, true, true);
    EXPECT_FALSE(read_str(objects_.target, objects_.layout, text).has_value()) << kind;
  }
  objects_.set_state(text, 1, false, true);
  EXPECT_FALSE(read_str(objects_.target, objects_.layout, text).has_value()) << "not compact: the text is elsewhere";
  objects_.set_state(text, 1, true, true);
  objects_.target.memory.put(text + objects_.layout.unicode.length, ~std::uint64_t{0});
  EXPECT_FALSE(read_str(objects_.target, objects_.layout, text).has_value()) << "longer than what is mapped";
  EXPECT_FALSE(read_str(objects_.target, objects_.layout, RemoteAddr{0xdead0}).has_value());
}

std::string name_of(const ::testing::TestParamInfo<RuntimeLayout>& test) {
  std::string name = "Python" + std::string(test.param.name);
  std::erase(name, '.');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Versions, Strings,
                         ::testing::Values(layout::tables::kCpython38, layout::tables::kCpython313,
                                           layout::tables::kCpython314t, layout::tables::kCpython315t),
                         name_of);

class Dicts : public ::testing::TestWithParam<RuntimeLayout> {
 protected:
  FakeObjects objects_{GetParam()};
  RemoteAddr one_ = objects_.allocate(16), two_ = objects_.allocate(16);

  Result<RemoteAddr> find(RemoteAddr dict, std::string_view key) {
    return find_in_dict(objects_.target, objects_.layout, dict, key);
  }
};

TEST_P(Dicts, IndexesOfEveryWidth) {
  for (const std::uint64_t slots : {8U, 64U, 512U}) {  // up to 3.10 the slots of the last are two bytes wide
    const RemoteAddr keys = objects_.keys({{objects_.str("first"), one_}, {objects_.str("second"), two_}}, slots);
    const RemoteAddr dict = objects_.dict(keys);
    EXPECT_EQ(find(dict, "first"), one_) << slots;
    EXPECT_EQ(find(dict, "second"), two_) << slots;
    EXPECT_FALSE(find(dict, "third").has_value()) << slots;
  }
}

TEST_P(Dicts, DeletedEntriesAreSkipped) {
  const RemoteAddr keys = objects_.keys({{objects_.str("name"), {}}, {{}, {}}, {objects_.str("name"), two_}});
  EXPECT_EQ(find(objects_.dict(keys), "name"), two_);
  EXPECT_EQ(read_dict(objects_.target, objects_.layout, objects_.dict(keys), 100)->size(), 1U);
}

TEST_P(Dicts, ValuesOfASplitTableLieElsewhere) {
  const RemoteAddr keys = objects_.keys({{objects_.str("first"), {}}, {objects_.str("second"), {}}});
  const RemoteAddr values = objects_.allocate(64);
  objects_.put_values(values, {one_, two_});
  EXPECT_EQ(find(objects_.dict(keys, values), "second"), two_);
}

TEST_P(Dicts, GarbageIsAnError) {
  const RemoteAddr keys = objects_.keys({{objects_.str("first"), one_}});
  const RemoteAddr dict = objects_.dict(keys);
  const auto& d = objects_.layout.dict;
  if (d.keys_size != kAbsent) {
    objects_.target.memory.put(keys + d.keys_size, ~std::uint64_t{0});
  } else {
    objects_.target.memory.put(keys + d.keys_log2_index_bytes, std::uint8_t{255});
  }
  EXPECT_FALSE(find(dict, "first").has_value()) << "an index that fills the address space";
  EXPECT_FALSE(find(objects_.dict(RemoteAddr{0xdead0}), "first").has_value());
  EXPECT_FALSE(find(RemoteAddr{0xdead0}, "first").has_value());
  const RemoteAddr counted = objects_.keys({{objects_.str("first"), one_}});
  objects_.target.memory.put(counted + d.keys_entry_count, ~std::uint64_t{0});
  EXPECT_FALSE(find(objects_.dict(counted), "first").has_value()) << "more entries than what is mapped";
}

INSTANTIATE_TEST_SUITE_P(Versions, Dicts,
                         ::testing::Values(layout::tables::kCpython38, layout::tables::kCpython310,
                                           layout::tables::kCpython313, layout::tables::kCpython314t),
                         name_of);

// 3.11 and later: a table whose keys are all strings does without their hashes.
TEST(UnicodeKeys, HaveNoHash) {
  FakeObjects objects(layout::tables::kCpython313);
  const RemoteAddr one = objects.allocate(16), two = objects.allocate(16);
  const RemoteAddr dict =
      objects.dict(objects.keys({{objects.str("first"), one}, {objects.str("second"), two}}, 8, false));
  EXPECT_EQ(find_in_dict(objects.target, objects.layout, dict, "second"), two);
}

TEST(Ints, OfUpTo64Bits) {
  for (const RuntimeLayout& layout : {layout::tables::kCpython310, layout::tables::kCpython313}) {
    FakeObjects objects(layout);
    const auto make = [&](std::uint64_t digits, std::initializer_list<std::uint32_t> values) {
      const RemoteAddr number = objects.allocate(64);
      objects.target.memory.put(number + layout.object.long_size_or_tag,
                                layout.object.long_has_tag ? digits << 3 : digits);
      RemoteAddr at = number + layout.object.long_digits;
      for (const std::uint32_t value : values) {
        objects.target.memory.put(at, value);
        at = at + 4;
      }
      return number;
    };
    EXPECT_EQ(read_int(objects.target, layout, make(0, {})), 0U);
    EXPECT_EQ(read_int(objects.target, layout, make(3, {1, 2, 3})), 1 + (2ULL << 30) + (3ULL << 60));
    EXPECT_FALSE(read_int(objects.target, layout, make(4, {1, 1, 1, 1})).has_value());
  }
}

// A line table's size can be torn: what it costs must not be what it says.
TEST(Bytes, GiantsAreReadOnlyWhereTheyEndWithANul) {
  constexpr std::size_t kMost = 16 << 20, kSize = 70'000;
  FakeObjects objects(layout::tables::kCpython313);
  const RemoteAddr bytes = objects.allocate(kSize + 64);
  const auto set_size = [&](std::uint64_t size) {
    objects.target.memory.put(bytes + objects.layout.object.var_size, size);
  };
  const auto read = [&] { return read_bytes(objects.target, objects.layout, bytes, kMost); };
  set_size(kSize);
  EXPECT_EQ(read()->size(), kSize);
  objects.target.clear_reads();
  set_size(kMost - 1);  // not mapped
  EXPECT_FALSE(read().has_value());
  set_size(kSize - 1);
  objects.target.memory.put(bytes + objects.layout.object.bytes_data + kSize - 1, 'x');
  EXPECT_FALSE(read().has_value());
  for (const FakeTarget::Read& one : objects.target.reads()) EXPECT_LE(one.size, 8U);
}

}  // namespace
}  // namespace gilspy::sample
