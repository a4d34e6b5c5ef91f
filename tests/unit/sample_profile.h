// Profiles for tests, without a process: a builder that keeps thread-time conserved, and two profiles that the golden
// files of all formats are made from.
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "gilspy/profile.h"

namespace gilspy {

class ProfileBuilder {
 public:
  explicit ProfileBuilder(double seconds) {
    profile_.duration = nanos(seconds);
    profile_.cpus = {.online = 2, .allowed = 2, .cgroup_quota = std::nullopt};
    profile_.quality.rate_hz = 1000;
    profile_.quality.ticks_asked = static_cast<std::uint64_t>(seconds * 1000);
    profile_.quality.ticks = profile_.quality.ticks_asked;
    profile_.target.pid = Pid{21033};
    profile_.target.command = {"/usr/bin/python3", "primes.py"};
    profile_.target.executable = "/usr/bin/python3.11";
    profile_.target.working_folder = "/home/ann/lab";
    profile_.target.python = {.major = 3, .minor = 11, .micro = 2};
    profile_.gils.push_back({.index = GilIndex{0},
                             .interpreters = {0},
                             .held = Nanos{0},
                             .observed = profile_.duration,
                             .mean_waiters = 0,
                             .handoffs = 0,
                             .switch_interval = std::chrono::milliseconds(5),
                             .hogged = Nanos{0},
                             .tenure = {},
                             .to_get_gil = {}});
  }

  static Nanos nanos(double seconds) { return Nanos(static_cast<std::int64_t>(std::llround(seconds * 1e9))); }

  ThreadIndex thread(std::string name) {
    ThreadProfile thread;
    thread.info.index = ThreadIndex(profile_.threads.size());
    thread.info.tid = Tid(21033 + static_cast<int>(profile_.threads.size()));
    thread.info.name = std::move(name);
    thread.info.interpreter_id = 0;
    profile_.threads.push_back(thread);
    return thread.info.index;
  }

  void native_thread(std::string name, double cpu_seconds) {
    ThreadProfile& native = profile_.threads[to_int(thread(std::move(name)))];
    native.info.python = false;
    native.info.interpreter_id = -1;
    native.cpu = nanos(cpu_seconds);
  }

  // Frames root first.
  StackId stack(const std::vector<Frame>& frames) {
    StackId stack = kNoStack;
    for (const Frame& frame : frames) stack = profile_.table.child(stack, profile_.table.intern(frame));
    return stack;
  }

  ProfileBuilder& spend(ThreadIndex thread, Activity activity, double seconds, StackId stack = kNoStack) {
    const Nanos time = nanos(seconds);
    profile_.stacks.push_back({.thread = thread, .stack = stack, .activity = activity, .time = time});
    profile_.threads[to_int(thread)].times[index_of(activity)] += time;
    GilProfile& gil = profile_.gils.front();
    if (holds(activity)) gil.held += time;
    if (activity == Activity::kWaitsForGil)
      gil.mean_waiters += double(time.count()) / double(profile_.duration.count());
    return *this;
  }

  ProfileBuilder& blame(ThreadIndex holder, StackId holder_stack, StackId waiter_stack, double seconds) {
    profile_.blame.push_back(
        {.holder = holder, .holder_stack = holder_stack, .waiter_stack = waiter_stack, .time = nanos(seconds)});
    return *this;
  }

  ProfileBuilder& cpu(double seconds) {
    profile_.cpu_time = nanos(seconds);
    return *this;
  }

  Profile& profile() { return profile_; }

 private:
  Profile profile_;
};

// Eight threads that count primes, on two CPUs, for two seconds: one holds, seven wait.
inline Profile serialized_profile() {
  ProfileBuilder builder(2.0);
  const std::string file = "/home/ann/lab/primes.py";
  const Frame module{"<module>", file, 31, 1}, run{"Thread.run", "/usr/lib/python3.11/threading.py", 982, 975};
  const Frame count{"count", file, 16, 14}, prime{"is_prime", file, 7, 4}, prime_loop{"is_prime", file, 8, 4};
  const Frame join{"Thread.join", "/usr/lib/python3.11/threading.py", 1119, 1080};
  const StackId joins = builder.stack({module, join});
  const StackId counts = builder.stack({run, count});
  const StackId tests = builder.stack({run, count, prime}), loops = builder.stack({run, count, prime_loop});

  builder.spend(builder.thread("MainThread"), Activity::kBlocked, 2.0, joins);
  for (int i = 1; i <= 8; ++i) {
    const ThreadIndex worker = builder.thread("worker-" + std::to_string(i));
    builder.spend(worker, Activity::kHoldsGil, 0.1, tests).spend(worker, Activity::kHoldsGil, 0.0774567, loops);
    builder.spend(worker, Activity::kHoldsGil, 0.07, counts).spend(worker, Activity::kWaitsForGil, 1.2, tests);
    builder.spend(worker, Activity::kWaitsForGil, 0.5245433, counts).spend(worker, Activity::kBlocked, 0.028);
    builder.blame(worker, tests, tests, 0.7).blame(worker, loops, tests, 0.5).blame(worker, counts, counts, 0.5);
    builder.blame(Blame::kNobody, kNoStack, counts, 0.0245433);
  }
  Profile& profile = builder.cpu(2.04).profile();
  profile.gils.front().handoffs = 398;
  profile.quality.ticks = 1995;
  profile.quality.late = 5;
  profile.quality.retried = 14;
  profile.quality.truncated = 6;
  profile.self = {.cpu = std::chrono::milliseconds(22), .peak_rss_bytes = 6 << 20};
  return std::move(profile);
}

// Interpreters 0 and 1 share a GIL: a thread in each, one waits while the other has it. Interpreter 2 has its own, with
// a thread of its own and one that visits it from interpreter 0.
inline Profile interpreters_profile() {
  ProfileBuilder builder(2.0);
  const ThreadIndex first = builder.thread("first"), second = builder.thread("second");
  const ThreadIndex third = builder.thread("third"), home = builder.thread("visitor"),
                    visit = builder.thread("visitor");
  const StackId spins = builder.stack({{"spin", "/home/ann/lab/spin.py", 3, 1}});
  builder.spend(first, Activity::kHoldsGil, 0.9, spins).spend(first, Activity::kWaitsForGil, 1.1, spins);
  builder.spend(second, Activity::kHoldsGil, 1.0, spins).spend(second, Activity::kWaitsForGil, 1.0, spins);
  builder.blame(first, spins, spins, 1.0).blame(second, spins, spins, 1.1);
  builder.spend(home, Activity::kBlocked, 1.5);
  Profile& profile = builder.cpu(3.9).profile();
  profile.cpus = {.online = 4, .allowed = 4, .cgroup_quota = std::nullopt};
  profile.gils.front().interpreters = {1, 0};
  GilProfile own = profile.gils.front();
  own.index = GilIndex{1};
  own.interpreters = {2};
  own.held = Nanos{0};
  own.mean_waiters = 0;
  builder.spend(third, Activity::kHoldsGil, 1.98, spins).spend(third, Activity::kBlocked, 0.02);
  builder.spend(visit, Activity::kBlocked, 0.5);
  own.held = ProfileBuilder::nanos(1.98);
  profile.gils.front().held = ProfileBuilder::nanos(1.9);
  profile.gils.push_back(own);
  profile.threads[to_int(second)].info.interpreter_id = 1;
  for (const ThreadIndex thread : {third, visit}) {
    profile.threads[to_int(thread)].info.interpreter_id = 2;
    profile.threads[to_int(thread)].info.gil = GilIndex{1};
  }
  profile.threads[to_int(visit)].info.tid = profile.threads[to_int(home)].info.tid;
  return std::move(profile);
}

// One of everything: a hog, a spinner, a hashing thread, a queue for a lock, a sleeper, a native thread, names that
// break formats, time that nobody knows about, a process that ended early under a quota.
inline Profile mixed_profile() {
  ProfileBuilder builder(1.5);
  const std::string file = "/srv/app/serve.py";
  const Frame root{"Thread.run", "/opt/python/lib/python3.13/threading.py", 994, 990};
  const auto in = [&](const std::string& function, int line) {
    return builder.stack({root, {function, file, line, line - 3}});
  };
  const StackId hogs = in("sleep_in_c", 20), spins = in("spin", 40), queues = in("queue", 60);
  const StackId hashes = builder.stack({root, {"digest", "/opt/venv/lib/python3.13/site-packages/box/hash.py", 5, 3}});

  const ThreadIndex hog = builder.thread("hog"), spinner = builder.thread("spin; the \"2\" <&>");
  const ThreadIndex hasher = builder.thread("h\xc3\xa4sher"), queuer = builder.thread("queuer\xff");
  builder.spend(hog, Activity::kHoldsGilOffCpu, 1.2, hogs).spend(hog, Activity::kWaitsForGil, 0.1, hogs);
  builder.spend(hog, Activity::kHoldsGil, 0.2, in("loop", 12));
  builder.spend(spinner, Activity::kHoldsGil, 0.1, spins).spend(spinner, Activity::kWaitsForGil, 1.4, spins);
  builder.spend(hasher, Activity::kRunsWithoutGil, 0.9, hashes).spend(hasher, Activity::kWaitsForGil, 0.5, hashes);
  builder.spend(hasher, Activity::kUnknown, 0.1);
  builder.spend(queuer, Activity::kWaitsForLock, 1.25, queues).spend(queuer, Activity::kStopTheWorld, 0.05, queues);
  builder.spend(queuer, Activity::kBlocked, 0.2, builder.stack({{"nap 12", "", 0, 0}, {"", file, 0, 0}}));
  builder.spend(builder.thread(""), Activity::kBlocked, 0.75, in("sleep", 80));
  builder.native_thread("io\n1", 0.3);
  builder.blame(hog, hogs, spins, 1.2).blame(hog, hogs, hashes, 0.5).blame(spinner, spins, hogs, 0.1);
  builder.blame(spinner, kNoStack, kNoStack, 0.1).blame(Blame::kNobody, kNoStack, spins, 0.1);

  Profile& profile = builder.cpu(1.5).profile();
  LockProfile& lock = profile.locks.emplace_back();
  lock.info = {LockIndex{0},   LockKind::kLock,       RemoteAddr(0x7f12),
               "_thread.lock", "self.<lock> of Pool", "queue (serve.py:60)"};
  lock.waited = ProfileBuilder::nanos(1.25);
  lock.observed = ProfileBuilder::nanos(1.5);
  lock.owner = hasher;
  lock.owner_inferred = true;
  lock.owner_did[index_of(Activity::kRunsWithoutGil)] = ProfileBuilder::nanos(0.8);
  lock.owner_did[index_of(Activity::kWaitsForGil)] = ProfileBuilder::nanos(0.4);
  lock.blame = {{hasher, hashes, queues, ProfileBuilder::nanos(1.2)},
                {Blame::kNobody, kNoStack, queues, ProfileBuilder::nanos(0.05)}};
  profile.target.command = {"python", "/srv/app/serve.py", "--port", "80"};
  profile.target.working_folder = "/";
  profile.target.python = {.major = 3, .minor = 13, .micro = -1};
  profile.cpus = {.online = 8, .allowed = 4, .cgroup_quota = 2.5};
  profile.gils.front().hogged = ProfileBuilder::nanos(1.1);
  profile.gils.front().interpreters = {0, 3};
  profile.quality.blurred = 600;
  profile.quality.errors = 1;
  profile.self.cpu = std::chrono::microseconds(16500);
  profile.end_note = "the process ended";
  return std::move(profile);
}

}  // namespace gilspy
