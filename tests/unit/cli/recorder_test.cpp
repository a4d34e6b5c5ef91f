// The loop on a process that exists only here.
#include "src/cli/recorder.h"

#include "attached.h"

namespace gilspy::cli {
namespace {

using std::chrono_literals::operator""ms;

// A tick every half second.
class RecorderTest : public AttachedTest {
 protected:
  void record_slowly() {
    attach(Stopping::kAlways);
    RecordingPlan plan;
    plan.rate_hz = 2;
    plan.duration = 600ms;
    plan.stopping = Stopping::kAlways;
    const auto recorded = record(attachment_, plan, platform::StopFlag::never());
    ASSERT_TRUE(recorded.has_value()) << recorded.error().message();
  }
};

TEST_F(RecorderTest, WhoIsLateToStopDoesNotWaitForTheNextTick) {
  python_.target.set_late(true);
  record_slowly();
  EXPECT_GT(target_->late_releases(), 30U);
}

TEST_F(RecorderTest, WhereNobodyIsLateItSleepsThrough) {
  record_slowly();
  EXPECT_LT(target_->late_releases(), 10U);
}

}  // namespace
}  // namespace gilspy::cli
