// Stacks of this process, as gilspy copies them, and stacks that never were.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "src/native/unwind_table.h"
#include "tests/unit/native/probe_files.h"

namespace gilspy::native {
namespace {

// Where a thread waits at the end of a known way.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  std::atomic<pid_t> tid = 0;
};

std::atomic<int> after_the_calls = 0;

[[gnu::noinline]] void chain_c(Gate& gate) {
  std::unique_lock lock(gate.mutex);
  gate.tid = ::gettid();
  gate.changed.wait(lock, [&] { return gate.open; });
  ++after_the_calls;
}

[[gnu::noinline]] void chain_b(Gate& gate) {
  [[maybe_unused]] volatile char room[3000];  // more than the shortest copy
  room[0] = 1;
  chain_c(gate);
  ++after_the_calls;
}

[[gnu::noinline]] void chain_a(Gate& gate) {
  chain_b(gate);
  ++after_the_calls;
}

class OwnStack : public ::testing::Test {
 protected:
  OwnProcess process_;
  Gate gate_;
  std::thread thread_{[this] { chain_a(gate_); }};
  std::unique_ptr<Unwinder> unwinder_ = platform::make_unwinder(process_.space);

  ~OwnStack() override {
    {
      const std::lock_guard guard(gate_.mutex);
      gate_.open = true;
    }
    gate_.changed.notify_all();
    thread_.join();
  }

  // What the kernel tells of a thread that is blocked, and its stack.
  NativeCopy copy() {
    NativeCopy result;
    for (int i = 0; i < 2000 && result.system_call != kFutexSyscall; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (gate_.tid == 0) continue;
      const std::lock_guard guard(gate_.mutex);  // it has come to wait for the condition
      const auto facts = process_.target->syscall_of(Tid{gate_.tid.load()});
      if (!facts.has_value()) continue;
      result.system_call = facts->number;
      result.registers = {};
      result.registers.set(Registers::kStackPointer, facts->stack_pointer.value());
      result.registers.set(Registers::kInstruction, facts->instruction.value());
    }
    for (std::size_t size = 0; size < kMostStackBytes;) {
      const RemoteAddr from = result.registers.stack_pointer() + size;
      std::vector<std::byte> page(4096 - from.value() % 4096);
      const ReadRange range{from, page};
      const auto complete = process_.target->read_batch({&range, 1});
      if (!complete.has_value() || *complete == 0) break;
      result.stack.insert(result.stack.end(), page.begin(), page.end());
      size = result.stack.size();
    }
    return result;
  }
  std::vector<RemoteAddr> functions(const NativeTrace& trace) {
    std::vector<RemoteAddr> begins;
    for (const NativeTrace::Call& call : trace.calls) {
      const NativeImage* const image = process_.space.image_at(call.address);
      EXPECT_NE(image, nullptr);
      if (image != nullptr)
        begins.push_back(function_begin(process_.space, *image, call.address).value_or(RemoteAddr{}));
    }
    return begins;
  }
};

TEST_F(OwnStack, HasTheWholeChain) {
  const NativeTrace trace = unwinder_->unwind(copy());
  EXPECT_TRUE(trace.whole);
  const std::vector<RemoteAddr> found = functions(trace);
  const std::vector<RemoteAddr> chain{address_of(chain_c), address_of(chain_b), address_of(chain_a)};
  const auto at = std::search(found.begin(), found.end(), chain.begin(), chain.end());
  ASSERT_NE(at, found.end());
  EXPECT_NE(at, found.begin()) << "the condition variable's own functions";
  EXPECT_NE(at + 3, found.end()) << "the thread's start";
}

TEST_F(OwnStack, EachCallHasItsPartOfTheStack) {
  const NativeCopy stack = copy();
  const NativeTrace trace = unwinder_->unwind(stack);
  ASSERT_FALSE(trace.calls.empty());
  EXPECT_EQ(trace.calls.front().stack, stack.registers.stack_pointer());
  EXPECT_EQ(trace.calls.front().address, stack.registers.instruction());
  for (std::size_t i = 1; i < trace.calls.size(); ++i) EXPECT_GT(trace.calls[i].stack, trace.calls[i - 1].stack) << i;
}

TEST_F(OwnStack, OfAShortCopyTheInnermostCalls) {
  NativeCopy stack = copy();
  const NativeTrace whole = unwinder_->unwind(stack);
  for (const std::size_t size : {std::size_t{1024}, std::size_t{64}, std::size_t{8}, std::size_t{7}, std::size_t{0}}) {
    stack.stack.resize(size);
    const NativeTrace cut = unwinder_->unwind(stack);
    EXPECT_FALSE(cut.whole) << size;
    ASSERT_LT(cut.calls.size(), whole.calls.size()) << size;
    EXPECT_GE(cut.calls.size(), 1U) << size;
    for (std::size_t i = 0; i < cut.calls.size(); ++i) {
      EXPECT_EQ(cut.calls[i].address, whole.calls[i].address) << size << ' ' << i;
      EXPECT_EQ(cut.calls[i].stack, whole.calls[i].stack) << size << ' ' << i;
    }
  }
}

TEST_F(OwnStack, AtAnyByteWhereItIsCut) {
  NativeCopy stack = copy();
  const NativeTrace whole = unwinder_->unwind(stack);
  std::size_t before = whole.calls.size();
  while (stack.stack.size() > 8) {
    stack.stack.resize(stack.stack.size() - std::min<std::size_t>(stack.stack.size(), 40));
    const NativeTrace cut = unwinder_->unwind(stack);
    EXPECT_LE(cut.calls.size(), before);
    EXPECT_EQ(cut.whole, cut.calls.size() == whole.calls.size()) << stack.stack.size();
    before = cut.calls.size();
  }
}

TEST_F(OwnStack, OfGarbageNothingIsWhole) {
  const NativeCopy real = copy();
  std::mt19937_64 random(1);
  for (int i = 0; i < 3000; ++i) {
    NativeCopy garbage = real;
    for (std::size_t k = 0; k < Registers::kCount; ++k) {
      if (k != Registers::kStackPointer && (k != Registers::kInstruction || i % 2 == 0))
        garbage.registers.set(k, random());
    }
    if (i % 3 == 0) garbage.registers.set(Registers::kStackPointer, random());
    garbage.stack.resize(random() % 4096);
    for (std::byte& byte : garbage.stack) byte = static_cast<std::byte>(random() | 1U);
    const NativeTrace trace = unwinder_->unwind(garbage);
    EXPECT_FALSE(trace.whole) << i;
    EXPECT_LE(trace.calls.size(), 3U) << i;
  }
}

// Worse than noise: addresses that all are of code, and of the stack.
TEST_F(OwnStack, OfPlausibleGarbageThereIsAnEnd) {
  const NativeCopy real = copy();
  const NativeTrace trace = unwinder_->unwind(real);
  ASSERT_FALSE(trace.calls.empty());
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    NativeCopy garbage = real;
    garbage.stack.resize(16 * 1024);
    garbage.registers.set(Registers::kInstruction, trace.calls[random() % trace.calls.size()].address.value());
    for (std::size_t at = 0; at + 8 <= garbage.stack.size(); at += 8) {
      const std::uint64_t word = random() % 4 != 0
                                     ? trace.calls[random() % trace.calls.size()].address.value() + random() % 9
                                     : real.registers.stack_pointer().value() + random() % garbage.stack.size() / 8 * 8;
      std::memcpy(&garbage.stack[at], &word, sizeof word);
    }
    EXPECT_LE(unwinder_->unwind(garbage).calls.size(), 2000U);
  }
}

TEST_F(OwnStack, WithoutRegisters) {
  NativeCopy stack = copy();
  stack.registers = {};
  EXPECT_TRUE(unwinder_->unwind(stack).calls.empty());
  EXPECT_FALSE(unwinder_->unwind({}).whole);
}

TEST_F(OwnStack, CodeThatNoFileHasEndsIt) {
  NativeCopy stack = copy();
  stack.registers.set(Registers::kInstruction, stack.registers.stack_pointer().value());
  const NativeTrace trace = unwinder_->unwind(stack);
  EXPECT_TRUE(trace.calls.empty());
  EXPECT_FALSE(trace.whole);
}

#if defined(__x86_64__)
// At the begin of a function the address to return to lies at the stack pointer.
class MadeStack : public ::testing::Test {
 protected:
  static constexpr RemoteAddr kBase{0x10000000};
  static constexpr std::uint64_t kStack = 0x7f0000000000;
  static constexpr std::size_t kFramePointer = 6;
  FakeTarget target_;
  AddressSpace space_{target_};
  std::unique_ptr<Unwinder> unwinder_ = platform::make_unwinder(space_);

  void SetUp() override { target_.set_mappings(load(target_, GILSPY_PROBE, "/probe.so", kBase)); }
  static std::uint64_t begin_of(const char* name) { return kBase.value() + address_in(GILSPY_PROBE, name); }
  static NativeCopy made(std::uint64_t instruction, const std::vector<std::uint64_t>& words) {
    NativeCopy copy;
    copy.registers.set(Registers::kStackPointer, kStack);
    copy.registers.set(Registers::kInstruction, instruction);
    const auto bytes = std::as_bytes(std::span(words));
    copy.stack.assign(bytes.begin(), bytes.end());
    return copy;
  }
  NativeTrace unwind(std::uint64_t instruction, const std::vector<std::uint64_t>& words) {
    return unwinder_->unwind(made(instruction, words));
  }
};

TEST_F(MadeStack, AddressesAreThoseOfTheCalls) {
  const std::uint64_t leaf = begin_of("probe_leaf"), build = begin_of("probe_build"), start = begin_of("probe_start");
  const NativeTrace trace = unwind(leaf, {build + 1, start + 1, 0xdead});
  ASSERT_EQ(trace.calls.size(), 3U);
  EXPECT_EQ(trace.calls[0].address, RemoteAddr(leaf));
  EXPECT_EQ(trace.calls[1].address, RemoteAddr(build));
  EXPECT_EQ(trace.calls[2].address, RemoteAddr(start));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(trace.calls[i].stack, RemoteAddr(kStack + 8 * i));
  EXPECT_FALSE(trace.whole);
}

// Though there is what could be a frame pointer.
TEST_F(MadeStack, CodeWithoutATableEndsIt) {
  const std::uint64_t start = begin_of("probe_start") + 1;
  NativeCopy copy = made(begin_of("probe_leaf"), {begin_of("probe_sizeless") + 1, 0, kStack + 32, start, 0, start});
  copy.registers.set(kFramePointer, kStack + 16);
  const NativeTrace trace = unwinder_->unwind(copy);
  EXPECT_EQ(trace.calls.size(), 2U);
  EXPECT_FALSE(trace.whole);
}

// push %rbp; mov %rsp,%rbp; push %rbx; sub $0x18,%rsp, and then the kernel tells the stack pointer alone.
TEST_F(MadeStack, AFunctionTellsWhereItsFramePointerIs) {
  const std::uint64_t inside = begin_of("probe_framed") + 9, caller = begin_of("probe_calls_framed") + 5;
  const std::vector<std::uint64_t> words{0, 0, 0, 0, 0, caller, begin_of("probe_thread") + 1};
  const NativeTrace trace = unwind(inside, words);
  ASSERT_EQ(trace.calls.size(), 3U);
  EXPECT_EQ(trace.calls[1].address, RemoteAddr(caller - 1));
  EXPECT_EQ(trace.calls[1].stack, RemoteAddr(kStack + 48));
  EXPECT_TRUE(trace.whole);
  // Counts only where a call of it returns to: not into another function, nor behind another instruction.
  for (const std::uint64_t other : {caller + 1, caller - 1, begin_of("probe_start") + 1, std::uint64_t{0}}) {
    std::vector<std::uint64_t> wrong = words;
    wrong[5] = other;
    EXPECT_EQ(unwind(inside, wrong).calls.size(), 1U) << other - kBase.value();
  }
  NativeCopy known = made(inside, words);
  known.registers.set(kFramePointer, kStack + 8);  // where it is known, it counts
  known.stack.resize(16);
  EXPECT_EQ(unwinder_->unwind(known).calls.size(), 1U);
  known.registers.set(kFramePointer, kStack + 32);
  known.stack = made(inside, words).stack;
  EXPECT_EQ(unwinder_->unwind(known).calls.size(), 3U);
}

TEST_F(MadeStack, HalfAnAddressIsNone) {
  NativeCopy copy = made(begin_of("probe_leaf"), {begin_of("probe_build") + 1});
  EXPECT_EQ(unwinder_->unwind(copy).calls.size(), 2U);
  copy.stack.pop_back();
  EXPECT_EQ(unwinder_->unwind(copy).calls.size(), 1U);
}

TEST_F(MadeStack, IsWholeWhereTheTablesSaySo) {
  const NativeTrace trace = unwind(begin_of("probe_leaf"), {begin_of("probe_thread") + 1});
  EXPECT_EQ(trace.calls.size(), 2U);
  EXPECT_TRUE(trace.whole);
}

TEST_F(MadeStack, OneThatNeverEndsIsCut) {
  const NativeTrace trace =
      unwind(begin_of("probe_leaf"), std::vector<std::uint64_t>(8192, begin_of("probe_build") + 1));
  EXPECT_EQ(trace.calls.size(), 2000U);
  EXPECT_FALSE(trace.whole);
}

TEST_F(MadeStack, OfAnotherImageInTheSamePlace) {
  const std::uint64_t leaf = begin_of("probe_leaf");
  EXPECT_EQ(unwind(leaf, {begin_of("probe_build") + 1, 1}).calls.size(), 2U);
  target_.set_mappings({});
  space_.allow_refresh();
  space_.image_at(RemoteAddr(1));
  unwinder_->forget_images();
  EXPECT_TRUE(unwind(leaf, {begin_of("probe_build") + 1, 1}).calls.empty());
}
#endif

}  // namespace
}  // namespace gilspy::native
