// Verdicts of programs of several processes.
#include <gmock/gmock.h>

#include "gilspy/aggregate.h"
#include "gilspy/verdict.h"
#include "sample_profile.h"
#include "src/verdict/rules.h"

namespace gilspy::verdict {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// One thread that computes for so many of two seconds.
Profile worker(int pid, double seconds) {
  ProfileBuilder builder(2);
  const ThreadIndex thread = builder.thread("MainThread");
  builder.spend(thread, Activity::kHoldsGil, seconds).spend(thread, Activity::kBlocked, 2 - seconds);
  Profile& profile = builder.cpu(seconds).profile();
  profile.target.pid = Pid{pid};
  return std::move(profile);
}

Profile parent() { return worker(1, 0.01); }

TEST(ProgramVerdict, WorkersSideBySide) {
  const Verdict verdict = judge(combined({parent(), worker(2, 1.9), worker(3, 1.9)}));
  EXPECT_EQ(verdict.code, VerdictCode::kParallelProcesses);
  EXPECT_THAT(verdict.headline,
              StartsWith("2 processes used 1.91 of 2 CPUs: side by side, each with a GIL of its own"));
  ASSERT_EQ(verdict.processes.size(), 3U);
  EXPECT_EQ(verdict.processes[0].code, VerdictCode::kIoBound);
  EXPECT_EQ(verdict.processes[1].code, VerdictCode::kSingleThreaded);
  EXPECT_GT(verdict.claims.front().confidence, 0.5);
}

// Each of them held the GIL half of the time, one after the other.
TEST(ProgramVerdict, WorkersInTurnAreNotSideBySide) {
  const Verdict verdict = judge(combined({parent(), worker(2, 0.9), worker(3, 0.9)}));
  EXPECT_NE(verdict.code, VerdictCode::kParallelProcesses);
}

// One process that uses several CPUs is parallel by itself, whoever else there is.
TEST(ProgramVerdict, OneBusyProcessIsNotSeveral) {
  Profile native = worker(2, 1.0);
  native.cpu_time = Nanos(std::chrono::milliseconds(3400));
  native.cpus.allowed = native.cpus.online = 4;
  const Verdict verdict = judge(combined({native, worker(3, 0.1)}));
  EXPECT_NE(verdict.code, VerdictCode::kParallelProcesses);
}

TEST(ProgramVerdict, AGilInsideAProcessIsSaidFirst) {
  Profile first = serialized_profile(), second = serialized_profile();
  first.cpus.allowed = first.cpus.online = second.cpus.allowed = second.cpus.online = 8;
  const Verdict verdict = judge(combined({first, second}));
  EXPECT_EQ(verdict.code, VerdictCode::kSerializedByGil);
  EXPECT_EQ(verdict.claims.at(1).code, VerdictCode::kParallelProcesses);
}

TEST(ProgramVerdict, SpeaksOfTheProgram) {
  Profile idle = worker(2, 0);
  idle.cpu_time = Nanos{0};
  EXPECT_THAT(judge(combined({idle, idle})).headline, HasSubstr("The program was idle"));
  EXPECT_THAT(judge(combined({idle})).headline, HasSubstr("The process was idle"));
}

}  // namespace
}  // namespace gilspy::verdict
