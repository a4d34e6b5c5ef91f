// Stopping those that run Python, so that what is read stands still: who holds the GIL (nobody else that needs it can
// run Python meanwhile), and without a GIL all attached threads.
#include <algorithm>
#include <utility>

#include "sampler.h"

namespace gilspy::sample {
namespace {

// The GIL may have gone to another thread before its holder stood still.
constexpr int kMostStops = 5;
// Stops of a tick to complete its stacks, where everyone shall stand still: when it began nobody held the GIL, or who
// did was blocked and then went on.
constexpr int kMostCompletions = 4;

}  // namespace

std::vector<ThreadIndex> LiveSampler::holders() const {
  std::vector<ThreadIndex> found;
  for (const GilWords& words : now_) {
    const auto holder = words.locked ? table_.find(words.last_holder) : std::nullopt;
    if (holder.has_value()) found.push_back(*holder);
  }
  return found;
}

// Settled when whoever holds a GIL by the words that are read afterwards was asked to stop: it stands, or is blocked.
Result<void> LiveSampler::stop_holders(Sample& sample) {
  for (int attempt = 1;; ++attempt) {
    const std::vector<ThreadIndex> asked = holders();
    if (!stop_running(asked, sample)) return {};
    GILSPY_CHECK(words_.read(now_, heads_));
    const auto was_asked = [&](ThreadIndex holder) { return std::ranges::count(asked, holder) > 0; };
    if (std::ranges::all_of(holders(), was_asked) || attempt == kMostStops) return {};
    let_go(sample);
  }
}

Result<void> LiveSampler::stop_attached(Sample& sample) {
  if (attached_.empty() || stop_ != nullptr) return {};
  if (!stop_running(attached_, sample)) return {};
  return read_attach_states(sample);
}

// A thread that is blocked does not change what we read, and to interrupt it would be noticed: some system calls return
// early then. False: there is nobody to stop, or it cannot be had.
bool LiveSampler::stop_running(std::span<const ThreadIndex> threads, Sample& sample) {
  std::vector<Tid> tids;
  for (const ThreadIndex thread : threads) {
    ThreadRecord& record = table_.at(thread);
    const auto facts = target_.syscall_of(record.info.tid);
    if (!facts.has_value() || facts->state != SyscallFacts::State::kRunning) continue;
    tids.push_back(record.info.tid);
    record.let_go = true;
  }
  if (tids.empty()) return false;
  auto stop = target_.stop(tids);
  sample.stop_denied = sample.stop_denied || !stop.has_value();
  if (stop.has_value()) stop_ = std::move(*stop);
  return stop.has_value();
}

// By the words that were read after the stop.
bool LiveSampler::stands_still(const ThreadRecord& record) const {
  if (stop_ == nullptr) return false;
  if (stop_->holds(record.info.tid)) return true;
  const GilWords& words = now_[to_int(record.info.gil)];
  const auto holder = words.locked ? table_.find(words.last_holder) : std::nullopt;
  return holder.has_value() && stop_->holds(table_.at(*holder).info.tid);
}

void LiveSampler::let_go(Sample& sample) {
  if (stop_ == nullptr) return;
  sample.pause += stop_->release();
  stop_.reset();
}

// Who took the GIL is in its words a moment after it was taken (take_gil in ceval_gil.c): those who seemed to need it
// stood still only if it has the same holder after they were read.
void LiveSampler::end_stop(std::span<const ThreadIndex> threads, std::span<const StackRequest> requests,
                           Sample& sample) {
  doubtful_.assign(requests.size(), false);
  if (stop_ == nullptr) return;
  bool asked = false,
       known = false;  // only where somebody stood still for want of the GIL: those who stand wait for us
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const ThreadRecord& record = table_.at(threads[i]);
    if (!requests[i].still || stop_->holds(record.info.tid)) continue;
    if (!std::exchange(asked, true)) known = words_.read(then_, other_heads_).has_value();
    const std::size_t gil = to_int(record.info.gil);
    doubtful_[i] = !known || !then_[gil].locked || then_[gil].last_holder != now_[gil].last_holder;
  }
  let_go(sample);
}

void LiveSampler::drop_doubtful(std::span<StackOutcome> outcomes) const {
  for (std::size_t i = 0; i < outcomes.size() && i < doubtful_.size(); ++i) {
    if (doubtful_[i]) outcomes[i].quality = StackQuality::kLost;
  }
}

// Reads those anew that came out truncated or were lost, now that nobody moves.
Result<void> LiveSampler::complete_stacks(Sample& sample) {
  const int most = stopping_ == Stopping::kAlways ? kMostCompletions : 1;
  for (int attempt = 0; attempt < most; ++attempt) {
    std::vector<std::size_t> wanting;
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
      const bool whole = outcomes_[i].quality == StackQuality::kWhole || outcomes_[i].other_thread;
      if (!whole) wanting.push_back(i);
    }
    if (wanting.empty()) break;
    GILSPY_CHECK(read_standing(wanting, sample));
  }
  return {};
}

// One that could not be stopped is mostly blocked by now, and so stands, too.
Result<void> LiveSampler::read_standing(std::span<const std::size_t> wanting, Sample& sample) {
  const std::vector<GilWords> noted = now_;
  GILSPY_CHECK(words_.read(now_, heads_));
  GILSPY_CHECK(stop_holders(sample));
  GILSPY_CHECK(stop_attached(sample));
  std::vector<StackRequest> again;
  std::vector<ThreadIndex> threads;
  for (const std::size_t i : wanting) {
    threads.push_back(stack_picks_[i]);
    again.push_back(requests_[i]);
    again.back().still = stands_still(table_.at(threads.back()));
  }
  std::vector<StackOutcome> second;
  GILSPY_CHECK(stacks_.read(again, second, [&] { end_stop(threads, again, sample); }));
  drop_doubtful(second);
  now_ = noted;
  for (std::size_t k = 0; k < wanting.size(); ++k) {
    StackOutcome& outcome = outcomes_[wanting[k]];
    const std::uint32_t retries = outcome.retries + second[k].retries;
    const bool moved = outcome.moved;
    if (second[k].quality < outcome.quality) outcome = second[k];
    outcome.moved = moved;
    outcome.retries = retries;
  }
  return {};
}

}  // namespace gilspy::sample
