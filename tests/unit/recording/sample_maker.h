// Samples as a sampler could take them, made up from random numbers: every fact takes every value.
#pragma once

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gilspy/run.h"
#include "gilspy/sample.h"
#include "gilspy/stacks.h"

namespace gilspy::recording {

class SampleMaker {
 public:
  explicit SampleMaker(unsigned seed) : random_(seed) {}

  StackTable stacks;

  Sample next() {
    Sample sample;
    sample.period = Nanos(one_in(2000) ? 0 : 1'000'000);
    time_ += Nanos(below(one_in(50) ? 50'000'000 : 1'500'000));
    sample.time = time_;
    sample.pause = Nanos(one_in(3) ? below(200'000) : 0);
    sample.stop_denied = one_in(30);
    sample.failed = one_in(40);
    if (sample.failed) return sample;
    sample.stopped = one_in(30);
    sample.holder_stack_lost = one_in(20);
    sample.stack_retries = below(3);
    if (gils_.empty() || (gils_.size() < 3 && one_in(50))) gils_.push_back(below(1000));
    if (one_in(4) || threads_.empty()) start(sample);
    if (one_in(2)) look(sample);
    for (std::uint64_t& switch_number : gils_) sample.gils.push_back(make_gil(switch_number));
    if (one_in(4)) sample.locks.push_back(make_lock());
    while (locks_ > 0 && one_in(3)) sample.owners.push_back(make_owner());
    while (!threads_.empty() && one_in(3)) sample.tasks.push_back(make_task());
    for (Thread& thread : threads_) {
      if (thread.alive && one_in(3)) sample.threads.push_back(make_facts(thread));
    }
    std::shuffle(sample.threads.begin(), sample.threads.end(), random_);
    return sample;
  }

  // Names of some threads become known.
  std::vector<ThreadInfo> rename() {
    std::vector<ThreadInfo> renamed;
    for (Thread& thread : threads_) {
      if (!one_in(3)) continue;
      thread.info.name = "named " + std::to_string(below(100));
      renamed.push_back(thread.info);
    }
    return renamed;
  }

 private:
  struct Thread {
    ThreadInfo info;
    bool alive = true;
    std::uint64_t on_cpu = 0;
  };

  std::uint32_t below(std::uint32_t bound) {
    return std::uniform_int_distribution<std::uint32_t>(0, bound - 1)(random_);
  }
  bool one_in(std::uint32_t odds) { return below(odds) == 0; }

  void look(Sample& sample) {
    sample.looked = time_ - Nanos(1 + below(400'000));
    Nanos by = time_ - Nanos(900'000);
    while (one_in(2)) {
      Handoff handoff;
      handoff.gil = static_cast<GilIndex>(below(static_cast<std::uint32_t>(gils_.size())));
      handoff.after = std::exchange(by, by + Nanos(below(100'000)));
      handoff.by = by;
      if (!one_in(4)) handoff.to = static_cast<ThreadIndex>(below(static_cast<std::uint32_t>(threads_.size())));
      handoff.count = below(3);
      sample.handoffs.push_back(handoff);
    }
  }

  void start(Sample& sample) {
    for (Thread& thread : threads_) {
      if (thread.alive || !thread.info.python || !one_in(4)) continue;  // it visits again
      thread.alive = true;
      thread.info.name = "again";
      sample.started.push_back(thread.info);
    }
    Thread thread;
    thread.info.index = static_cast<ThreadIndex>(threads_.size());
    thread.info.tid = static_cast<Tid>(1000 + below(1 << 20));
    thread.info.ident = static_cast<ThreadIdent>(0x7f0000000000ULL + (std::uint64_t{below(1U << 30)} << 12));
    thread.info.name = one_in(5) ? std::string("\xff\0x", 3) : "Thread-" + std::to_string(threads_.size());
    thread.info.python = !one_in(5);
    thread.info.interpreter_id = thread.info.python ? std::int64_t{below(4)} : -1;
    thread.info.gil = static_cast<GilIndex>(thread.info.python ? below(static_cast<std::uint32_t>(gils_.size())) : 0);
    sample.started.push_back(thread.info);
    threads_.push_back(thread);
  }

  GilFacts make_gil(std::uint64_t& switch_number) {
    GilFacts gil;
    gil.enabled = !one_in(10);
    gil.locked = gil.enabled && !one_in(5);
    if (!one_in(6)) gil.last_holder = static_cast<ThreadIndex>(below(static_cast<std::uint32_t>(threads_.size())));
    gil.handoffs = one_in(2) ? 0 : below(300);
    switch_number += gil.handoffs + (one_in(100) ? 0xffffffffffff0000U : 0U);  // a jump that nobody explains
    gil.switch_number = switch_number;
    gil.switch_interval = Nanos(one_in(100) ? 1'000 : 5'000'000);
    if (!one_in(8)) gil.cond_waiters = below(200);
    gil.steady = !one_in(7);
    return gil;
  }

  ThreadFacts make_facts(Thread& thread) {
    ThreadFacts facts;
    facts.thread = thread.info.index;
    facts.os_read = !one_in(3);
    facts.os = static_cast<SyscallFacts::State>(below(4));
    facts.place = static_cast<WaitPlace>(below(3));
    facts.attach_state = static_cast<AttachState>(below(4));
    facts.run_queue_delay = Nanos(one_in(3) ? below(5'000'000) : 0);
    if (!thread.info.python && one_in(2)) facts.on_cpu = Nanos(thread.on_cpu += below(100'000'000));
    if (one_in(8)) facts.dormant = one_in(2);
    facts.blocked_in = static_cast<BlockedIn>(below(kBlockedInCount));
    if (locks_ > 0 && one_in(3)) {
      facts.lock = LockWait{static_cast<LockIndex>(below(locks_)),
                            one_in(2) ? Nanos{0} : time_ - Nanos(below(1'000'000)), one_in(3)};
    }
    if (one_in(4)) facts.loop = make_loop();
    facts.quality = static_cast<StackQuality>(below(4));
    if (facts.quality == StackQuality::kWhole || facts.quality == StackQuality::kTruncated) {
      facts.stack = make_stack();
      if (!one_in(4)) facts.context_switches = one_in(3) ? below(5) : 0;
    }
    facts.native = static_cast<NativeQuality>(below(4));
    facts.ended = one_in(25);
    thread.alive = !facts.ended;
    return facts;
  }

  LoopFacts make_loop() {
    LoopFacts loop;
    loop.state = static_cast<LoopFacts::State>(below(3));
    if (loop.state != LoopFacts::State::kRuns) return loop;
    loop.round = one_in(9) ? Nanos(below(1000)) : time_ - Nanos(below(300'000'000));
    loop.left = below(2000);
    loop.timer = one_in(2);
    loop.unseen = one_in(2);
    return loop;
  }

  WaitingTask make_task() {
    return {static_cast<ThreadIndex>(below(static_cast<std::uint32_t>(threads_.size()))), make_stack(), 1 + below(500)};
  }

  LockInfo make_lock() {
    LockInfo lock;
    lock.index = static_cast<LockIndex>(locks_++);
    lock.kind = static_cast<LockKind>(below(kLockKindCount));
    lock.address = RemoteAddr(0x7f0000000000ULL + (std::uint64_t{below(1U << 30)} << 4));
    lock.type = one_in(2) ? "_thread.lock" : "";
    lock.name = one_in(3) ? "" : "self._lock of Pool " + std::to_string(below(5));
    lock.place = one_in(3) ? "" : "take (pool.py:" + std::to_string(below(9)) + ")";
    return lock;
  }

  LockOwner make_owner() {
    LockOwner owner;
    owner.lock = static_cast<LockIndex>(below(locks_));
    if (!one_in(4)) owner.owner = static_cast<ThreadIndex>(below(static_cast<std::uint32_t>(threads_.size())));
    owner.inferred = one_in(2);
    return owner;
  }

  StackId make_stack() {
    StackId stack = kNoStack;
    for (std::uint32_t depth = below(6); depth > 0; --depth) {
      const std::string number = std::to_string(below(8));
      Frame frame{"f" + number, "/srv/app/file" + number + ".py", static_cast<int>(below(9)), 1, one_in(3)};
      stack = stacks.child(stack, stacks.intern(std::move(frame)));
    }
    return stack;
  }

  std::mt19937 random_;
  Nanos time_ = std::chrono::seconds(100'000);
  std::vector<std::uint64_t> gils_;  // switch numbers
  std::vector<Thread> threads_;
  std::uint32_t locks_ = 0;
};

inline RunFacts made_up_facts() {
  RunFacts facts;
  facts.gilspy_version = "0.1.0";
  facts.identity = {Pid{4242}, {"/usr/bin/python3", "serve.py", "--name=\xff"}, "/usr/bin/python3.11", "/srv/app"};
  facts.python = {3, 11, -1};
  facts.free_threaded = true;
  facts.cpus = {8, 4, 2.5};
  facts.rate_hz = 1000;
  facts.system_calls_told = false;
  facts.wall_minus_clock = Nanos(1'700'000'000'123'456'789);
  facts.stopping = "never";
  facts.gil_set_by = "-X gil=1";
  return facts;
}

inline RunUpdate made_up_update(std::uint64_t number) {
  RunUpdate update;
  update.late = number;
  if (number > 0) update.lateness = {number, Nanos(2'000'001), Nanos(20'000'002), Nanos(30'000'003)};
  update.first_cpu = CpuReading{std::chrono::milliseconds(100'000'100), std::chrono::milliseconds(5)};
  update.last_cpu = CpuReading{std::chrono::seconds(100'001 + number), std::chrono::milliseconds(5 + 800 * number)};
  update.cpu = {*update.first_cpu, *update.last_cpu};
  update.glances = 9 * number;
  update.self = {std::chrono::milliseconds(number), 7'000'000 + number};
  update.pressure = {std::chrono::seconds(1 + number), std::chrono::milliseconds(40 * number), 10 * number, number,
                     std::chrono::milliseconds(7 * number)};
  update.extension_modules = {"numpy", "m\xff"};
  return update;
}

}  // namespace gilspy::recording
