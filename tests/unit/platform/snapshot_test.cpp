// What is captured of a target, written, read and put into another one.
#include "platform/replay/snapshot.h"

#include <gmock/gmock.h>

#include "gilspy/memory.h"
#include "platform/replay/capturing_target.h"

namespace gilspy {
namespace {

constexpr RemoteAddr kPage{0x7f0000001000};
constexpr Tid kMain{1000}, kOther{1001};

class SnapshotTest : public ::testing::Test {
 protected:
  FakeTarget process_;
  CapturingTarget captured_{process_};

  void SetUp() override {
    const std::vector<std::byte> page(4096, std::byte{7});
    process_.memory.put_bytes(kPage, page);
    process_.add_thread(kMain, "main");
    process_.add_thread(kOther, "other");
    process_.set_own_number(kOther, 2);
    process_.set_syscall(kOther, {SyscallFacts::State::kInSyscall, kFutexSyscall, 0x1234});
    process_.set_sched(kOther, {Nanos(5), Nanos(6)});
    Mapping mapping;
    mapping.begin = kPage;
    mapping.end = kPage + 4096;
    mapping.readable = mapping.executable = true;
    mapping.inode = 9;
    mapping.path = "/somewhere/bin/python3";
    process_.set_mappings({mapping});
  }
  Snapshot snapshot() const {
    RuntimeLocation location;
    location.runtime = kPage;
    location.version = {3, 13, -1};
    location.free_threaded = true;
    location.binary = "/somewhere/lib/libpython3.13t.so";
    return captured_.snapshot(location);
  }
  // By way of its bytes.
  Snapshot read_again() const {
    auto read = read_snapshot(write_snapshot(snapshot()));
    EXPECT_TRUE(read.has_value());
    return read.value_or(Snapshot{});
  }
};

TEST_F(SnapshotTest, LinesThatWereReadAreThereAndJoined) {
  read_value<std::uint64_t>(captured_, kPage + 60);  // over the end of a line
  read_value<std::uint64_t>(captured_, kPage + 1000);
  FakeTarget replayed;
  put_into(replayed, read_again());
  EXPECT_EQ(snapshot().memory.size(), 2U);
  EXPECT_EQ(*read_value<std::uint64_t>(replayed, kPage + 60), 0x0707070707070707U);
  EXPECT_TRUE(read_value<std::uint64_t>(replayed, kPage + 120).has_value());
  EXPECT_FALSE(read_value<std::uint64_t>(replayed, kPage + 128).has_value()) << "nobody read it";
}

TEST_F(SnapshotTest, TheFirstValueIsKept) {
  read_value<std::uint64_t>(captured_, kPage);
  process_.memory.put(kPage, std::uint64_t{1});
  EXPECT_EQ(*read_value<std::uint64_t>(captured_, kPage), 1U) << "the reader has what is there now";
  FakeTarget replayed;
  put_into(replayed, read_again());
  EXPECT_EQ(*read_value<std::uint64_t>(replayed, kPage), 0x0707070707070707U);
}

TEST_F(SnapshotTest, WhatIsNotMappedIsNotCaptured) {
  EXPECT_FALSE(read_value<std::uint64_t>(captured_, kPage + 4096).has_value());
  std::byte nothing{};
  const ReadRange empty{kPage + 4097, {&nothing, 0}};
  EXPECT_EQ(*captured_.read_batch({&empty, 1}), 1U);
  EXPECT_TRUE(snapshot().memory.empty());
}

TEST_F(SnapshotTest, ThreadsKeepTheirFacts) {
  ASSERT_TRUE(captured_.threads().has_value());
  captured_.syscall_of(kOther);
  process_.set_syscall(kOther, {});
  captured_.syscall_of(kOther);
  captured_.sched_of(kOther);
  FakeTarget replayed;
  put_into(replayed, read_again());
  EXPECT_THAT(*replayed.threads(), ::testing::ElementsAre(kMain, kOther));
  EXPECT_EQ(*replayed.comm_of(kOther), "other");
  EXPECT_EQ(replayed.tid_of_own_number(2), kOther);
  EXPECT_EQ(replayed.syscall_of(kOther)->first_argument, 0x1234U);
  EXPECT_EQ(replayed.sched_of(kOther)->run_queue, Nanos(6));
}

TEST_F(SnapshotTest, PathsLoseTheirFolders) {
  ASSERT_TRUE(captured_.mappings().has_value());
  const Snapshot read = read_again();
  EXPECT_EQ(read.location.binary, "libpython3.13t.so");
  EXPECT_EQ(read.location.version.micro, -1);
  EXPECT_TRUE(read.location.free_threaded);
  ASSERT_EQ(read.mappings.size(), 1U);
  EXPECT_EQ(read.mappings[0].path, "python3");
  EXPECT_EQ(read.mappings[0].end, kPage + 4096);
  EXPECT_TRUE(read.mappings[0].executable);
  EXPECT_FALSE(read.mappings[0].writable);
}

TEST_F(SnapshotTest, OneThatIsCutOrOfAnotherVersionIsCorrupt) {
  ASSERT_TRUE(captured_.threads().has_value() && captured_.mappings().has_value());
  read_value<std::uint64_t>(captured_, kPage);
  std::vector<std::byte> bytes = write_snapshot(snapshot());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_FALSE(read_snapshot(std::span(bytes).first(size)).has_value()) << size;
  }
  bytes.push_back(std::byte{0});
  EXPECT_EQ(read_snapshot(bytes).error().code(), ErrorCode::kCorrupt);
  bytes.pop_back();
  bytes[16] = std::byte{'0'};
  EXPECT_EQ(read_snapshot(bytes).error().code(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace gilspy
