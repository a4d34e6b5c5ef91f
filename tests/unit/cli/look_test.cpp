// One look at a process that changes while it is looked at.
#include "src/cli/look.h"

#include <gmock/gmock.h>

#include "attached.h"
#include "formats/dump/dump.h"

namespace gilspy::cli {
namespace {

class LookTest : public AttachedTest {
 protected:
  // The GIL's memory can be read so often from now on, and then is gone. The first tick reads it three times, which
  // knows no holder beforehand.
  void lose_gil_after(int reads) {
    target_->on_read([this, reads, done = 0](const FakeTarget::Read& read) mutable {
      if (read.from != FakePython::kGil || done++ < reads) return;
      target_->memory.remove(FakePython::kGil, python_.layout.gil.size);
    });
  }
};

TEST_F(LookTest, ShowsTheThread) {
  attach();
  const auto dump = look(attachment_);
  ASSERT_TRUE(dump.has_value()) << dump.error().message();
  ASSERT_EQ(dump->gils.size(), 1U);
  EXPECT_TRUE(dump->gils[0].facts.locked);
  ASSERT_EQ(dump->threads.size(), 1U);
  EXPECT_EQ(dump->threads[0].info.tid, Tid{100});
}

TEST_F(LookTest, WhatTheLastTickCannotReadIsShownAsTheOneBeforeSawIt) {
  attach();
  lose_gil_after(3);
  const auto dump = look(attachment_);
  ASSERT_TRUE(dump.has_value()) << dump.error().message();
  ASSERT_EQ(dump->gils.size(), 1U);
  EXPECT_TRUE(dump->gils[0].facts.locked);
  ASSERT_EQ(dump->threads.size(), 1U);
  EXPECT_EQ(dump->threads[0].activity, Activity::kHoldsGil);
}

TEST_F(LookTest, NumbersInsideOfItsContainer) {
  attach();
  const auto here = look(attachment_);
  ASSERT_TRUE(here.has_value()) << here.error().message();
  EXPECT_FALSE(here->threads[0].tid_inside.has_value() || here->pid_inside.has_value());
}

TEST_F(LookTest, NumbersInsideThatAreOthers) {
  attach();
  target_->set_own_number(Tid{100}, 7);
  const auto contained = look(attachment_);
  ASSERT_TRUE(contained.has_value()) << contained.error().message();
  EXPECT_EQ(contained->threads[0].tid_inside, 7);
  EXPECT_THAT(formats::dump_text(*contained, {}), ::testing::HasSubstr("Thread 100 (inside 7) \""));
  EXPECT_THAT(formats::dump_json(*contained), ::testing::HasSubstr("\"tid_inside\": 7"));
}

TEST_F(LookTest, NothingToShowIsAnError) {
  attach();
  lose_gil_after(0);
  const auto dump = look(attachment_);
  ASSERT_FALSE(dump.has_value());
  EXPECT_EQ(dump.error().code(), ErrorCode::kNotReady);
  EXPECT_NE(dump.error().message().find(std::to_string(::getpid())), std::string::npos) << dump.error().message();
}

}  // namespace
}  // namespace gilspy::cli
