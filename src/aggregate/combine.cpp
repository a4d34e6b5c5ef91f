// Several processes as one program.
#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "gilspy/aggregate.h"

namespace gilspy {
namespace {

constexpr std::size_t kMostStretches = 1'000'000;  // in all lanes
constexpr std::size_t kMostTenures = 1'000'000;    // of all GILs
constexpr std::size_t kMostCpuSteps = 20'000;
constexpr Nanos kFinestWindow = std::chrono::milliseconds(1);

// Recordings can claim anything.
Nanos sum(Nanos a, Nanos b) {
  constexpr double kMost = 4e18;
  return double(a.count()) + double(b.count()) < kMost ? a + b : Nanos(static_cast<std::int64_t>(kMost));
}

Nanos end_of(const Profile& profile) { return profile.first_tick + profile.duration; }

class Combination {
 public:
  explicit Combination(std::vector<Profile> processes) {
    whole_.processes = std::move(processes);
    put_in_order();
    const Profile& root = whole_.processes.front();
    whole_.target = root.target;
    whole_.cpus = root.cpus;
    whole_.quality.rate_hz = root.quality.rate_hz;
    whole_.end_note = root.end_note;
    whole_.target.gil_enabled =
        std::ranges::any_of(whole_.processes, [](const Profile& process) { return process.target.gil_enabled; });
    const auto first = std::ranges::min_element(whole_.processes, {}, &Profile::first_tick);
    whole_.first_tick = first->first_tick;
    whole_.began = first->began;
    for (const Profile& process : whole_.processes) {
      whole_.duration = std::max(whole_.duration, end_of(process) - whole_.first_tick);
    }
  }

  Profile take() {
    for (std::size_t i = 0; i < whole_.processes.size(); ++i) add(static_cast<std::uint32_t>(i));
    whole_.quality.gaps = std::min(whole_.quality.gaps, whole_.duration);
    sort_locks();
    coarsen();
    add_cpu_use();
    measure_margins(whole_);
    return std::move(whole_);
  }

 private:
  void put_in_order() {
    std::vector<Profile>& all = whole_.processes;
    std::ranges::stable_sort(all, {}, &Profile::first_tick);
    const Pid root = all.front().target.pid;
    const auto meant = std::ranges::max_element(
        all, {}, [root](const Profile& process) { return process.target.pid == root ? process.duration : Nanos{-1}; });
    std::rotate(all.begin(), meant, meant + 1);
  }

  void add(std::uint32_t index) {
    Profile& process = whole_.processes[index];
    first_thread_ = static_cast<std::uint32_t>(whole_.threads.size());
    first_gil_ = static_cast<std::uint32_t>(whole_.gils.size());
    first_lock_ = whole_.locks.size();
    offset_ = process.first_tick - whole_.first_tick;
    add_stacks(process.table);
    add_threads(process, index);
    add_gils(process, index);
    add_locks(process, index);
    add_deadlocks(process, index);
    for (LoopProfile loop : process.loops) {
      loop.thread = moved(loop.thread);
      loop.process = index;
      whole_.loops.push_back(loop);
    }
    add_timeline(process.timeline);
    add_times(process);
    add_quality(process.quality);
  }

  // Callers come before those that they called.
  void add_stacks(const StackTable& table) {
    stacks_.assign(table.stack_count(), kNoStack);
    for (std::uint32_t i = 1; i < table.stack_count(); ++i) {
      const StackId stack{i};
      const FrameId frame = whole_.table.intern(table.frame(table.leaf(stack)));
      stacks_[i] = whole_.table.child(stacks_[to_int(table.parent(stack))], frame);
    }
  }

  ThreadIndex moved(ThreadIndex thread) const { return ThreadIndex{first_thread_ + to_int(thread)}; }
  StackId moved(StackId stack) const { return to_int(stack) < stacks_.size() ? stacks_[to_int(stack)] : kNoStack; }

  // Until they are sorted.
  std::uint16_t moved_lock(std::uint16_t number) const {
    const std::size_t moved = first_lock_ + number;
    return number == 0 || moved > kMostNumberedLocks ? std::uint16_t{0} : static_cast<std::uint16_t>(moved);
  }

  void add_threads(const Profile& process, std::uint32_t index) {
    for (ThreadProfile thread : process.threads) {
      thread.info.index = moved(thread.info.index);
      thread.info.gil = GilIndex{first_gil_ + to_int(thread.info.gil)};
      thread.process = index;
      whole_.threads.push_back(std::move(thread));
    }
    for (const StackTime& row : process.stacks) {
      whole_.stacks.push_back({moved(row.thread), moved(row.stack), row.activity, row.time});
    }
    for (const TaskTime& row : process.tasks) whole_.tasks.push_back({moved(row.thread), moved(row.stack), row.time});
    for (const Blame& row : process.blame) {
      whole_.blame.push_back({row.holder == Blame::kNobody ? row.holder : moved(row.holder), moved(row.holder_stack),
                              moved(row.waiter_stack), row.time});
    }
  }

  void add_gils(const Profile& process, std::uint32_t index) {
    for (GilProfile gil : process.gils) {
      gil.index = GilIndex{first_gil_ + to_int(gil.index)};
      gil.process = index;
      // Shares and means are of the program's time, in which the process may not have been; of what nobody sampled
      // while it was, nothing is known.
      const Nanos all = sum(gil.observed, std::max(Nanos{0}, whole_.duration - process.duration));
      if (all > Nanos{0}) gil.mean_waiters *= double(gil.observed.count()) / double(all.count());
      gil.observed = all;
      whole_.gils.push_back(std::move(gil));
    }
  }

  void add_locks(const Profile& process, std::uint32_t index) {
    const auto owner = [&](ThreadIndex thread) { return thread == Blame::kNobody ? thread : moved(thread); };
    for (LockProfile lock : process.locks) {
      lock.process = index;
      if (lock.owner.has_value()) lock.owner = moved(*lock.owner);
      lock.owner_waits_for = moved_lock(lock.owner_waits_for);
      for (LockBlame& row : lock.blame) {
        row = {owner(row.owner), moved(row.owner_stack), moved(row.waiter_stack), row.time};
      }
      lock.observed = sum(lock.observed, std::max(Nanos{0}, whole_.duration - process.duration));
      whole_.locks.push_back(std::move(lock));
    }
  }

  void add_deadlocks(const Profile& process, std::uint32_t index) {
    for (Deadlock deadlock : process.deadlocks) {
      deadlock.process = index;
      deadlock.time = {deadlock.time.from + offset_, deadlock.time.to + offset_};
      for (Deadlock::Member& member : deadlock.members) {
        member = {moved(member.thread), moved_lock(member.lock), moved(member.stack)};
      }
      whole_.deadlocks.push_back(std::move(deadlock));
    }
  }

  void sort_locks() {
    std::vector<std::size_t> order(whole_.locks.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) { return whole_.locks[i].waited; });
    std::vector<LockProfile> sorted;
    std::vector<std::uint16_t> numbers(order.size() + 1, 0);
    for (const std::size_t i : order) {
      sorted.push_back(std::move(whole_.locks[i]));
      if (sorted.size() <= kMostNumberedLocks) numbers[i + 1] = static_cast<std::uint16_t>(sorted.size());
    }
    whole_.locks = std::move(sorted);
    renumber_locks(whole_, numbers);
  }

  // Each process is judged by its lanes as well; what only the program shows is not kept twice.
  void add_timeline(Timeline& from) {
    Timeline& to = whole_.timeline;
    to.lanes.resize(first_thread_);
    to.contexts.resize(first_thread_);
    to.tenures.resize(first_gil_);
    to.window = std::max(to.window, from.window);
    to.turns_window = std::max(to.turns_window, from.turns_window);
    for (Lane lane : from.lanes) {
      for (Stretch& stretch : lane) {
        stretch.from += offset_;
        stretch.to += offset_;
        stretch.stack = moved(stretch.stack);
        stretch.lock = moved_lock(stretch.lock);
      }
      to.lanes.push_back(std::move(lane));
    }
    for (std::vector<Tenure>& tenures : from.tenures) {
      for (Tenure& tenure : tenures) {
        tenure.from += offset_;
        tenure.to += offset_;
        tenure.holder = moved(tenure.holder);
      }
      to.tenures.push_back(std::move(tenures));
    }
    for (std::vector<TimeRange> contexts : from.contexts) {
      for (TimeRange& range : contexts) range = {range.from + offset_, range.to + offset_};
      to.contexts.push_back(std::move(contexts));
    }
    for (const CpuUse& use : from.cpus) cpu_use_.push_back({use.from + offset_, use.to + offset_, use.cpus});
    from.tenures.clear();
    from.cpus.clear();
  }

  void add_times(const Profile& process) {
    whole_.cpu_time = sum(whole_.cpu_time, process.cpu_time);
    whole_.holders_queued = sum(whole_.holders_queued, process.holders_queued);
    // The limit of a cgroup is mostly that of all: who felt it most.
    CpuPressure& pressure = whole_.pressure;
    pressure.watched = std::max(pressure.watched, process.pressure.watched);
    pressure.queued = sum(pressure.queued, process.pressure.queued);
    if (process.pressure.throttled_periods >= pressure.throttled_periods) {
      pressure.periods = process.pressure.periods;
      pressure.throttled_periods = process.pressure.throttled_periods;
      pressure.throttled = process.pressure.throttled;
    }
    // Each of them tells what gilspy has used until then.
    whole_.self.cpu = std::max(whole_.self.cpu, process.self.cpu);
    whole_.self.peak_rss_bytes = std::max(whole_.self.peak_rss_bytes, process.self.peak_rss_bytes);
  }

  void add_quality(const Quality& from) {
    Quality& to = whole_.quality;
    to.ticks_asked += from.ticks_asked;
    to.ticks += from.ticks;
    add_lateness(from);
    to.glances += from.glances;
    to.retried += from.retried;
    to.truncated += from.truncated;
    to.discarded += from.discarded;
    to.blurred += from.blurred;
    to.errors += from.errors;
    to.stopped = std::max(to.stopped, from.stopped);
    to.gaps = std::max(to.gaps, from.gaps);
    to.system_calls_told = to.system_calls_told && from.system_calls_told;
    add_pauses(from.pauses);
    to.native.whole += from.native.whole;
    to.native.cut += from.native.cut;
    to.native.lost += from.native.lost;
  }

  void add_lateness(const Quality& from) {
    Quality& to = whole_.quality;
    if (from.lateness.count > most_late_) to.lateness.median = from.lateness.median;
    most_late_ = std::max(most_late_, from.lateness.count);
    to.late += from.late;
    to.lateness.count += from.lateness.count;
    to.lateness.p99 = std::max(to.lateness.p99, from.lateness.p99);
    to.lateness.longest = std::max(to.lateness.longest, from.lateness.longest);
  }

  void add_pauses(const Pauses& from) {
    Pauses& to = whole_.quality.pauses;
    if (from.count > most_pauses_) to.median = from.median;
    most_pauses_ = std::max(most_pauses_, from.count);
    to.count += from.count;
    to.denied += from.denied;
    to.p99 = std::max(to.p99, from.p99);
    to.longest = std::max(to.longest, from.longest);
    to.total = sum(to.total, from.total);
  }

  void coarsen() {
    Timeline& timeline = whole_.timeline;
    coarsen(timeline.lanes, kMostStretches, timeline.window);
    coarsen(timeline.tenures, kMostTenures, timeline.turns_window);
  }

  template <typename List>
  void coarsen(std::vector<List>& lists, std::size_t most, Nanos& window) const {
    const auto count = [&] {
      std::size_t sum = 0;
      for (const List& list : lists) sum += list.size();
      return sum;
    };
    while (count() > most && window < whole_.duration) {
      window = std::max(2 * window, kFinestWindow);
      for (List& list : lists) list = coarsened(list, window);
    }
  }

  // The sum of all steps at every moment; where there are too many, their means over windows.
  void add_cpu_use() {
    std::vector<std::pair<Nanos, double>> changes;
    for (const CpuUse& use : cpu_use_) {
      changes.emplace_back(use.from, use.cpus);
      changes.emplace_back(use.to, -use.cpus);
    }
    std::ranges::sort(changes);
    const Nanos shortest = whole_.duration / static_cast<std::int64_t>(kMostCpuSteps);
    double cpus = 0, used = 0;  // now; and since `from`, times nanoseconds
    Nanos from{0}, last{0};
    for (const auto& change : changes) {
      used += cpus * double((change.first - last).count());
      last = change.first;
      cpus += change.second;
      if (last - from <= shortest) continue;
      if (used > 0) whole_.timeline.cpus.push_back({from, last, used / double((last - from).count())});
      from = last;
      used = 0;
    }
  }

  Profile whole_;
  std::vector<CpuUse> cpu_use_;
  // Of the process that is being added.
  std::uint32_t first_thread_ = 0;
  std::uint32_t first_gil_ = 0;
  std::size_t first_lock_ = 0;
  Nanos offset_{0};
  std::vector<StackId> stacks_;  // by its own stacks
  std::uint64_t most_pauses_ = 0;
  std::uint64_t most_late_ = 0;
};

}  // namespace

Profile combined(std::vector<Profile> processes) { return Combination(std::move(processes)).take(); }

}  // namespace gilspy
