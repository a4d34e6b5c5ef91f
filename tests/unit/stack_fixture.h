// A stack reader on one thread of a CPython in miniature.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

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

  StackOutcome read() {
    const StackRequest request{thread_.state, thread_.id, &plan_};
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

  // The target runs on between the first copy and the second: calls `change` before the second read of the thread
  // state.
  void between_the_copies(const std::function<void()>& change) {
    python_.target.on_read([this, change, seen = 0](const FakeTarget::Read& read) mutable {
      if (read.from == thread_.state && read.size == python_.layout.thread.size && ++seen % 2 == 0) change();
    });
  }
};

}  // namespace gilspy::sample
