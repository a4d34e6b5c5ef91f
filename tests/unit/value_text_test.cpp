// Values as repr() would write them: of every kind, in a circle, impossibly large, and garbage.
#include "src/sample/value_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "gilspy/memory.h"
#include "src/layout/tables/cpython_3_11.h"
#include "src/layout/tables/cpython_3_13.h"
#include "src/layout/tables/cpython_3_14t.h"
#include "src/layout/tables/cpython_3_8.h"
#include "src/sample/python_quote.h"
#include "tests/unit/fake_values.h"

namespace gilspy::sample {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

class ValueTexts : public ::testing::TestWithParam<RuntimeLayout> {
 protected:
  FakeValues values_{GetParam()};
  BoundedMemory memory_{values_.target};
  TypeBook types_{memory_, values_.layout};
  ValueText texts_{memory_, values_.layout, types_};

  ValueText::Shown show(RemoteAddr object, VariableDetail detail = VariableDetail::kShort) {
    memory_.begin(10'000);
    types_.clear();
    values_.target.clear_reads();
    return texts_.show(object, ValueLimits::of(detail));
  }
  std::string text(RemoteAddr object, VariableDetail detail = VariableDetail::kShort) {
    return show(object, detail).text;
  }
  RemoteAddr number(std::uint32_t value) { return value == 0 ? values_.integer({}) : values_.integer({value}); }
  template <typename T>
  void put(RemoteAddr place, const T& value) {
    values_.target.memory.put(place, value);
  }
  void expect_small() const {
    std::size_t bytes = 0;
    for (const FakeTarget::Read& read : values_.target.reads()) bytes += read.size;
    EXPECT_LT(bytes, 1'000'000U);
  }
};

TEST_P(ValueTexts, Constants) {
  EXPECT_EQ(text(values_.none()), "None");
  EXPECT_EQ(text(values_.of(values_.builtin("ellipsis"))), "Ellipsis");
  EXPECT_EQ(text(values_.of(values_.builtin("NotImplementedType"))), "NotImplemented");
  const RemoteAddr of_bool = values_.builtin("bool", FakeValues::kLong, values_.builtin("int", FakeValues::kLong));
  EXPECT_EQ(text(values_.integer({1}, false, of_bool)), "True");
  EXPECT_EQ(text(values_.integer({}, false, of_bool)), "False");
  EXPECT_EQ(show(values_.none()).type, "NoneType");
}

TEST_P(ValueTexts, IntsOfAnySize) {
  EXPECT_EQ(text(number(0)), "0");
  EXPECT_EQ(text(number(42)), "42");
  EXPECT_EQ(text(values_.integer({7}, true)), "-7");
  EXPECT_EQ(text(values_.integer({0, 0, 16})), "18446744073709551616");
  EXPECT_EQ(text(values_.integer({660865029, 931322574})), "1000000000000000005") << "with zeroes in the middle";
  const std::vector<std::uint32_t> ones(7, (1U << 30) - 1);
  EXPECT_EQ(text(values_.integer(ones)), "1645504557321206042154969182557350504982735865633579863348609023");
  EXPECT_FALSE(show(values_.integer(ones)).cut);
  const std::vector<std::uint32_t> many(41, 1);
  EXPECT_EQ(text(values_.integer(many)), "<int of 1,201 bits>");
  EXPECT_EQ(text(values_.integer(many, true)), "<negative int of 1,201 bits>");
  EXPECT_TRUE(show(values_.integer(many)).cut);
}

TEST_P(ValueTexts, IntsThatCannotBe) {
  const RemoteAddr huge = number(1);
  put(huge + values_.layout.object.long_size_or_tag, std::uint64_t{1} << 62);
  EXPECT_EQ(text(huge), kUnreadable);
  EXPECT_EQ(text(values_.integer({1, 0})), kUnreadable) << "a highest digit of 0";
  EXPECT_EQ(text(values_.integer({1U << 31})), kUnreadable) << "a digit of more than 30 bits";
}

TEST_P(ValueTexts, Floats) {
  EXPECT_EQ(text(values_.real(0.1)), "0.1");
  EXPECT_EQ(text(values_.real(3)), "3.0");
  EXPECT_EQ(text(values_.real(-0.0)), "-0.0");
  EXPECT_EQ(text(values_.real(1e16)), "1e+16");
  EXPECT_EQ(text(values_.real(1e15)), "1000000000000000.0");
  EXPECT_EQ(text(values_.real(1e-5)), "1e-05");
  EXPECT_EQ(text(values_.real(0.0001)), "0.0001");
  EXPECT_EQ(text(values_.real(-INFINITY)), "-inf");
  EXPECT_EQ(text(values_.real(-NAN)), "nan");
  const RemoteAddr both = values_.of(values_.builtin("complex"));
  put(both + values_.layout.values.complex_value, 1.0);
  put(both + values_.layout.values.complex_value + 8, -2.5);
  EXPECT_EQ(text(both), "(1-2.5j)");
  put(both + values_.layout.values.complex_value, 0.0);
  EXPECT_EQ(text(both), "-2.5j");
}

TEST_P(ValueTexts, Strings) {
  EXPECT_EQ(text(values_.text("it's")), "\"it's\"");
  EXPECT_EQ(text(values_.text("a\n\x1b[2J")), "'a\\n\\x1b[2J'");
  EXPECT_EQ(text(values_.wide_text(U"\u0434\U0001f40d\u202e")), "'д🐍\\u202e'");
  const char32_t lone[] = {U'a', 0xd800};
  EXPECT_EQ(text(values_.wide_text({lone, 2})), "'a\\ud800'");
  const auto cut = show(values_.text(std::string(2000, 'x')));
  EXPECT_EQ(cut.text, "'" + std::string(80, 'x') + "'...");
  EXPECT_TRUE(cut.cut);
}

TEST_P(ValueTexts, ASubclassOfStrKeepsItsCharactersElsewhere) {
  const RemoteAddr type = values_.a_class("Text", "app", values_.builtin("str", FakeValues::kStr), FakeValues::kStr);
  const RemoteAddr object = values_.of(type);
  values_.set_state(object, 1, false, true);
  put(object + values_.layout.unicode.length, std::uint64_t{3});
  put(object + values_.layout.unicode.compact_data, values_.name("abc"));
  EXPECT_EQ(text(object), "Text('abc')");
  EXPECT_EQ(show(object).type, "app.Text");
  put(object + values_.layout.unicode.compact_data, RemoteAddr{});
  EXPECT_EQ(text(object), kUnreadable);
}

TEST_P(ValueTexts, Bytes) {
  EXPECT_EQ(text(values_.bytes("a\0\xff'"sv)), "b\"a\\x00\\xff'\"");
  const RemoteAddr buffer =
      values_.with(values_.builtin("bytearray"), values_.layout.values.bytearray_start, values_.name("abc"));
  values_.set_size(buffer, 3);
  EXPECT_EQ(text(buffer), "bytearray(b'abc')");
}

TEST_P(ValueTexts, Containers) {
  const RemoteAddr one = number(1), two = values_.text("two");
  EXPECT_EQ(text(values_.list({})), "[]");
  EXPECT_EQ(text(values_.list({one, two})), "[1, 'two']");
  EXPECT_EQ(text(values_.tuple({})), "()");
  EXPECT_EQ(text(values_.tuple({one})), "(1,)");
  EXPECT_EQ(text(values_.table({})), "{}");
  EXPECT_EQ(text(values_.table({{two, one}, {one, values_.list({one})}})), "{'two': 1, 1: [1]}");
  EXPECT_EQ(text(values_.set({})), "set()");
  EXPECT_EQ(text(values_.set({one, two})), "{1, 'two'}");
  EXPECT_EQ(text(values_.set({one}, "frozenset")), "frozenset({1})");
  EXPECT_EQ(text(values_.set({}, "frozenset")), "frozenset()");
}

TEST_P(ValueTexts, ContainersThatHaveMoreThanIsShown) {
  const std::vector<RemoteAddr> many(1000, number(5));
  const auto list = show(values_.list(many));
  EXPECT_EQ(list.text, "[5, 5, 5, 5, 5, 5, 5, 5, ...]");
  EXPECT_TRUE(list.cut);
  std::vector<FakeObjects::Entry> entries(100, {number(1), number(2)});
  for (std::size_t i = 0; i < 95; ++i) entries[i].value = RemoteAddr{};
  const RemoteAddr table = values_.table(entries);
  put(table + values_.layout.dict.used, std::uint64_t{5});
  EXPECT_EQ(text(table), "{1: 2, 1: 2, 1: 2, 1: 2, 1: 2}") << "deleted entries are no items";
  put(table + values_.layout.dict.used, std::uint64_t{500});
  EXPECT_EQ(text(table), "{1: 2, 1: 2, 1: 2, 1: 2, 1: 2, ...}");
  RemoteAddr deep = values_.list({number(1)});
  for (int i = 0; i < 10; ++i) deep = values_.list({deep});
  EXPECT_EQ(text(deep), "[[[[<1 item>]]]]");
  EXPECT_TRUE(show(deep).cut);
  const std::vector<RemoteAddr> texts(8, values_.text(std::string(79, 'y')));
  EXPECT_LT(text(values_.list(texts)).size(), 300U);
}

TEST_P(ValueTexts, InACircle) {
  const RemoteAddr list = values_.list({});
  values_.set_items(list, {number(1), list});
  const auto shown = show(list);
  EXPECT_EQ(shown.text, "[1, [...]]");
  EXPECT_FALSE(shown.cut) << "as repr() has it";
  const RemoteAddr table = values_.table({{number(1), values_.tuple({list})}});
  values_.set_items(list, {table});
  EXPECT_EQ(text(table), "{1: ([{...}],)}");
}

TEST_P(ValueTexts, ASizeThatCannotBe) {
  for (const std::uint64_t size : {std::uint64_t{1} << 60, ~std::uint64_t{0}}) {
    const RemoteAddr list = values_.list({number(1)}), tuple = values_.tuple({number(1)});
    for (const RemoteAddr object : {list, tuple, values_.bytes("x"), values_.text("x")}) {
      put(object + values_.layout.object.var_size, size);
      EXPECT_LT(text(object).size(), 200U);
      expect_small();
    }
    const RemoteAddr set = values_.set({number(1)}), table = values_.table({{number(1), number(2)}});
    put(set + values_.layout.set.mask, size);
    put(set + values_.layout.set.used, size);
    put(table + values_.layout.dict.used, size);
    EXPECT_EQ(text(set), kUnreadable);
    expect_small();
    EXPECT_EQ(text(table), "{1: 2, ...}");
    const RemoteAddr keys = RemoteAddr(*read_pointer(values_.target, table + values_.layout.dict.keys));
    put(keys + values_.layout.dict.keys_entry_count, size);
    EXPECT_EQ(text(table), kUnreadable);
    expect_small();
  }
}

TEST_P(ValueTexts, GarbageSpoilsNoOther) {
  const RemoteAddr list = values_.list({number(1), RemoteAddr{0xdead0}, RemoteAddr{7}, RemoteAddr{}, number(2)});
  EXPECT_EQ(text(list), "[1, <unreadable>, <unreadable>, <unreadable>, 2]");
  const RemoteAddr untyped = values_.of(RemoteAddr{0xdead0});
  EXPECT_EQ(text(untyped), kUnreadable);
  EXPECT_EQ(show(untyped).type, "");
  EXPECT_EQ(text(values_.of(values_.text("no type"))), kUnreadable);
  const RemoteAddr list_of_nowhere = values_.list({number(1)});
  put(list_of_nowhere + values_.layout.values.list_items, RemoteAddr{0xdead0});
  EXPECT_EQ(text(list_of_nowhere), kUnreadable);
}

TEST_P(ValueTexts, BasesInACircle) {
  const RemoteAddr a = values_.a_class("A", "app", {}), b = values_.a_class("B", "app", a);
  put(a + values_.layout.object.type_base, b);
  EXPECT_TRUE(text(values_.of(b)).starts_with("<app.B at 0x"));
}

TEST_P(ValueTexts, SubclassesByTheirName) {
  const RemoteAddr number_type =
      values_.a_class("Number", "app", values_.builtin("int", FakeValues::kLong), FakeValues::kLong);
  EXPECT_EQ(text(values_.integer({5}, false, number_type)), "Number(5)");
  const RemoteAddr items =
      values_.a_class("Items", "app", values_.builtin("list", FakeValues::kList), FakeValues::kList);
  EXPECT_EQ(text(values_.list({number(1)}, items)), "Items([1])");
}

TEST_P(ValueTexts, AClassThatIsCalledLikeAnother) {
  const RemoteAddr object = values_.builtin("object");
  const RemoteAddr no_list = values_.a_class("list", "app", object);
  EXPECT_TRUE(text(values_.of(no_list)).starts_with("<app.list at 0x"));
  const RemoteAddr no_str = values_.builtin("str", FakeValues::kStr);
  put(no_str + values_.layout.object.type_flags, std::uint64_t{0});
  EXPECT_TRUE(text(values_.of(no_str)).starts_with("<str at 0x")) << "not a str by its own account";
  const RemoteAddr called_int =
      values_.a_class("int", "app", values_.builtin("list", FakeValues::kList), FakeValues::kList);
  EXPECT_EQ(text(values_.list({}, called_int)), "app.int([])");
}

TEST_P(ValueTexts, FunctionsModulesAndClasses) {
  const auto& fields = values_.layout.values;
  const RemoteAddr function = values_.with(values_.builtin("function"), fields.function_name, values_.text("A.f"));
  EXPECT_EQ(text(function), "<function A.f>");
  EXPECT_EQ(text(values_.with(values_.builtin("method"), fields.method_function, function)), "<bound method A.f>");
  EXPECT_EQ(text(values_.with(values_.builtin("module"), fields.module_name, values_.text("json"))), "<module 'json'>");
  EXPECT_EQ(text(values_.with(values_.builtin("coroutine"), values_.layout.generator.name, values_.text("go"))),
            "<coroutine go>");
  const RemoteAddr definition = values_.allocate(64);
  put(definition, values_.name("append"));
  const RemoteAddr built_in =
      values_.with(values_.builtin("builtin_function_or_method"), fields.builtin_definition, definition);
  EXPECT_EQ(text(built_in), "<built-in function append>");
  put(built_in + fields.builtin_self, values_.list({}));
  EXPECT_EQ(text(built_in), "<built-in method append of list>");
  EXPECT_EQ(text(values_.a_class("Order", "app", {})), "<class 'app.Order'>");
  EXPECT_EQ(text(values_.builtin("dict", FakeValues::kDict)), "<class 'dict'>");
}

TEST_P(ValueTexts, Exceptions) {
  const RemoteAddr base = values_.builtin("BaseException", FakeValues::kException);
  const RemoteAddr type = values_.builtin("ValueError", FakeValues::kException, base);
  const RemoteAddr error =
      values_.with(type, values_.layout.values.exception_arguments, values_.tuple({values_.text("bad"), number(1)}));
  EXPECT_EQ(text(error), "ValueError('bad', 1)");
  put(error + values_.layout.values.exception_arguments, RemoteAddr{0xdead0});
  EXPECT_TRUE(text(error).starts_with("<ValueError at 0x"));
}

TEST_P(ValueTexts, AttributesWhereMoreIsAskedFor) {
  const RemoteAddr type = values_.a_class("Order", "app", values_.builtin("object"));
  put(type + values_.layout.object.type_dictoffset, std::int64_t{64});
  const RemoteAddr order = values_.of(type);
  put(order + 64, values_.table({{values_.text("amount"), number(12)}, {values_.text("itself"), order}}));
  const std::string where = "<app.Order at 0x";
  EXPECT_EQ(text(order).find('='), std::string::npos);
  const std::string full = text(order, VariableDetail::kFull);
  EXPECT_TRUE(full.starts_with(where) && full.find(" amount=12, itself=<app.Order at 0x") != std::string::npos) << full;
}

TEST_P(ValueTexts, NoMoreIsReadThanMayBe) {
  const RemoteAddr list = values_.list({number(1)});
  memory_.begin(1);
  types_.clear();
  values_.target.clear_reads();
  const auto shown = texts_.show(list, ValueLimits::of(VariableDetail::kFull));
  EXPECT_EQ(shown.text, "...");
  EXPECT_TRUE(shown.cut);
  EXPECT_LE(values_.target.reads().size(), 1U);
}

// Words of it are replaced by others of it, by sizes that cannot be and by noise, again and again.
TEST_P(ValueTexts, MemoryThatFallsApart) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    FakeValues values(GetParam());
    BoundedMemory memory(values.target);
    TypeBook types(memory, values.layout);
    ValueText texts(memory, values.layout, types);
    const RemoteAddr list = values.list({values.integer({1}), values.text("abc"), values.bytes("x"), values.real(1)});
    const RemoteAddr type =
        values.a_class("Items", "app", values.builtin("list", FakeValues::kList), FakeValues::kList);
    const RemoteAddr object = values.of(values.a_class("Order", "app", values.builtin("object")));
    const RemoteAddr top = values.list({values.table({{values.text("a"), list}}), values.set({list, object}),
                                        values.tuple({list}), values.list({list}, type), type});
    const std::uint64_t begin = 0x100000, end = top.value() + 256;
    for (int step = 0; step < 200; ++step) {
      const RemoteAddr word(begin + random() % ((end - begin) / 8) * 8);
      const std::uint64_t noise[] = {begin + random() % ((end - begin) / 8) * 8, random(), random() % 64,
                                     std::uint64_t{1} << random() % 64, 0};
      const auto before = read_value<std::uint64_t>(values.target, word);
      if (!before.has_value()) continue;
      values.target.memory.put(word, noise[random() % 5]);
      memory.begin(2000);
      types.clear();
      values.target.clear_reads();
      const auto shown = texts.show(top, ValueLimits::of(VariableDetail::kFull));
      ASSERT_LT(shown.text.size(), 20'000U) << seed;
      ASSERT_LE(values.target.reads().size(), 2001U) << seed;
      if (random() % 4 != 0) values.target.memory.put(word, *before);
    }
  }
}

std::string name_of(const ::testing::TestParamInfo<RuntimeLayout>& test) {
  std::string name = "Python" + std::string(test.param.name);
  std::erase(name, '.');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Versions, ValueTexts,
                         ::testing::Values(layout::tables::kCpython38, layout::tables::kCpython311,
                                           layout::tables::kCpython313, layout::tables::kCpython314t),
                         name_of);

TEST(PrintableNames, EscapeWhatIsNotPrintable) {
  EXPECT_EQ(printable_name("größe_名前"), "größe_名前");
  EXPECT_EQ(printable_name("a\x1b[2J\n"), "a\\x1b[2J\\n");
  EXPECT_EQ(printable_name("\xff\xc3"), "\\xff\\xc3") << "no UTF-8";
  EXPECT_EQ(printable_name("\xe2\x80\xae"), "\\u202e");
}

// From 3.11 on a table whose keys are shared says itself in which order the values were set.
TEST(InstanceValues, InTheOrderInWhichTheyWereSet) {
  FakeValues values(layout::tables::kCpython313);
  const RemoteAddr keys =
      values.keys({{values.text("a"), {}}, {values.text("b"), {}}, {values.text("c"), {}}}, 8, false);
  const RemoteAddr one = values.integer({1}), two = values.integer({2});
  const RemoteAddr type = values.type(FakeObjects::kManagedDict | FakeObjects::kInlineValues, -1, keys);
  const RemoteAddr object = values.instance(type);
  const RemoteAddr at = object + FakeObjects::kBasicSize;
  values.put_values(at, {one, {}, two});
  values.target.memory.put(at, std::uint8_t{3});  // capacity
  values.target.memory.put(at + values.layout.dict.values_first + 3 * 8, std::array<std::uint8_t, 2>{2, 0});
  const auto entries = read_attributes(values.target, values.layout, object, 10);
  ASSERT_TRUE(entries.has_value());
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0].value, two);
  EXPECT_EQ((*entries)[1].value, one);
}

}  // namespace
}  // namespace gilspy::sample
