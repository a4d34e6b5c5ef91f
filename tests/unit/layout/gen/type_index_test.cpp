#include "src/layout/gen/type_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>

#include "src/layout/gen/table.h"

namespace gilspy::layout::gen {
namespace {

using ::testing::HasSubstr;

const std::string kFolder = GILSPY_TYPES_FOLDER;

class TypeIndexTest : public ::testing::TestWithParam<int> {
 protected:
  TypeIndex types_ = TypeIndex::open(kFolder + "/types.dwarf" + std::to_string(GetParam()) + ".so").value();

  Offset offset(std::string_view type, std::string_view path) {
    const auto field = types_.field(type, path);
    EXPECT_TRUE(field.has_value()) << path;
    return field.value_or(Field{}).offset;
  }
};

TEST_P(TypeIndexTest, FieldsByPath) {
  EXPECT_EQ(offset("outer", "first"), 0U);
  EXPECT_EQ(offset("outer", "nested"), 8U);
  EXPECT_EQ(offset("outer", "nested.named.large"), 8U + 16 + 8);
}

TEST_P(TypeIndexTest, FieldsOfAnonymousMembers) {
  EXPECT_EQ(offset("inner", "number"), 8U);
  EXPECT_EQ(offset("outer", "nested.pointer"), 16U);
}

TEST_P(TypeIndexTest, TypedefsAndQualifiersAreLookedThrough) { EXPECT_EQ(offset("renamed", "named"), 16U); }

TEST_P(TypeIndexTest, BitFields) {
  const Offset state = offset("outer", "state");
  EXPECT_EQ(types_.field("outer", "state.kind")->bit, 8 * state + 8);
  EXPECT_EQ(types_.field("outer", "state.compact")->bit, 8 * state + 11);
  EXPECT_EQ(types_.field("outer", "state.wide")->bit, 8 * state + 12);
  EXPECT_EQ(offset("outer", "state.alone"), state);
}

TEST_P(TypeIndexTest, SizesAndNamesOfTypes) {
  EXPECT_EQ(types_.size("inner"), Offset{32});
  EXPECT_EQ(types_.field("inner", "number")->size, 8U);
  EXPECT_EQ(types_.field("with_word", "tagged")->type, "word");
  EXPECT_EQ(types_.field("outer", "flexible")->size, 0U);
}

TEST_P(TypeIndexTest, Enumerators) {
  const auto owners = types_.enumerators("owner");
  ASSERT_TRUE(owners.has_value());
  ASSERT_EQ(owners->size(), 2U);
  EXPECT_EQ((*owners)[1].name, "OWNED_BY_ALL");
  EXPECT_EQ((*owners)[1].value, 7);
}

TEST_P(TypeIndexTest, WhatIsNotThere) {
  EXPECT_FALSE(types_.field("outer", "second").has_value());
  EXPECT_FALSE(types_.field("outer", "first.deeper").has_value());
  EXPECT_FALSE(types_.has("elsewhere"));
  EXPECT_FALSE(types_.enumerators("outer").has_value());
}

INSTANTIATE_TEST_SUITE_P(Dwarf, TypeIndexTest, ::testing::Values(3, 4, 5));

TEST(TypeIndex, ObjectFilesAreToBeLinkedFirst) {
  const auto types = TypeIndex::open(kFolder + "/types.o");
  ASSERT_FALSE(types.has_value());
  EXPECT_THAT(types.error().message(), HasSubstr("link it first"));
}

TEST(TypeIndex, OtherFiles) {
  EXPECT_EQ(TypeIndex::open("/nowhere").error().code(), ErrorCode::kSystem);
  EXPECT_EQ(TypeIndex::open(__FILE__).error().code(), ErrorCode::kNotPython);
}

TEST(Table, WhatIsNoPythonIsRefusedByName) {
  const TypeIndex types = TypeIndex::open(kFolder + "/types.dwarf5.so").value();
  EXPECT_THAT(table_of(types).error().message(), HasSubstr("PyThreadState has neither"));
}

}  // namespace
}  // namespace gilspy::layout::gen
