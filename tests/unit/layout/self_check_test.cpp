// The check of a layout against the memory of a process.
#include <gtest/gtest.h>

#include "gilspy/layout.h"
#include "tests/unit/fake_python.h"

namespace gilspy::layout {
namespace {

class SelfCheck : public ::testing::Test {
 protected:
  FakePython python_;
  FakePython::Thread first_ = python_.add_thread(1, Tid{100}), second_ = python_.add_thread(2, Tid{101});

  void SetUp() override { python_.hold_gil(first_, 1); }

  void put(RemoteAddr place, RemoteAddr pointer) { python_.target.memory.put(place, pointer); }
  // Nobody of those that Python knows is there.
  void be_a_child() {
    for (const int tid : {100, 101}) python_.target.end_thread(Tid{tid});
    python_.target.add_thread(Tid{to_int(python_.target.identity().pid)});
  }
  Result<void> check() { return self_check(python_.target, python_.location, python_.layout); }
  void expect_refusal(std::string_view why) {
    const auto checked = check();
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().code(), ErrorCode::kMisfit);
    EXPECT_NE(checked.error().message().find(why), std::string::npos) << checked.error().message();
    EXPECT_LT(python_.target.reads().size(), 2000U) << "of fifty passes";
  }
};

TEST_F(SelfCheck, OfALayoutThatFits) {
  const auto checked = check();
  EXPECT_TRUE(checked.has_value()) << checked.error().message();
}

TEST_F(SelfCheck, NoThreadThatLives) {
  be_a_child();
  expect_refusal("no thread state names a living thread");
}

// Python was not told that it runs in a child: its number is the parent's, and only libc knows better.
TEST_F(SelfCheck, AChildThatCCodeForked) {
  be_a_child();
  const RemoteAddr pthread = python_.allocate(0x1000);
  python_.target.memory.put_bytes(pthread, std::vector<std::byte>(0x1000));
  put(first_.state + python_.layout.thread.thread_id, pthread);
  expect_refusal("no thread state names a living thread");
  python_.target.memory.put(pthread + 0x2d0, to_int(python_.target.identity().pid));
  EXPECT_TRUE(check().has_value());
}

TEST_F(SelfCheck, ThreadsInACircle) {  // the head of the list is the second one
  put(first_.state + python_.layout.thread.next, second_.state);
  expect_refusal("the list of threads does not end");
}

TEST_F(SelfCheck, InterpretersInACircle) {
  put(FakePython::kInterpreter + python_.layout.interpreter.next, FakePython::kInterpreter);
  put(FakePython::kInterpreter + python_.layout.interpreter.threads_head, RemoteAddr{});
  expect_refusal("the list of interpreters does not end");
}

TEST_F(SelfCheck, AHolderThatIsNoThread) {
  put(FakePython::kGil + python_.layout.gil.last_holder, FakePython::kInterpreter);
  expect_refusal("the holder of the GIL");
}

TEST_F(SelfCheck, APointerThatLeadsNowhere) {
  put(first_.state + python_.layout.thread.next, RemoteAddr{0x7fff'0000'0000});
  expect_refusal("a pointer leads nowhere");
}

TEST_F(SelfCheck, AnInterpreterThatIsStarting) {
  put(FakePython::kRuntime + python_.layout.runtime.interpreters_head, RemoteAddr{});
  const auto checked = check();
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code(), ErrorCode::kNotReady);
}

}  // namespace
}  // namespace gilspy::layout
