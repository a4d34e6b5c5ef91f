// Where an instance keeps its attributes: in a dict or beside itself, in another place in every version.
#include <gtest/gtest.h>

#include "src/layout/tables/cpython_3_11.h"
#include "src/layout/tables/cpython_3_12.h"
#include "src/layout/tables/cpython_3_13.h"
#include "src/layout/tables/cpython_3_13t.h"
#include "src/layout/tables/cpython_3_9.h"
#include "src/sample/objects.h"
#include "tests/unit/fake_objects.h"

namespace gilspy::sample {
namespace {

class Attributes {
 public:
  FakeObjects objects;
  RemoteAddr name = objects.allocate(16), other = objects.allocate(16);

  explicit Attributes(const RuntimeLayout& layout) : objects(layout) {}

  // The dict of an instance, with everything in it.
  RemoteAddr dict() {
    return objects.dict(objects.keys({{objects.str("_other"), other}, {objects.str("_name"), name}}));
  }
  // An instance of a class whose shared keys are these two.
  RemoteAddr sharing(std::uint64_t flags) {
    return objects.instance(
        objects.type(flags, -1, objects.keys({{objects.str("_other"), {}}, {objects.str("_name"), {}}}, 8, false)));
  }
  Result<RemoteAddr> find(RemoteAddr object, std::string_view key = "_name") {
    return find_attribute(objects.target, objects.layout, object, key);
  }
  void put(RemoteAddr place, RemoteAddr value) { objects.target.memory.put(place, value); }
};

TEST(FindAttribute, InADictAtAFixedPlace) {
  for (const RuntimeLayout& layout : {layout::tables::kCpython39, layout::tables::kCpython313}) {
    Attributes a(layout);
    const RemoteAddr object = a.objects.instance(a.objects.type(0, 16));
    a.put(object + 16, a.dict());
    EXPECT_EQ(a.find(object), a.name) << layout.name;
    EXPECT_FALSE(a.find(object, "_missing").has_value()) << layout.name;
    a.put(object + 16, RemoteAddr{});
    EXPECT_FALSE(a.find(object).has_value()) << layout.name << ": a dict that is made when it is needed";
    for (const std::int64_t nowhere : {std::int64_t{0}, std::int64_t{-8}, std::int64_t{1} << 40}) {
      EXPECT_FALSE(a.find(a.objects.instance(a.objects.type(0, nowhere))).has_value()) << layout.name << nowhere;
    }
  }
}

TEST(FindAttribute, OfAVersionWithoutManagedDictsTheFlagMeansSomethingElse) {
  Attributes a(layout::tables::kCpython39);
  const RemoteAddr object = a.objects.instance(a.objects.type(FakeObjects::kManagedDict, 16));
  a.put(object + 16, a.dict());
  EXPECT_EQ(a.find(object), a.name);
}

TEST(FindAttribute, ByAPointerBeforeTheObject) {  // 3.11
  Attributes a(layout::tables::kCpython311);
  const RemoteAddr object = a.sharing(FakeObjects::kManagedDict);
  const RemoteAddr values = a.objects.allocate(64);
  a.objects.put_values(values, {a.other, a.name});
  a.put(object - 32, values);
  EXPECT_EQ(a.find(object), a.name);
  a.put(object - 32, RemoteAddr{});
  EXPECT_FALSE(a.find(object).has_value()) << "neither values nor a dict";
  a.put(object - 24, a.dict());
  EXPECT_EQ(a.find(object, "_other"), a.other);
}

TEST(FindAttribute, ByATaggedWordBeforeTheObject) {  // 3.12
  Attributes a(layout::tables::kCpython312);
  const RemoteAddr object = a.sharing(FakeObjects::kManagedDict);
  const RemoteAddr values = a.objects.allocate(64);
  a.objects.put_values(values, {a.other, a.name});
  a.put(object - 24, values - 1);
  EXPECT_EQ(a.find(object), a.name);
  a.put(object - 24, a.dict());
  EXPECT_EQ(a.find(object, "_other"), a.other);
  a.put(object - 24, RemoteAddr{});
  EXPECT_FALSE(a.find(object).has_value());
}

TEST(FindAttribute, BehindTheObject) {  // 3.13
  for (const RuntimeLayout& layout : {layout::tables::kCpython313, layout::tables::kCpython313t}) {
    Attributes a(layout);
    const RemoteAddr dict_place_distance{layout.free_threaded ? 8U : 24U};
    const RemoteAddr object = a.sharing(FakeObjects::kManagedDict | FakeObjects::kInlineValues);
    a.objects.put_values(object + FakeObjects::kBasicSize, {a.other, a.name});
    EXPECT_EQ(a.find(object), a.name) << layout.name;
    const RemoteAddr dict = a.objects.dict(a.objects.keys({{a.objects.str("_name"), a.other}}));
    a.put(object - dict_place_distance.value(), dict);
    EXPECT_EQ(a.find(object), a.other) << layout.name << ": the dict goes before the values";
    const RemoteAddr bare = a.sharing(FakeObjects::kManagedDict);
    EXPECT_FALSE(a.find(bare).has_value()) << layout.name << ": a class without inline values, and no dict yet";
  }
}

TEST(FindAttribute, AValueThatIsNotSetIsNone) {
  Attributes a(layout::tables::kCpython313);
  const RemoteAddr object = a.sharing(FakeObjects::kManagedDict | FakeObjects::kInlineValues);
  a.objects.put_values(object + FakeObjects::kBasicSize, {a.other, RemoteAddr{}});
  EXPECT_FALSE(a.find(object).has_value());
  EXPECT_EQ(a.find(object, "_other"), a.other);
}

TEST(FindAttribute, GarbageIsAnError) {
  for (const RuntimeLayout& layout : {layout::tables::kCpython39, layout::tables::kCpython311,
                                      layout::tables::kCpython312, layout::tables::kCpython313}) {
    Attributes a(layout);
    EXPECT_FALSE(a.find(RemoteAddr{0xdead0}).has_value());
    EXPECT_FALSE(a.find(a.objects.instance(RemoteAddr{0xdead0})).has_value());
    const RemoteAddr object = a.sharing(FakeObjects::kManagedDict);
    for (const std::uint64_t before : {8U, 16U, 24U, 32U}) a.put(object - before, RemoteAddr{0xdead1});
    EXPECT_FALSE(a.find(object).has_value());
    for (const std::uint64_t before : {8U, 16U, 24U, 32U}) a.put(object - before, RemoteAddr{0xdead0});
    EXPECT_FALSE(a.find(object).has_value());
  }
}

}  // namespace
}  // namespace gilspy::sample
