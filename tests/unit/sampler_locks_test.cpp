// Which lock a blocked thread waits for, and who has it, as CPython 3.13 has it in memory.
#include "gilspy/locks.h"
#include "tests/unit/sampler_fixture.h"

namespace gilspy {
namespace {

class SamplerLocksTest : public SamplerTest {
 protected:
  static constexpr std::size_t kWaiter = 1, kOwner = 2;

  void SetUp() override {
    start(3);
    const RuntimeLayout& layout = python_.layout;
    lock_type_ = add_type("_thread.lock");
    rlock_type_ = add_type("_thread.RLock");
    object_ = python_.allocate(0x100);
    put_zeroes(object_, 0x100);
    mutex_ = object_ + layout.object.var_size;
    bucket_ = python_.allocate(0x40);
    put_zeroes(bucket_, 0x40);
    entry_ = python_.allocate(0x80);
    put_zeroes(entry_, 0x80);
  }

  void put_zeroes(RemoteAddr at, std::size_t size) {
    python_.target.memory.put_bytes(at, std::vector<std::byte>(size));
  }

  RemoteAddr add_type(const std::string& name) {
    const RuntimeLayout& layout = python_.layout;
    const RemoteAddr type = python_.allocate(0x400), text = python_.allocate(0x80);
    put_zeroes(type, 0x400);
    put_zeroes(text, 0x80);
    python_.target.memory.put_text(text, name);
    python_.target.memory.put(type + layout.object.type, type);
    python_.target.memory.put(type + layout.object.type_name, text);
    python_.target.memory.put(type + layout.object.type_basicsize, std::uint64_t{40});
    return type;
  }

  // struct wait_entry: what is waited for, the semaphore at 16, and at 48 its links in the bucket's queue.
  void park(RemoteAddr address, Nanos fair_at = Nanos{0}) {
    SparseMemory& memory = python_.target.memory;
    const RemoteAddr argument = entry_ + 0x50;
    memory.put(argument, fair_at.count());
    memory.put(entry_, fair_at.count() > 0 ? argument : RemoteAddr{});
    memory.put(entry_ + 8, address);
    memory.put(entry_ + 48, bucket_);
    memory.put(entry_ + 56, bucket_);
    memory.put(bucket_, entry_ + 48);
    memory.put(bucket_ + 8, entry_ + 48);
    python_.target.set_syscall(threads_[kWaiter].tid,
                               {SyscallFacts::State::kInSyscall, kFutexSyscall, (entry_ + 16).value()});
    // It had the GIL for a moment before.
    python_.hold_gil(threads_[kWaiter], ++switches_);
    python_.hold_gil(threads_[0], ++switches_);
    now_ += 5ms;
  }
  // Until it is told: the kernel is not asked at every tick.
  void tick_until_told() {
    for (int i = 0; i < 50 && sample_.locks.empty(); ++i) tick();
  }
  const LockWait* wait() {
    const ThreadFacts* const found = facts(index_of_tid(threads_[kWaiter].tid));
    return found != nullptr && found->lock.has_value() ? &*found->lock : nullptr;
  }

  RemoteAddr lock_type_, rlock_type_, object_, mutex_, bucket_, entry_;
  std::uint64_t switches_ = 1;
};

TEST_F(SamplerLocksTest, TheEntryOfAParkedThreadNamesTheLock) {
  python_.target.memory.put(object_ + python_.layout.object.type, lock_type_);
  park(mutex_, now_ - 2ms);
  tick_until_told();
  ASSERT_EQ(sample_.locks.size(), 1U);
  EXPECT_EQ(sample_.locks[0].kind, LockKind::kLock);
  EXPECT_EQ(sample_.locks[0].address, object_);
  EXPECT_EQ(sample_.locks[0].type, "_thread.lock");
  ASSERT_NE(wait(), nullptr);
  EXPECT_EQ(wait()->lock, sample_.locks[0].index);
  const ThreadFacts* const found = facts(index_of_tid(threads_[kWaiter].tid));
  EXPECT_TRUE(found->os_read);
}

TEST_F(SamplerLocksTest, SinceWhenIsWhatTheWaiterWroteDown) {
  python_.target.memory.put(object_ + python_.layout.object.type, lock_type_);
  const Nanos since = now_ - 3ms;
  park(mutex_, since + 1ms);
  tick_until_told();
  ASSERT_NE(wait(), nullptr);
  EXPECT_EQ(wait()->since, since);
}

TEST_F(SamplerLocksTest, AnEntryThatNobodyLinksToIsNone) {
  python_.target.memory.put(object_ + python_.layout.object.type, lock_type_);
  park(mutex_);
  python_.target.memory.put(bucket_, RemoteAddr{0x1234});
  for (int i = 0; i < 50; ++i) {
    tick();
    EXPECT_TRUE(sample_.locks.empty());
    EXPECT_EQ(wait(), nullptr);
  }
}

TEST_F(SamplerLocksTest, MutexesOfTheInterpreterHaveNames) {
  park(FakePython::kInterpreter + python_.layout.interpreter.import_lock);
  tick_until_told();
  ASSERT_EQ(sample_.locks.size(), 1U);
  EXPECT_EQ(sample_.locks[0].kind, LockKind::kInternal);
  EXPECT_EQ(sample_.locks[0].name, "import lock");
}

TEST_F(SamplerLocksTest, GarbageIsALockOfAnUnknownKindAtMost) {
  for (const std::uint64_t address : {0x3ULL, 0xffffffffffffff00ULL, 0x7fff00000001ULL}) {
    park(RemoteAddr(address), now_ - 2ms);
    for (int i = 0; i < 20; ++i) {
      tick();
      for (const LockInfo& lock : sample_.locks) EXPECT_EQ(lock.kind, LockKind::kUnknown);
    }
  }
}

TEST_F(SamplerLocksTest, AnRlockSaysWhoHasIt) {
  SparseMemory& memory = python_.target.memory;
  memory.put(object_ + python_.layout.object.type, rlock_type_);
  memory.put(object_ + python_.layout.object.var_size + 8, std::uint64_t{0x7000} + threads_[kOwner].id);
  park(mutex_, now_ - 2ms);
  std::optional<LockOwner> told;
  for (int i = 0; i < 50; ++i) {
    tick();
    if (!sample_.owners.empty()) told = sample_.owners.back();
  }
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->owner, ThreadIndex{index_of_tid(threads_[kOwner].tid)});
  EXPECT_FALSE(told->inferred);
  memory.put(object_ + python_.layout.object.var_size + 8, std::uint64_t{0});
  for (int i = 0; i < 50; ++i) {
    tick();
    if (!sample_.owners.empty()) told = sample_.owners.back();
  }
  EXPECT_EQ(told->owner, std::nullopt);
}

// Condition.wait makes a lock for each wait. That one met with a stack that was a moment old makes nothing of the next.
TEST_F(SamplerLocksTest, AnAddressMeansSomethingElseInsideConditionWait) {
  SparseMemory& memory = python_.target.memory;
  memory.put(object_ + python_.layout.object.type, lock_type_);
  park(mutex_, now_ - 2ms);
  tick_until_told();
  ASSERT_EQ(sample_.locks.size(), 1U);
  EXPECT_EQ(sample_.locks[0].kind, LockKind::kLock);
  const RemoteAddr wait_method = python_.add_function("Condition.wait", 1, "/lib/threading.py");
  const RemoteAddr condition = python_.allocate(0x40);
  put_zeroes(condition, 0x40);
  memory.put(condition + python_.layout.object.type, add_type("Condition"));
  python_.name_variables(wait_method, {"self"});
  python_.set_stack(threads_[kWaiter], {{root_, 0}, {wait_method, 0}});
  memory.put(python_.values_of(threads_[kWaiter], 1), condition);
  park(mutex_, now_ - 2ms);
  sample_.locks.clear();
  tick_until_told();
  ASSERT_EQ(sample_.locks.size(), 1U);
  EXPECT_EQ(sample_.locks[0].kind, LockKind::kCondition);
  EXPECT_EQ(sample_.locks[0].address, condition);
}

TEST_F(SamplerLocksTest, WhatATickThatFailsMetIsToldByTheNext) {
  python_.target.memory.put(object_ + python_.layout.object.type, lock_type_);
  park(mutex_, now_ - 2ms);
  // Whoever holds the GIL and is blocked: that it still has it is asked last. Every tick fails there.
  python_.target.set_syscall(threads_[0].tid, {SyscallFacts::State::kInSyscall, 1, 0});
  for (int i = 0; i < 100; ++i) {
    python_.target.on_read([this, reads = 0](const FakeTarget::Read& read) mutable {
      if (read.from == FakePython::kGil && ++reads == 3) python_.target.memory.remove(FakePython::kGil, 16);
    });
    ASSERT_TRUE(try_tick().has_value());
    ASSERT_TRUE(sample_.failed);
    python_.target.on_read({});
    python_.target.memory.put(FakePython::kGil, std::uint64_t{5000});
    python_.hold_gil(threads_[0], switches_);
  }
  tick();
  ASSERT_EQ(sample_.locks.size(), 1U);
  EXPECT_EQ(sample_.locks[0].address, object_);
}

}  // namespace
}  // namespace gilspy
