// aggregate: turns classified samples into a Profile, at a cost that follows what changed: a thread's time is added up
// when its activity or its stack changes, not at every tick.
#pragma once

#include <map>
#include <memory>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "gilspy/activity.h"
#include "gilspy/distribution.h"
#include "gilspy/profile.h"
#include "gilspy/sample.h"

namespace gilspy {

class Contention;
class DeadlockWatch;
class LoopWatch;
class TimelineBuilder;

class Aggregator {
 public:
  Aggregator();
  ~Aggregator();

  // One sample and what the classifier said of it, in order.
  void add(const Sample& sample, const std::vector<ActivityChange>& changes);

  // Fills the profile's duration, threads, gils, stacks, blame and the counters of `quality` that samples carry. The
  // rest (names, target, cost) is the caller's.
  void finish(Profile& profile);

 private:
  struct Doing {
    Activity activity = Activity::kUnknown;
    StackId stack = kNoStack;
    std::optional<LockIndex> lock;  // when it was last asked for
    BlockedIn blocked_in = BlockedIn::kNothing;

    bool operator==(const Doing&) const = default;
    std::optional<LockIndex> waits_for() const;
    std::uint16_t lock_number() const;
  };
  struct Thread {
    ThreadInfo info;
    bool alive = true;
    bool dormant = false;  // see ThreadFacts
    Doing doing;
    Nanos known_since{0};    // value of known_ up to which its time is accounted for
    Nanos unknown_since{0};  // same for unknown_
    Nanos settled{0};        // the same moment, by the clock
    Nanos context_since{0};  // by the clock: it is in the same context as far as is known
    LoopFacts loop;
    bool gives_up = false;  // its wait for the lock ends at some time
    ActivityTimes times{};
    BlockedTimes blocked{};
    std::optional<Nanos> first_on_cpu;
    Nanos on_cpu{0};  // since first_on_cpu
  };
  struct Gil {
    Nanos held{0};
    Nanos observed{0};
    Nanos enabled{0};
    Nanos waiting{0};  // sum of time x waiters
    std::uint64_t handoffs = 0;
    Nanos switch_interval{0};
    Nanos hogged{0};
    std::map<StackId, std::uint32_t> waiters;  // classified waiters by their stack
    std::uint32_t waiter_count = 0;
    Nanos tenure_contended{0};  // of the present tenure, while somebody waited; not yet in `hogged`
  };
  struct Lock {
    LockInfo info;
    std::optional<ThreadIndex> owner;
    bool inferred = false;
    std::map<StackId, std::uint32_t> waiters;  // by their stack
    std::uint32_t waiter_count = 0;
    Nanos waited{0};
    Nanos owned_by_inference{0};
    ActivityTimes owner_did{};
    std::map<ThreadIndex, Nanos> owners;
    std::map<LockIndex, Nanos> owners_wait_for;
    std::map<std::tuple<ThreadIndex, StackId, StackId>, Nanos> blame;
  };

  struct PairHash {
    std::size_t operator()(const std::pair<std::uint64_t, std::uint64_t>& key) const {
      return std::hash<std::uint64_t>{}(key.first * 0x9e3779b97f4a7c15ULL ^ key.second);
    }
  };

  Thread* find(ThreadIndex thread);
  void begin(Nanos time);
  void start_threads(const Sample& sample);
  void take_changes(const Sample& sample, const std::vector<ActivityChange>& changes);
  void settle(Thread& thread);
  void end_context(Thread& thread);
  void move(Thread& thread, const Doing& doing);
  void count_waiter(const Thread& thread, int by);
  void count_lock_waiter(const Thread& thread, int by);
  void take_loops(const Sample& sample);
  void take_tasks(const Sample& sample);
  void take_context(Thread& thread, const ThreadFacts& facts);
  void count_native(NativeQuality quality);
  void take_locks(const Sample& sample);
  void account_lock(Lock& lock, Nanos weight);
  void account_gil(std::size_t index, const Sample& sample, Nanos weight);
  void account_hog(std::size_t index, const Sample& sample, Nanos weight);
  void blame(std::size_t index, const GilFacts& facts, Nanos weight);
  void finish_threads(Profile& profile);
  void finish_gils(Profile& profile) const;
  void look_for_deadlocks();
  void finish_locks(Profile& profile);
  void number_locks(Profile& profile) const;
  static LockProfile finished(Lock& lock);
  Pauses pauses() const;

  std::vector<Thread> threads_;  // by ThreadIndex
  std::vector<Gil> gils_;        // by GilIndex
  std::vector<Lock> locks_;      // by LockIndex
  std::vector<LockIndex> waited_for_;
  std::unique_ptr<DeadlockWatch> deadlocks_;
  std::optional<Nanos> first_;
  Nanos last_{0};       // the latest sample
  Nanos seen_from_{0};  // what it tells of came about between then and itself
  Nanos until_{0};      // the one before: what threads did until then is told when it is settled
  Nanos known_{0};      // weight of all samples so far
  Nanos unknown_{0};    // time in gaps between samples
  Nanos holders_queued_{0};
  std::unordered_map<std::pair<std::uint64_t, std::uint64_t>, Nanos, PairHash> stacks_;
  std::map<std::tuple<ThreadIndex, StackId, StackId>, Nanos> blame_;
  Quality quality_;
  Distribution pauses_;
  std::unique_ptr<TimelineBuilder> timeline_;  // from the first sample on
  std::unique_ptr<Contention> contention_;
  std::unique_ptr<LoopWatch> loops_;
  std::map<std::pair<ThreadIndex, StackId>, double> tasks_;  // ns
  Nanos tasks_known_{0};                                     // value of known_ when tasks were told last
};

// Fills the margins of a profile that has all else, from its timeline.
void measure_margins(Profile& profile);

// The program that is made of these: see Profile::processes, whose order is that of the first ticks, but that the
// root's own program comes first, not a launcher that it executed instead of itself. At least one.
Profile combined(std::vector<Profile> processes);

}  // namespace gilspy
