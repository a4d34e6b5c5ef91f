// gilspy-snapshot PID FILE: what a sampler reads of a process in 20 ms, as a file.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>

#include "gilspy/platform.h"
#include "platform/replay/capturing_target.h"
#include "snapshot_file.h"
#include "src/cli/attachment.h"

namespace gilspy::replay {
namespace {

constexpr int kTicks = 20;
constexpr Nanos kPeriod = std::chrono::milliseconds(1);

// The sampler first: of what is read more than once the first value is kept, and a sample should be of one moment.
Result<void> read_all(CapturingTarget& target, const RuntimeLocation& location, const RuntimeLayout& layout) {
  StackTable stacks;
  GILSPY_TRY(const auto sampler, sample::make_sampler(target, location, layout, stacks));
  Sample sample;
  for (int i = 0; i < kTicks; ++i) {
    GILSPY_CHECK(sampler->tick(platform::now(), sample));
    platform::sleep_until(platform::now() + kPeriod);
  }
  GILSPY_TRY(const RuntimeLayout again, layout::for_build(target, location));
  return layout::self_check(target, location, again);
}

// Whoever holds a GIL does not wait for one, unless it changed hands while it was being read.
bool of_one_moment(const Snapshot& snapshot, const RuntimeLayout& layout) {
  FakeTarget target;
  put_into(target, snapshot);
  StackTable stacks;
  const auto sampler = sample::make_sampler(target, snapshot.location, layout, stacks);
  Sample sample;
  if (!sampler.has_value() || !(*sampler)->tick(kPeriod, sample).has_value() || sample.failed) return false;
  return std::ranges::none_of(sample.threads, [&](const ThreadFacts& facts) {
    const bool holds = std::ranges::any_of(
        sample.gils, [&](const GilFacts& gil) { return gil.locked && gil.last_holder == facts.thread; });
    return holds && facts.os != SyscallFacts::State::kRunning;
  });
}

Result<void> capture(Pid pid, const std::string& file) {
  constexpr int kTries = 100;
  const platform::StopFlag stop;
  GILSPY_TRY(const auto attachment, cli::attach_python(pid, Stopping::kNever, stop));
  for (int i = 0; i < kTries; ++i) {
    CapturingTarget target(*attachment->target);
    GILSPY_CHECK(read_all(target, attachment->location, attachment->layout));
    const Snapshot snapshot = target.snapshot(attachment->location);
    if (of_one_moment(snapshot, attachment->layout)) return save(file, snapshot);
  }
  return fail(ErrorCode::kSystem, "the GIL always changed hands while it was being read");
}

}  // namespace
}  // namespace gilspy::replay

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: gilspy-snapshot PID FILE\n";
    return 64;
  }
  const auto captured = gilspy::replay::capture(gilspy::Pid{std::atoi(argv[1])}, argv[2]);
  if (captured.has_value()) return 0;
  std::cerr << "gilspy-snapshot: " << captured.error().message() << "\n";
  return 1;
}
