#include "src/cli/pressure_meter.h"

#include <gtest/gtest.h>

#include "platform/replay/fake_target.h"

namespace gilspy::cli {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

void queue(FakeTarget& target, Tid tid, Nanos time) { target.set_sched(tid, {1s, time}); }

TEST(PressureMeter, CountsFromItsFirstLook) {
  FakeTarget target;
  target.add_thread(Tid{1});
  queue(target, Tid{1}, 500ms);
  PressureMeter meter;
  meter.look(target, 10s);
  EXPECT_EQ(meter.so_far().queued, Nanos{0});
  EXPECT_EQ(meter.so_far().watched, Nanos{0});
  queue(target, Tid{1}, 700ms);
  meter.look(target, 11s);
  EXPECT_EQ(meter.so_far().queued, 200ms);
  EXPECT_EQ(meter.so_far().watched, 1s);
}

TEST(PressureMeter, ThreadsComeAndGo) {
  FakeTarget target;
  target.add_thread(Tid{1});
  queue(target, Tid{1}, 100ms);
  PressureMeter meter;
  meter.look(target, 10s);
  target.add_thread(Tid{2});
  queue(target, Tid{2}, 30ms);
  queue(target, Tid{1}, 150ms);
  meter.look(target, 11s);
  EXPECT_EQ(meter.so_far().queued, 80ms) << "all that the new one queued was since";
  target.end_thread(Tid{1});
  queue(target, Tid{2}, 40ms);
  meter.look(target, 12s);
  EXPECT_EQ(meter.so_far().queued, 90ms);
}

}  // namespace
}  // namespace gilspy::cli
