// What locks are called, who is to blame for waiting for them, and circles of threads that wait for each other.
#include "gilspy/locks.h"

#include <gmock/gmock.h>

#include "gilspy/cycles.h"
#include "gilspy/lock_blame.h"
#include "gilspy/wording.h"

namespace gilspy {
namespace {

using std::chrono_literals::operator""s;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

LockInfo lock(LockKind kind, std::string name = "", std::string type = "") {
  LockInfo info;
  info.kind = kind;
  info.address = RemoteAddr(0x7f12);
  info.name = std::move(name);
  info.type = std::move(type);
  return info;
}

TEST(LockNames, AreWhatPeopleCallThem) {
  EXPECT_EQ(wording::lock_name(lock(LockKind::kLock, "self._lock of Pool", "_thread.lock")), "self._lock of Pool");
  EXPECT_EQ(wording::lock_name(lock(LockKind::kLock, "", "_thread.lock")), "a _thread.lock at 0x7f12");
  EXPECT_EQ(wording::lock_name(lock(LockKind::kUnknown)), "a lock of an unknown kind at 0x7f12");
  EXPECT_EQ(wording::lock_name(lock(LockKind::kEvent)), "an event at 0x7f12");
  EXPECT_EQ(wording::lock_name(lock(LockKind::kInternal, "type lock")), "CPython's own type lock");
  EXPECT_EQ(wording::lock_name(lock(LockKind::kInternal)), "a lock inside CPython at 0x7f12");
  EXPECT_EQ(wording::lock_name(lock(LockKind::kDictKeys)), "the shared keys of a dict at 0x7f12");
  EXPECT_EQ(wording::lock_name(lock(LockKind::kStopTheWorld)), "stop-the-world");
  EXPECT_EQ(wording::lock_name(lock(LockKind::kLock, "a\nb")), "a b");
}

TEST(LockNames, SayWhatIsWaitedFor) {
  EXPECT_EQ(wording::waited_for(LockKind::kLock, "LOCK", "worker-1"), "LOCK, which worker-1 has");
  EXPECT_EQ(wording::waited_for(LockKind::kThread, "sleeper", "worker-1"), "worker-1 to end");
  EXPECT_EQ(wording::circle({"a"}), "a waits for itself");
  EXPECT_EQ(wording::circle({"a", "b"}), "a and b wait for each other");
  EXPECT_EQ(wording::circle({"a", "b", "c"}), "a, b and c wait for each other in a circle");
  EXPECT_EQ(wording::circle({"a", "b", "c", "d", "e"}), "5 threads wait for each other in a circle");
}

using Waits = std::map<ThreadIndex, ThreadIndex>;
constexpr ThreadIndex kA{1}, kB{2}, kC{3}, kD{4}, kE{5};

TEST(Cycles, AreFoundOnceEach) {
  EXPECT_THAT(cycles_in(Waits{{kA, kB}, {kB, kA}}), ElementsAre(ElementsAre(kA, kB)));
  EXPECT_THAT(cycles_in(Waits{{kA, kC}, {kC, kB}, {kB, kA}}), ElementsAre(ElementsAre(kA, kC, kB)));
  EXPECT_THAT(cycles_in(Waits{{kA, kB}, {kB, kA}, {kD, kE}, {kE, kD}}),
              ElementsAre(ElementsAre(kA, kB), ElementsAre(kD, kE)));
  EXPECT_THAT(cycles_in(Waits{{kA, kA}}), ElementsAre(ElementsAre(kA)));
}

TEST(Cycles, WhoOnlyWaitsForSomebodyInOneIsNotPartOfIt) {
  EXPECT_THAT(cycles_in(Waits{{kA, kB}, {kB, kC}, {kC, kB}}), ElementsAre(ElementsAre(kB, kC)));
  EXPECT_THAT(cycles_in(Waits{{kA, kB}, {kB, kC}}), IsEmpty());
  EXPECT_THAT(cycles_in(Waits{}), IsEmpty());
}

TEST(LockCulprits, AreFunctionsOfTheProgram) {
  Profile profile;
  const auto stack = [&](const std::vector<Frame>& frames) {
    StackId at = kNoStack;
    for (const Frame& frame : frames) at = profile.table.child(at, profile.table.intern(frame));
    return at;
  };
  const Frame work{"Pool.work", "/srv/pool.py", 12, 10}, other{"other", "/srv/pool.py", 33, 30};
  const Frame library{"dumps", "/usr/lib/python3.13/json/__init__.py", 200, 183};
  const StackId in_work = stack({work}), in_library = stack({work, library}), in_other = stack({other});
  LockProfile one;
  one.blame = {{kA, in_other, kNoStack, 2s},
               {kA, in_work, kNoStack, 1s},
               {kA, in_library, kNoStack, 3s},
               {Blame::kNobody, kNoStack, kNoStack, 9s}};
  const std::vector<LockCulprit> found = lock_culprits(profile, one);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].function, "Pool.work (/srv/pool.py:10)");
  EXPECT_EQ(found[0].time, 4s);
  EXPECT_EQ(found[1].time, 2s);
}

}  // namespace
}  // namespace gilspy
