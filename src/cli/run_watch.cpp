#include "run_watch.h"

#include <algorithm>

#include "gil_reasons.h"
#include "gilspy/platform.h"

namespace gilspy::cli {

void RunWatch::add(const Sample& sample) {
  if (sample.failed) return;
  gils_ = std::max(gils_, sample.gils.size());
  gil_enabled_ = std::ranges::any_of(sample.gils, &GilFacts::enabled);
  for (const ThreadInfo& info : sample.started) {
    told_[to_int(info.index)] = info;
    std::erase(ended_, info.index);  // it comes back
  }
  for (const ThreadFacts& facts : sample.threads) {
    if (facts.ended) ended_.push_back(facts.thread);
  }
}

void RunWatch::look_around(Target& target, Nanos now) {
  pressure_.look(target, now);
  if (!free_threaded_ || !gil_enabled_) return;
  if (const auto mappings = target.mappings()) extension_modules_ = foreign_extension_modules(*mappings);
}

RunUpdate RunWatch::take(const Sampler& sampler) {
  RunUpdate update;
  update.late = lateness_.count();
  update.lateness = {lateness_.count(), lateness_.quantile(0.5), lateness_.quantile(0.99), lateness_.longest()};
  update.first_cpu = cpu_.first();
  update.last_cpu = cpu_.last();
  update.cpu = cpu_.take();
  update.glances = glances_;
  const platform::SelfUsage self = platform::self_usage();
  update.self = {self.cpu, self.peak_rss_bytes};
  update.pressure = pressure_.so_far();
  update.extension_modules = extension_modules_;
  update.threads = better_known(sampler);
  update.interpreters = new_interpreters(sampler);
  return update;
}

// Names come late: a thread sets its own a while after it has started.
std::vector<ThreadInfo> RunWatch::better_known(const Sampler& sampler) {
  std::vector<ThreadInfo> better;
  for (auto& [index, told] : told_) {
    const ThreadInfo& info = sampler.thread(static_cast<ThreadIndex>(index));
    if (info == told) continue;
    told = info;
    better.push_back(info);
  }
  std::ranges::sort(better, {}, &ThreadInfo::index);
  for (const ThreadIndex thread : ended_) told_.erase(to_int(thread));
  ended_.clear();
  return better;
}

std::vector<InterpreterInfo> RunWatch::new_interpreters(const Sampler& sampler) {
  std::vector<InterpreterInfo> found;
  const std::vector<InterpreterInfo> all = sampler.interpreters();
  // One whose GIL no sample has told of yet waits for the next time, and so do those behind it.
  for (; interpreters_told_ < all.size() && to_int(all[interpreters_told_].gil) < gils_; ++interpreters_told_) {
    found.push_back(all[interpreters_told_]);
  }
  return found;
}

}  // namespace gilspy::cli
