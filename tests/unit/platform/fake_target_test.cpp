#include "platform/replay/fake_target.h"

#include <gmock/gmock.h>

#include "gilspy/memory.h"

namespace gilspy {
namespace {

using ::testing::ElementsAre;

constexpr RemoteAddr kHere(0x7f0000000ffc);  // its 8 bytes lie on two pages

TEST(FakeTarget, RecordsWhatWasRead) {
  FakeTarget target;
  target.memory.put(kHere, std::uint64_t{7});
  EXPECT_EQ(*read_value<std::uint64_t>(target, kHere), 7U);
  EXPECT_FALSE(read_value<std::uint64_t>(target, kHere + 4).has_value());
  EXPECT_THAT(target.reads(), ElementsAre(FakeTarget::Read{kHere, 8}, FakeTarget::Read{kHere + 4, 8}));
  EXPECT_EQ(target.batches(), 2U);
  EXPECT_TRUE(target.was_read(kHere + 11));
  EXPECT_FALSE(target.was_read(kHere + 12));
  target.clear_reads();
  EXPECT_FALSE(target.was_read(kHere));
}

TEST(FakeTarget, MemoryChangesBetweenTwoRangesOfABatch) {
  FakeTarget target;
  target.memory.put(kHere, 1);
  int served = 0;
  target.on_read([&](const FakeTarget::Read&) { target.memory.put(kHere, ++served); });
  int first = 0, second = 0;
  const ReadRange ranges[] = {{kHere, std::as_writable_bytes(std::span(&first, 1))},
                              {kHere, std::as_writable_bytes(std::span(&second, 1))}};
  EXPECT_EQ(*target.read_batch(ranges), 2U);
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
}

TEST(FakeTarget, RemovedMemoryIsGone) {
  FakeTarget target;
  target.memory.put(kHere, std::uint64_t{7});
  target.memory.remove(kHere + 2, 1);
  EXPECT_FALSE(read_value<std::uint64_t>(target, kHere).has_value());
  EXPECT_TRUE(read_value<std::uint16_t>(target, kHere).has_value());
}

TEST(FakeTarget, ScriptedEnd) {
  FakeTarget target;
  target.memory.put(kHere, 1);
  target.on_read([&](const FakeTarget::Read&) { target.fail_reads(ErrorCode::kGone); });
  EXPECT_EQ(read_value<int>(target, kHere).error().code(), ErrorCode::kGone);
}

TEST(FakeTarget, ThreadsAndFiles) {
  FakeTarget target;
  target.add_thread(Tid{5}, "worker");
  target.set_own_number(Tid{5}, 1);
  target.set_syscall(Tid{5}, {SyscallFacts::State::kInSyscall, 202, 0x10});
  EXPECT_EQ(target.syscall_of(Tid{5})->first_argument, 0x10U);
  EXPECT_EQ(*target.comm_of(Tid{5}), "worker");
  EXPECT_EQ(target.own_number_of(Tid{5}), 1);
  EXPECT_EQ(target.own_number_of(Tid{6}), 6);
  EXPECT_EQ(target.tid_of_own_number(1), Tid{5});
  EXPECT_FALSE(target.tid_of_own_number(5));
  EXPECT_TRUE(target.tells_system_calls());
  target.forget(Tid{5});
  EXPECT_THAT(target.forgotten(), ElementsAre(Tid{5}));
  EXPECT_THAT(target.syscalls_read(), ElementsAre(Tid{5}));
  Mapping mapping;
  mapping.path = "/lib/x.so";
  EXPECT_FALSE(target.file_of(mapping).has_value());
  target.set_file("/lib/x.so", {std::byte{1}, std::byte{2}});
  EXPECT_EQ((*target.file_of(mapping))->bytes().size(), 2U);
}

}  // namespace
}  // namespace gilspy
