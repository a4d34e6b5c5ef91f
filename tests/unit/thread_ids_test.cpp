#include "src/sample/thread_ids.h"

#include <gtest/gtest.h>

#include "platform/replay/fake_target.h"
#include "src/layout/tables/cpython_3_13.h"
#include "src/layout/tables/cpython_3_9.h"

namespace gilspy::sample {
namespace {

class NativeIds : public ::testing::Test {
 protected:
  FakeTarget target_;
  ThreadIds ids_{target_, layout::tables::kCpython313};
};

TEST_F(NativeIds, AreTheTid) {
  EXPECT_EQ(ids_.tid_of(4711, ThreadIdent{}), Tid{4711});
  EXPECT_EQ(ids_.tid_of(0, ThreadIdent{0x7000}), std::nullopt) << "not bound yet";
  EXPECT_EQ(ids_.tid_of(0x1'0000'0000, ThreadIdent{}), std::nullopt) << "garbage";
}

// A container: the thread state has the number that its own PID namespace gave.
TEST_F(NativeIds, AreTranslatedFromTheNamespaceOfTheTarget) {
  target_.add_thread(Tid{5001});
  target_.set_own_number(Tid{5001}, 7);
  EXPECT_EQ(ids_.tid_of(7, ThreadIdent{}), Tid{5001});
  EXPECT_EQ(ids_.tid_of(8, ThreadIdent{}), std::nullopt);
}

// The state of its main thread has the number that this had in the parent.
TEST_F(NativeIds, OfAChildThatPythonWasNotToldOf) {
  const Tid main = static_cast<Tid>(to_int(target_.identity().pid));
  target_.add_thread(main);
  target_.add_thread(Tid{5001});
  const auto put = [&](std::uint64_t pthread, Tid tid) {
    target_.memory.put_bytes(RemoteAddr{pthread}, std::vector<std::byte>(0x900));
    target_.memory.put(RemoteAddr{pthread} + 0x2d0, to_int(tid));
  };
  put(0x10000, main);
  put(0x20000, Tid{5001});
  EXPECT_EQ(ids_.tid_of(4711, ThreadIdent{0x10000}), main);
  EXPECT_EQ(ids_.tid_of(5001, ThreadIdent{0x10000}), Tid{5001}) << "it lives";
  EXPECT_EQ(ids_.tid_of(4711, ThreadIdent{0x20000}), Tid{4711}) << "the state of one that ended, whose place is used";
}

// Up to 3.10: the thread's ident is the address of libc's struct pthread, which has the tid somewhere.
class PthreadIds : public ::testing::Test {
 protected:
  FakeTarget target_;
  ThreadIds ids_{target_, layout::tables::kCpython39};

  // A struct pthread of `size` bytes in which these places have these numbers.
  ThreadIdent add(std::uint64_t address, const std::map<std::uint64_t, int>& numbers, std::size_t size = 0x900) {
    const std::vector<std::byte> bytes(size);
    target_.memory.put_bytes(RemoteAddr{address}, bytes);
    for (const auto& [place, number] : numbers) {
      target_.memory.put(RemoteAddr{address} + place, std::int32_t{number});
    }
    return ThreadIdent{address};
  }
  std::optional<Tid> tid_of(ThreadIdent ident) { return ids_.tid_of(0, ident); }

  void SetUp() override {
    for (const int tid : {101, 102, 103}) target_.add_thread(Tid{tid});
  }
};

TEST_F(PthreadIds, OneThreadOfGlibc) {
  EXPECT_EQ(tid_of(add(0x10000, {{0x18, 102}, {0x2d0, 101}, {0x700, 103}})), Tid{101});
}

TEST_F(PthreadIds, OneThreadOfMusl) {
  // Its struct is small, and so near the end of the mapping that less than what is searched can be read.
  EXPECT_EQ(tid_of(add(0x10000, {{0x30, 101}, {0x88, 102}}, 0xc8)), Tid{101});
}

TEST_F(PthreadIds, AnUnusualPlaceIsTheOnlyOneThatHasALivingThread) {
  EXPECT_EQ(tid_of(add(0x10000, {{0x1a4, 101}, {0x2d0, 999}})), Tid{101});
}

TEST_F(PthreadIds, SeveralThreadsNarrowItDownToThePlaceTheyShare) {
  const ThreadIdent first = add(0x10000, {{0x1a4, 101}, {0x2d0, 102}});
  EXPECT_EQ(tid_of(first), Tid{102}) << "all that one can say of one thread: the usual place";
  EXPECT_EQ(tid_of(add(0x20000, {{0x1a4, 102}, {0x440, 103}})), Tid{102});
  EXPECT_EQ(tid_of(first), Tid{101});
  EXPECT_EQ(tid_of(add(0x30000, {{0x1a4, 103}, {0x2d0, 101}})), Tid{103});
}

TEST_F(PthreadIds, MemoryThatIsNotMappedGivesNothing) {
  EXPECT_EQ(tid_of(ThreadIdent{0xdead000}), std::nullopt);
  EXPECT_EQ(tid_of(ThreadIdent{}), std::nullopt);
  EXPECT_EQ(tid_of(add(0x10000, {{0x2d0, 101}})), Tid{101}) << "the others are found all the same";
  EXPECT_EQ(tid_of(ThreadIdent{0xdead000}), std::nullopt);
}

TEST_F(PthreadIds, WithoutALivingThreadThereIsNoPlace) {
  for (const int tid : {101, 102, 103}) target_.end_thread(Tid{tid});
  EXPECT_EQ(tid_of(add(0x10000, {{0x2d0, 101}})), std::nullopt) << "the process has ended";
  target_.add_thread(Tid{200});
  EXPECT_EQ(tid_of(ThreadIdent{0x10000}), std::nullopt) << "others live";
}

TEST_F(PthreadIds, WhatIsNoPthreadTellsNothingAboutTheOthers) {
  const ThreadIdent first = add(0x10000, {{0x1a4, 101}});
  EXPECT_EQ(tid_of(first), Tid{101});
  EXPECT_EQ(tid_of(add(0x20000, {})), std::nullopt);
  EXPECT_EQ(tid_of(first), Tid{101});
}

TEST_F(PthreadIds, HoldTheNumberOfTheNamespaceOfTheTarget) {
  target_.set_own_number(Tid{101}, 7);
  EXPECT_EQ(tid_of(add(0x10000, {{0x1a4, 7}})), Tid{101});
}

}  // namespace
}  // namespace gilspy::sample
