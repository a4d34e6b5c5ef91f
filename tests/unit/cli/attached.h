// A CPython in miniature with one thread, which holds the GIL, attached to as a real one is.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "src/cli/attachment.h"
#include "tests/unit/fake_python.h"

namespace gilspy::cli {

class AttachedTest : public ::testing::Test {
 protected:
  FakePython python_;  // to be changed before attach(); behind it, `target_` is the process
  Attachment attachment_;
  FakeTarget* target_ = nullptr;

  void attach(Stopping stopping = Stopping::kNever) {
    const FakePython::Thread thread = python_.add_thread(1, Tid{100});
    python_.set_stack(thread, {{python_.add_function("root", 1), 0}});
    python_.hold_gil(thread, 1);
    python_.target.set_identity({Pid{::getpid()}, {"python3"}, "/usr/bin/python3", "/"});
    auto target = std::make_unique<FakeTarget>(std::move(python_.target));
    target_ = target.get();
    attachment_.target = std::move(target);
    attachment_.location = python_.location;
    attachment_.layout = python_.layout;
    attachment_.stacks = std::make_unique<StackTable>();
    auto sampler = sample::make_sampler(*attachment_.target, attachment_.location, attachment_.layout,
                                        *attachment_.stacks, stopping);
    ASSERT_TRUE(sampler.has_value()) << sampler.error().message();
    attachment_.sampler = std::move(*sampler);
  }
};

}  // namespace gilspy::cli
