// OS threads that visit other interpreters: one thread state in each, and one of them stands for the thread.
#include "src/layout/tables/cpython_3_12.h"
#include "tests/unit/sampler_fixture.h"

namespace gilspy {
namespace {

constexpr RemoteAddr kOther{0x180000};  // the second interpreter
constexpr RemoteAddr kOtherGil{0x28000};

class Visitors : public SamplerTest {
 protected:
  Visitors() = default;
  explicit Visitors(const RuntimeLayout& layout) : SamplerTest(layout) {}

  FakePython::Thread home_, visit_, neighbour_;

  // Two interpreters. Thread 100 is at home in the first one and visits the second; thread 101 lives in the first.
  void start_visit() {
    prepare();
    start_sampler();
  }
  void prepare() {
    python_.add_interpreter(1, kOther, kOtherGil);
    home_ = python_.add_thread(1, Tid{100});
    neighbour_ = python_.add_thread(2, Tid{101});
    visit_ = python_.add_thread(1, Tid{100}, {}, kOther);
    python_.set_stack(home_, {{root_, 0}});
    python_.set_stack(visit_, {{root_, 2}});
  }

  // A thread's row in an interpreter.
  ThreadIndex row(Tid tid, std::int64_t interpreter) const {
    for (const ThreadInfo& info : known_) {
      if (info.tid == tid && info.interpreter_id == interpreter) return info.index;
    }
    ADD_FAILURE() << "no row of " << to_int(tid) << " in " << interpreter;
    return ThreadIndex{};
  }
  // What the last samples told; nothing: not told.
  std::optional<bool> dormant(ThreadIndex thread) const {
    const ThreadFacts* const known = facts(to_int(thread));
    return known == nullptr ? std::nullopt : known->dormant;
  }
  void expect_active(std::int64_t interpreter) {
    EXPECT_EQ(dormant(row(Tid{100}, 0)), interpreter != 0);
    EXPECT_EQ(dormant(row(Tid{100}, 1)), interpreter != 1);
  }
};

TEST_F(Visitors, HaveARowInEveryInterpreter) {
  start_visit();
  EXPECT_EQ(sample_.gils.size(), 2U);
  EXPECT_EQ(known_.size(), 3U);
  EXPECT_NE(row(Tid{100}, 0), row(Tid{100}, 1));
  EXPECT_EQ(dormant(row(Tid{101}, 0)), std::nullopt) << "it shares its tid with nobody";
}

TEST_F(Visitors, WhoeverHoldsAGilIsActive) {
  prepare();
  python_.hold_gil(visit_, 1);
  start_sampler();
  expect_active(1);
  tick();
  EXPECT_EQ(dormant(row(Tid{100}, 0)), std::nullopt) << "told when it changes";
  python_.let_go(visit_);
  python_.hold_gil(home_, 1);
  tick();
  expect_active(0);
  EXPECT_TRUE(facts(to_int(row(Tid{100}, 0)))->os_read) << "what it did before says nothing";
}

// The kernel's facts of a state that wakes up may say that its thread is gone: the others are told apart all the same.
TEST_F(Visitors, AThreadThatEndsAsItComesHomeDisturbsNobody) {
  prepare();
  const FakePython::Thread neighbour_visit = python_.add_thread(2, Tid{101}, {}, kOther);
  python_.set_stack(neighbour_, {{root_, 0}});
  python_.set_stack(neighbour_visit, {{root_, 2}});
  start_sampler();
  python_.target.end_thread(Tid{100});
  python_.hold_gil(home_, 1);
  python_.set_attach_state(neighbour_, 1);
  tick();
  EXPECT_EQ(dormant(row(Tid{101}, 0)), false);
  EXPECT_EQ(dormant(row(Tid{101}, 1)), true);
}

TEST_F(Visitors, WhoeverIsAttachedIsActive) {
  prepare();
  python_.set_attach_state(home_, 1);
  start_sampler();
  expect_active(0);
  python_.set_attach_state(home_, 0);
  python_.set_attach_state(visit_, 1);
  tick();
  expect_active(1);
}

TEST_F(Visitors, WithoutASignTheYoungestInterpreterWithFramesHasThem) {
  start_visit();
  expect_active(1);
}

TEST_F(Visitors, AStateWithoutFramesIsLeft) {
  prepare();
  python_.set_stack(visit_, {});
  start_sampler();
  expect_active(0);
}

TEST_F(Visitors, ThatBlockStayWhereTheyWere) {
  prepare();
  python_.hold_gil(home_, 1);
  start_sampler();
  expect_active(0);
  python_.let_go(home_);
  python_.target.set_syscall(Tid{100}, {SyscallFacts::State::kInSyscall, 0, 0});
  for (int i = 0; i < 5; ++i) {
    tick();
    EXPECT_EQ(dormant(row(Tid{100}, 0)), std::nullopt);
    EXPECT_EQ(dormant(row(Tid{100}, 1)), std::nullopt);
  }
}

TEST_F(Visitors, ADormantStateCostsNoLookAtItsThread) {
  prepare();
  python_.hold_gil(home_, 1);
  start_sampler();
  const std::uint32_t asleep = to_int(row(Tid{100}, 1));
  for (int i = 0; i < 10; ++i) {
    tick();
    EXPECT_TRUE(facts(asleep) == nullptr || !facts(asleep)->os_read);
  }
}

// Each visit makes a thread state of its own, at another address and with another id.
TEST_F(Visitors, ThatComeAgainAreTheSameThread) {
  prepare();
  python_.hold_gil(visit_, 1);
  start_sampler();
  const ThreadIndex before = row(Tid{100}, 1);
  python_.let_go(visit_);
  python_.remove_state(visit_);
  for (int i = 0; i < 200; ++i) tick();
  EXPECT_EQ(known_.size(), 3U);
  visit_ = python_.add_thread(2, Tid{100}, {}, kOther);
  python_.hold_gil(visit_, 2);
  tick();
  ASSERT_EQ(sample_.started.size(), 1U);
  EXPECT_EQ(sample_.started[0].index, before);
  EXPECT_EQ(sample_.gils.at(to_int(sample_.started[0].gil)).last_holder, before);
  expect_active(1);
}

TEST_F(Visitors, ThatChangeTheirStateBetweenTwoTicksAreTheSameThread) {
  prepare();
  python_.hold_gil(visit_, 1);
  start_sampler();
  const ThreadIndex before = row(Tid{100}, 1);
  python_.remove_state(visit_);
  visit_ = python_.add_thread(2, Tid{100}, {}, kOther);
  python_.hold_gil(visit_, 1);
  tick();
  ASSERT_EQ(sample_.started.size(), 1U);
  EXPECT_EQ(sample_.started[0].index, before);
  EXPECT_EQ(sample_.gils.at(to_int(sample_.started[0].gil)).last_holder, before);
  EXPECT_FALSE(facts(to_int(before))->ended);
}

// The visit is over, and the thread blocks at home.
TEST_F(Visitors, ThatAreGoneLeaveTheirThreadAwakeAtHome) {
  prepare();
  python_.hold_gil(visit_, 1);
  start_sampler();
  expect_active(1);
  python_.let_go(visit_);
  python_.remove_state(visit_);
  python_.target.set_syscall(Tid{100}, {SyscallFacts::State::kInSyscall, 0, 0});
  std::optional<bool> at_home;
  for (int i = 0; i < 200; ++i) {
    tick();
    if (const auto told = dormant(row(Tid{100}, 0)); told.has_value()) at_home = told;
  }
  EXPECT_EQ(at_home, false);
}

TEST_F(Visitors, OfAnInterpreterThatIsGoneWakeUpAtHome) {
  prepare();
  python_.hold_gil(visit_, 1);
  start_sampler();
  python_.remove_interpreter(kOther);
  std::optional<bool> at_home;
  bool ended = false;
  for (int i = 0; i < 300; ++i) {
    tick();
    if (const auto told = dormant(row(Tid{100}, 0)); told.has_value()) at_home = told;
    const ThreadFacts* const visit = facts(to_int(row(Tid{100}, 1)));
    ended = ended || (visit != nullptr && visit->ended);
  }
  EXPECT_TRUE(ended);
  EXPECT_EQ(at_home, false);
}

// Up to 3.12 a thread state that others run goes on naming the thread that created it. Its _PyCFrame lies on the C
// stack of the thread that runs it.
class BorrowedStates : public Visitors {
 protected:
  static constexpr std::uint64_t kStack = 0x7f0000000000;  // of thread 101, with its struct pthread at the end
  static constexpr std::uint64_t kStackEnd = kStack + 0x800000;

  BorrowedStates() : Visitors(layout::tables::kCpython312) {}

  void start_with_cframe_at(std::uint64_t cframe) {
    prepare();
    put_ident(home_, 0x7fff'f7d0'0740);
    put_ident(neighbour_, kStackEnd - 0x900);
    python_.target.set_mappings({mapping(kStack, kStackEnd, ""), mapping(0x7ffffffd0000, 0x7ffffffff000, "[stack]")});
    python_.run_on(visit_, RemoteAddr{cframe});
    python_.set_stack(visit_, {{root_, 2}});
    start_sampler();
  }
  void put_ident(const FakePython::Thread& thread, std::uint64_t ident) {
    python_.target.memory.put(thread.state + python_.layout.thread.thread_id, ident);
  }
  static Mapping mapping(std::uint64_t begin, std::uint64_t end, std::string path) {
    Mapping made;
    made.begin = RemoteAddr{begin};
    made.end = RemoteAddr{end};
    made.path = std::move(path);
    return made;
  }
  Tid visitor() const {
    for (const ThreadInfo& info : known_) {
      if (info.interpreter_id == 1) return info.tid;
    }
    return Tid{};
  }
};

TEST_F(BorrowedStates, BelongToTheThreadOnWhoseStackTheyRun) {
  start_with_cframe_at(kStackEnd - 0x4000);
  EXPECT_EQ(visitor(), Tid{101});
}

TEST_F(BorrowedStates, OnTheMainStackBelongToTheMainThread) {
  python_.target.set_identity({.pid = Pid{100}, .command = {}, .executable = {}, .working_folder = {}});
  start_with_cframe_at(0x7fffffff0000);
  EXPECT_EQ(visitor(), Tid{100});
}

TEST_F(BorrowedStates, ThatNobodyRunsBelongToTheThreadTheyName) {
  start_with_cframe_at(0x500000);  // inside the thread state itself, say
  EXPECT_EQ(visitor(), Tid{100});
}

TEST_F(BorrowedStates, AStackAboveAThreadIsNotThatThreads) {
  start_with_cframe_at(kStackEnd - 0x100);  // thread 101's struct pthread ends its stack below
  EXPECT_EQ(visitor(), Tid{100});
}

TEST_F(BorrowedStates, AStackBelowTwoThreadsIsTheNearestOnes) {
  prepare();
  const FakePython::Thread above = python_.add_thread(3, Tid{102});
  put_ident(neighbour_, kStack + 0x400000);
  put_ident(above, kStackEnd - 0x900);
  python_.target.set_mappings({mapping(kStack, kStackEnd, "")});
  python_.run_on(visit_, RemoteAddr{kStack + 0x3f0000});
  start_sampler();
  EXPECT_EQ(visitor(), Tid{101});
  python_.run_on(visit_, RemoteAddr{kStack + 0x410000});  // now another thread runs it
  for (int i = 0; i < 60; ++i) tick();
  EXPECT_EQ(known_.back().interpreter_id, 1);
  EXPECT_EQ(known_.back().tid, Tid{102});
}

}  // namespace
}  // namespace gilspy
