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

// Other programs have the CPUs: what holds several GILs is still processes, not interpreters.
TEST(ProgramVerdict, GilsOfProcessesAreNotThoseOfInterpreters) {
  Profile first = worker(2, 1.9), second = worker(3, 1.9);
  first.cpu_time = second.cpu_time = std::chrono::milliseconds(1000);
  const Verdict verdict = judge(combined({first, second}));
  EXPECT_EQ(verdict.code, VerdictCode::kParallelProcesses);
  EXPECT_THAT(verdict.headline, HasSubstr("other processes had the CPUs"));
}

// Shares are of the program's time, not of the life of a brief process.
TEST(ProgramVerdict, ABriefProcessDoesNotHoldTheGilAllTheTime) {
  Profile brief = worker(2, 2);
  Profile root = worker(1, 0.02);
  root.duration = root.gils.front().observed = std::chrono::seconds(20);
  root.threads.front().times[index_of(Activity::kBlocked)] += std::chrono::seconds(18);
  const Profile program = combined({root, brief});
  EXPECT_NEAR(program.gils[1].utilization(), 0.1, 1e-9);
  EXPECT_THAT(judge(program).headline, Not(HasSubstr("held 100 %")));
  EXPECT_NEAR(program.processes[1].gils[0].utilization(), 1, 1e-9);
}

TEST(ProgramVerdict, OneAfterTheOtherIsNotBlocked) {
  std::vector<Profile> processes;
  for (int i = 0; i < 4; ++i) {
    processes.push_back(worker(10 + i, 2));
    processes.back().first_tick = std::chrono::seconds(2 * i);
  }
  const Verdict verdict = judge(combined(processes));
  EXPECT_EQ(verdict.code, VerdictCode::kSingleThreaded);
  EXPECT_EQ(verdict.headline,
            "4 threads lived one after the other, 1.0 at a time: there was nothing to run side by side.");
  EXPECT_THAT(verdict.advice.front(), Not(HasSubstr("lock")));
}

// Whose GIL it is, with the numbers of that process.
TEST(ProgramVerdict, AGilIsThatOfAProcess) {
  Profile waiting = serialized_profile();
  waiting.target.pid = Pid{77};
  waiting.cpus.allowed = waiting.cpus.online = 8;
  Profile busy = worker(2, 2);
  busy.cpus = waiting.cpus;
  const Verdict verdict = judge(combined({busy, waiting}));
  EXPECT_EQ(verdict.code, VerdictCode::kSerializedByGil);
  EXPECT_EQ(verdict.headline, "Process 77: " + verdict.processes[1].headline);
  EXPECT_EQ(verdict.possible_speedup, verdict.processes[1].possible_speedup);
}

}  // namespace
}  // namespace gilspy::verdict
