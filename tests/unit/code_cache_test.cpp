// Names and lines of code objects where they are not those of 3.13.
#include "src/sample/code_cache.h"

#include <gtest/gtest.h>

#include "src/layout/tables/cpython_3_10.h"
#include "src/layout/tables/cpython_3_11.h"
#include "src/layout/tables/cpython_3_12.h"
#include "src/layout/tables/cpython_3_14t.h"
#include "src/layout/tables/cpython_3_9.h"
#include "tests/unit/fake_python.h"

namespace gilspy::sample {
namespace {

class CodeFixture {
 public:
  explicit CodeFixture(const RuntimeLayout& layout) : python(layout) {}

  FakePython python;
  StackTable stacks;
  CodeCache codes{python.target, python.layout, stacks};
  RemoteAddr code = python.add_function("work", 10);

  std::string at(std::uint64_t position, std::uint32_t tlbc_index = 0) {
    const auto found = codes.frame(code, {position, tlbc_index});
    if (!found.has_value()) return "none";
    const Frame& frame = stacks.frame(*found);
    return frame.function + ":" + std::to_string(frame.line);
  }
};

TEST(CodeCache, WithoutAQualifiedNameThePlainOneIsTaken) {
  CodeFixture with_bytes(layout::tables::kCpython39);
  EXPECT_EQ(with_bytes.at(2), "work:11");
  EXPECT_EQ(with_bytes.at(4), "work:12");
  CodeFixture with_units(layout::tables::kCpython310);
  EXPECT_EQ(with_units.at(1), "work:11");
  EXPECT_EQ(with_units.at(2), "work:12");
}

TEST(CodeCache, AFrameThatHasNotBegunStandsAtTheFirstLine) {
  CodeFixture fixture(layout::tables::kCpython310);
  EXPECT_EQ(fixture.at(~std::uint64_t{0}), "work:10");
}

TEST(CodeCache, ANameThatNobodyCanReadIsCut) {
  CodeFixture fixture(layout::tables::kCpython312);
  fixture.code = fixture.python.add_function(std::string(3000, 'x'), 10, std::string(3000, 'y'));
  const auto found = fixture.codes.frame(fixture.code, {fixture.code.value(), 0});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(fixture.stacks.frame(*found).function, std::string(240, 'x') + "\xe2\x80\xa6");
  EXPECT_EQ(fixture.stacks.frame(*found).file, std::string(1200, 'y') + "\xe2\x80\xa6");
}

// What a frame takes of the data stack, in bytes. 3.11 has the parts of the sum: stack, variables, and what every frame
// has, 9 words of it (FRAME_SPECIALS_SIZE in pycore_frame.h).
TEST(CodeCache, OfAFrameItsSizeOnTheDataStack) {
  const auto frame_bytes = [](const RuntimeLayout& layout) {
    CodeFixture fixture(layout);
    const RuntimeLayout::Code& fields = fixture.python.layout.code;
    fixture.python.target.memory.put(fixture.code + fields.stacksize, std::int32_t{3});
    fixture.python.target.memory.put(fixture.code + fields.nlocalsplus, std::int32_t{4});
    if (fields.framesize != kAbsent)
      fixture.python.target.memory.put(fixture.code + fields.framesize, std::int32_t{20});
    return fixture.codes.frame_bytes(fixture.code);
  };
  EXPECT_EQ(frame_bytes(layout::tables::kCpython311), (3U + 4U + 9U) * 8U);
  EXPECT_EQ(frame_bytes(layout::tables::kCpython312), 20U * 8U) << "the compiler's own sum";
}

TEST(CodeCache, WhatIsNoCodeObjectHasNoFrames) {
  CodeFixture fixture(layout::tables::kCpython311);
  EXPECT_NE(fixture.codes.frame_bytes(fixture.code), 0U);
  const RemoteAddr other = fixture.python.add_function("of another type", 1);
  fixture.python.target.memory.put(other + fixture.python.layout.object.type, FakePython::kGil);
  for (const RemoteAddr place : {RemoteAddr{}, RemoteAddr{0xdead0}, fixture.code + 4, other}) {
    EXPECT_EQ(fixture.codes.frame_bytes(place), 0U) << place.value();
  }
}

// Free-threaded 3.14 and later: every thread runs a copy of the bytecode.
class BytecodeCopies : public ::testing::Test {
 protected:
  CodeFixture fixture_{layout::tables::kCpython314t};
  RemoteAddr own_ = fixture_.code + fixture_.python.layout.code.instructions;
  RemoteAddr copies_ = fixture_.python.allocate(0x100);
  RemoteAddr third_ = fixture_.python.allocate(0x100);

  void SetUp() override {
    const RuntimeLayout& layout = fixture_.python.layout;
    fixture_.python.target.memory.put(fixture_.code + layout.code.tlbc, copies_);
    set_copy(0, own_);
    set_copy(1, RemoteAddr{});  // of a thread that has not run it
    set_copy(2, third_);
  }
  void set_copy(std::uint64_t index, RemoteAddr at) {
    fixture_.python.target.memory.put(copies_ + fixture_.python.layout.code.tlbc_entries + index * 8, at);
  }
};

TEST_F(BytecodeCopies, HaveTheLinesOfTheOriginal) {
  EXPECT_EQ(fixture_.at((own_ + 2).value()), "work:11");
  EXPECT_EQ(fixture_.at((own_ + 4).value()), "work:12");
  EXPECT_EQ(fixture_.at((third_ + 2).value(), 2), "work:11");
  EXPECT_EQ(fixture_.at((third_ + 4).value(), 2), "work:12");
  EXPECT_EQ(fixture_.stacks.frame_count(), 2U) << "one frame a line, whoever runs it";
}

TEST_F(BytecodeCopies, ACopyThatIsNotThereLeavesTheFirstLine) {
  EXPECT_EQ(fixture_.at((third_ + 4).value(), 1), "work:10");
  EXPECT_EQ(fixture_.at((third_ + 4).value(), 0xffffffff), "work:10");
  fixture_.python.target.memory.put(fixture_.code + fixture_.python.layout.code.tlbc, RemoteAddr{0xdead0});
  EXPECT_EQ(fixture_.at((third_ + 6).value(), 3), "work:10");
}

TEST_F(BytecodeCopies, ACopyThatIsMadeLaterIsFound) {
  EXPECT_EQ(fixture_.at((third_ + 4).value(), 1), "work:10");
  const RemoteAddr second = fixture_.python.allocate(0x100);
  set_copy(1, second);
  EXPECT_EQ(fixture_.at((second + 4).value(), 1), "work:12");
}

}  // namespace
}  // namespace gilspy::sample
