// Lists that changed while they were walked, or that never were what they seemed: a tick ends soon, and the next one
// finds what is there by then.
#include "tests/unit/sampler_fixture.h"

namespace gilspy {
namespace {

constexpr RemoteAddr kOther{0x180000};  // a second interpreter
constexpr RemoteAddr kOtherGil{0x28000};
constexpr std::size_t kFewReads = 200;

class DamagedLists : public SamplerTest {
 protected:
  void put(RemoteAddr place, RemoteAddr pointer) { python_.target.memory.put(place, pointer); }
  // Long enough for everything that is done now and then.
  void tick_for_a_while() {
    for (int i = 0; i < 300; ++i) {
      tick();
      EXPECT_LT(python_.target.reads().size(), kFewReads);
    }
  }
};

TEST_F(DamagedLists, ThreadsInACircle) {
  start(3);
  put(threads_[0].state + python_.layout.thread.next, threads_[2].state);  // the last one to the first
  tick_for_a_while();
  EXPECT_FALSE(sample_.failed);
  EXPECT_EQ(known_.size(), 3U);
}

TEST_F(DamagedLists, InterpretersInACircle) {
  start(2);
  put(FakePython::kInterpreter + python_.layout.interpreter.next, FakePython::kInterpreter);
  tick_for_a_while();
  EXPECT_FALSE(sample_.failed);
  EXPECT_EQ(sampler_->interpreters().size(), 1U);
}

// An interpreter with a GIL of its own takes it along when it ends.
TEST_F(DamagedLists, AGilThatIsGoneWithItsInterpreter) {
  python_.add_interpreter(1, kOther, kOtherGil);
  python_.add_thread(1, Tid{200}, {}, kOther);
  start(2);
  ASSERT_EQ(sample_.gils.size(), 2U);
  python_.remove_interpreter(kOther);
  python_.target.memory.remove(kOther, 0x2000);
  python_.target.memory.remove(kOtherGil, python_.layout.gil.size);
  tick_for_a_while();
  EXPECT_FALSE(sample_.failed);
  ASSERT_EQ(sample_.gils.size(), 2U);
  EXPECT_TRUE(sample_.gils[1].locked);
  EXPECT_FALSE(sample_.gils[0].locked) << "the younger interpreter comes first";
  EXPECT_EQ(sample_.gils[0].handoffs, 0U);
  EXPECT_EQ(sample_.gils[0].switch_interval, 5ms);
  EXPECT_TRUE(sample_.gils[0].steady);
}

}  // namespace
}  // namespace gilspy
