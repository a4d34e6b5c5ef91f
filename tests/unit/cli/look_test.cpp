// One look at a process that changes while it is looked at.
#include "src/cli/look.h"

#include "attached.h"

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
