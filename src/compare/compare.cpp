#include "gilspy/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "blocks.h"
#include "estimate.h"
#include "functions.h"
#include "headline.h"
#include "names.h"
#include "remarks.h"

namespace gilspy::compare {
namespace {

// All intervals of a comparison are right together with this certainty: each alone is that much more careful
// (Bonferroni).
constexpr double kMissedWith = 0.05;
// Functions below it on both sides are not compared: the more figures, the less can be told of each.
constexpr double kLeast = 0.01;  // s/s
// From recordings of the same programs, again and again, on a quiet machine and on a busy one: docs/diff.md.
constexpr RunToRun kRunToRun{.share = 0.05, .amount = 0.006};
// Who holds the GIL and has no CPU keeps it for longer, and who waits for a CPU comes late: where that happens, figures
// depend on the machine's load. Also from such recordings.
constexpr double kSwayedByLoad = 0.5;
constexpr double kAmountByLoad = 0.02;  // for each thread that is ready to run and has no CPU

// One recording on its way to figures.
struct Side {
  const Profile& profile;
  const std::vector<FunctionId>& functions;
  BlockSums blocks;
  Totals totals;
  double per_unit = 0;  // of work, or per second: what nanoseconds are multiplied with

  double seconds() const { return double(profile.sampled().count()) / 1e9; }
  // Share of the time in which the holder of a GIL was ready to run and had no CPU.
  double holders_queued() const { return share(profile.holders_queued.count(), profile.sampled().count()); }
  double threads_queued() const { return share(profile.pressure.queued.count(), profile.pressure.watched.count()); }
  double truncated() const { return std::min(1.0, share(profile.quality.truncated, profile.quality.ticks)); }

 private:
  template <typename Number>
  static double share(Number part, Number whole) {
    return whole > 0 ? double(part) / double(whole) : 0.0;
  }
};

double sum(const Blocks& blocks) { return std::accumulate(blocks.begin(), blocks.end(), 0.0); }

double per_second(const Side& side) { return side.seconds() > 0 ? 1e-9 / side.seconds() : 0.0; }

Estimate figure(const Side& side, const Blocks& blocks, double per_unit) {
  std::vector<double> figures = blocks;
  figures.resize(side.blocks.count);  // what a function has nothing of
  for (double& value : figures) value *= double(figures.size()) * per_unit;
  const double seconds_per_unit = side.seconds() * 1e9 * per_unit;
  const double share = std::hypot(kRunToRun.share, kSwayedByLoad * side.holders_queued());
  const double amount = std::hypot(kRunToRun.amount, kAmountByLoad * side.threads_queued());
  return with(estimate(figures), {share, amount * seconds_per_unit});
}

// A process that waits for CPUs would have used more of them on a machine of its own.
Estimate cpus(const Side& side) {
  const Estimate used = figure(side, side.blocks.cpu, per_second(side));
  return with(used, {0, kSwayedByLoad * side.threads_queued()});
}

const Blocks& blocks_of(const Side& side, Measure measure, FunctionId function) {
  static const Blocks kNone;
  const FunctionBlocks& all = side.blocks.of(measure);
  const auto place = all.find(function);
  return place == all.end() ? kNone : place->second;
}

// Functions that are worth comparing, in an order that does not depend on hashing.
std::vector<FunctionId> candidates(const Side& base, const Side& head, Measure measure) {
  std::vector<FunctionId> found;
  for (const Side* side : {&base, &head}) {
    for (const auto& [function, blocks] : side->blocks.of(measure)) {
      if (sum(blocks) * per_second(*side) >= kLeast) found.push_back(function);
    }
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

class Comparing {
 public:
  Comparing(const Recorded& base, const Recorded& head, Comparison& result)
      : names_(shared_names(base.profile, head.profile)),
        functions_(functions_of(base.profile, head.profile, names_)),
        base_(side(base, functions_.base)),
        head_(side(head, functions_.head)),
        result_(result) {}

  void run() {
    std::vector<std::pair<Measure, FunctionId>> rows;
    for (const Measure measure : kMeasures) {
      if (!enough()) break;
      for (const FunctionId function : candidates(base_, head_, measure)) rows.emplace_back(measure, function);
    }
    const bool any_cpu = !base_.blocks.cpu.empty() && !head_.blocks.cpu.empty();
    result_.figures = rows.size() + (any_cpu ? 3 : 2);
    for (const auto& row : rows) {
      FunctionChange change = function(row.first, row.second);
      (change.self.beyond_noise() ? result_.changed : result_.others).push_back(std::move(change));
    }
    for (auto* list : {&result_.changed, &result_.others}) std::ranges::stable_sort(*list, before);
    compare_totals(any_cpu);
  }

  SharedNames take_names() { return std::move(names_); }

 private:
  static Side side(const Recorded& recorded, const std::vector<FunctionId>& functions) {
    Side side{recorded.profile, functions, block_sums(recorded.profile, functions),
              totals_of(recorded.profile, functions), 0};
    side.per_unit = recorded.work ? (*recorded.work > 0 ? 1e-9 / *recorded.work : 0.0) : per_second(side);
    return side;
  }

  static bool before(const FunctionChange& a, const FunctionChange& b) {
    if (a.measure != b.measure) return a.measure < b.measure;
    return std::abs(a.self.difference()) > std::abs(b.self.difference());
  }

  bool enough() const { return base_.blocks.count > 0 && head_.blocks.count > 0; }

  Change change(const Estimate& base, const Estimate& head, double bias = 0) const {
    return change_between(base, head, kMissedWith / double(result_.figures), bias);
  }

  Change change_of_total(const Blocks& base, const Blocks& head) const {
    return change(figure(base_, base, per_second(base_)), figure(head_, head, per_second(head_)));
  }

  FunctionChange function(Measure measure, FunctionId id) const {
    const Function& function = functions_.all[to_int(id)];
    FunctionChange row;
    row.function = function.name;
    row.measure = measure;
    row.base_total = total(base_, measure, id);
    row.head_total = total(head_, measure, id);
    // Where a stack lacks its last frames, the time of a function is booked for its caller. How often that happens
    // depends on the machine more than on the program.
    const double moved = std::abs(base_.truncated() - head_.truncated()) * std::max(row.base_total, row.head_total);
    row.self = change(figure(base_, blocks_of(base_, measure, id), base_.per_unit),
                      figure(head_, blocks_of(head_, measure, id), head_.per_unit), moved);
    row.in_base = function.in_base;
    row.in_head = function.in_head;
    return row;
  }

  static double total(const Side& side, Measure measure, FunctionId id) {
    const auto& totals = side.totals[static_cast<std::size_t>(measure)];
    const auto place = totals.find(id);
    return place == totals.end() ? 0.0 : double(place->second.count()) * side.per_unit;
  }

  void compare_totals(bool any_cpu) {
    TotalChanges& totals = result_.totals;
    if (enough()) {
      totals.held = change_of_total(base_.blocks.held, head_.blocks.held);
      totals.waiters = change_of_total(base_.blocks.waited, head_.blocks.waited);
    } else {
      add_sums(base_.profile, totals.held.base, totals.waiters.base);
      add_sums(head_.profile, totals.held.head, totals.waiters.head);
    }
    if (enough() && any_cpu) {
      totals.cpus = change(cpus(base_), cpus(head_));
    } else {
      totals.cpus.base = base_.profile.parallelism();
      totals.cpus.head = head_.profile.parallelism();
    }
    totals.base_p99 = p99(base_.profile);
    totals.head_p99 = p99(head_.profile);
  }

  static void add_sums(const Profile& profile, double& held, double& waiters) {
    for (const GilProfile& gil : profile.gils) {
      held += gil.utilization();
      waiters += gil.mean_waiters;
    }
  }

  // Of the GIL that most wait for.
  static Nanos p99(const Profile& profile) {
    const auto busiest = std::ranges::max_element(profile.gils, {}, &GilProfile::mean_waiters);
    return busiest == profile.gils.end() ? Nanos{0} : busiest->to_get_gil.p99;
  }

  SharedNames names_;
  Functions functions_;
  Side base_;
  Side head_;
  Comparison& result_;
};

}  // namespace

Comparison compare(const Recorded& base, const Recorded& head) {
  Comparison result;
  result.base = {base.profile.sampled(), base.work, base.verdict.code, {}};
  result.head = {head.profile.sampled(), head.work, head.verdict.code, {}};
  Comparing comparing(base, head, result);
  comparing.run();
  SharedNames names = comparing.take_names();
  result.base.frame_names = std::move(names.base);
  result.head.frame_names = std::move(names.head);
  result.remarks = remarks(base.profile, head.profile);
  result.headline = headline(result);
  return result;
}

}  // namespace gilspy::compare
