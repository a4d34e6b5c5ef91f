// A stack reader on one thread of a CPython in miniature.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "src/sample/stack_reader.h"
#include "tests/unit/fake_python.h"

namespace gilspy::sample {

class StackFixture : public ::testing::Test {
 protected:
  StackFixture() = default;
  explicit StackFixture(const RuntimeLayout& layout) : python_(layout) {}

  FakePython python_;
  RemoteAddr root_ = python_.add_function("root", 1);
  RemoteAddr a_ = python_.add_function("a", 10);
  RemoteAddr b_ = python_.add_function("b", 20);
  FakePython::Thread thread_ = python_.add_thread(1, Tid{101});
  StackTable stacks_;
  CodeCache codes_{python_.target, python_.layout, stacks_};
  StackReader reader_{python_.target, python_.layout, codes_, stacks_};
  StackPlan plan_;

  StackOutcome read(bool still = false) {
    const StackRequest request{thread_.state, thread_.id, &plan_, still};
    std::vector<StackOutcome> outcomes;
    EXPECT_TRUE(reader_.read({&request, 1}, outcomes).has_value());
    return outcomes.front();
  }

  RemoteAddr first_frame() const { return thread_.chunk + python_.layout.chunk.data + 8; }

  std::string text(StackId stack) const {
    std::string joined;
    for (const FrameId id : stacks_.frames_of(stack)) {
      const Frame& frame = stacks_.frame(id);
      joined += (joined.empty() ? "" : ";") + frame.function + ":" + std::to_string(frame.line);
    }
    return joined;
  }

  // The target runs on between the two copies of a data stack: before the second thread state is read.
  void between_the_copies(const std::function<void()>& change) {
    python_.target.on_read([this, change, seen = 0](const FakeTarget::Read& read) mutable {
      if (is_thread_state(read) && ++seen % 2 == 0) change();
    });
  }

  // Of objects the thread state is read once, between the copies: the target runs on right before it or after it, once.
  void before_the_moment(const std::function<void()>& change) {
    python_.target.on_read([this, change, done = false](const FakeTarget::Read& read) mutable {
      if (!std::exchange(done, done || is_thread_state(read)) && done) change();
    });
  }
  void after_the_moment(const std::function<void()>& change) {
    python_.target.on_read([this, change, passed = 0](const FakeTarget::Read& read) mutable {
      if (passed == 1) change();
      if (passed > 0 || is_thread_state(read)) ++passed;
    });
  }

 private:
  bool is_thread_state(const FakeTarget::Read& read) const {
    return read.from == thread_.state && read.size == python_.layout.thread.size;
  }
};

}  // namespace gilspy::sample
