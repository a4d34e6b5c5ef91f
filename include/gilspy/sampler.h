// sample: takes samples of a target. "A sample costs what changed, not what exists": the GIL words are read at every
// tick; who is read beyond that follows from the number of hand-offs since the tick before (none: the holder; one: the
// old and the new holder; more: everybody that may have run), the rest is refreshed on a budget.
#pragma once

#include <memory>
#include <vector>

#include "gilspy/layout.h"
#include "gilspy/locate.h"
#include "gilspy/result.h"
#include "gilspy/sample.h"
#include "gilspy/stacks.h"
#include "gilspy/target.h"
#include "gilspy/tasks.h"
#include "gilspy/variables.h"

namespace gilspy {

struct InterpreterInfo {
  std::int64_t id = 0;
  GilIndex gil{};
};

// Whether threads may be stopped for a read, some tens of microseconds at a time, so that their stacks are exact. Those
// that run Python: who holds the GIL, and without a GIL all attached threads together.
enum class Stopping : std::uint8_t {
  kNever,
  kToComplete,  // --exact: only when a stack came out truncated or was lost
  kAlways,      // --blocking: at every tick
};

class Sampler {
 public:
  virtual ~Sampler() = default;

  // Fills `sample` with what there is at `now` (CLOCK_MONOTONIC). A tick at which nothing could be read is not an
  // error: sample.failed. Errors: kGone (ended, or replaced by exec: the message says which), kDenied.
  virtual Result<void> tick(Nanos now, Sample& sample) = 0;

  // Looks at the GILs alone, between two ticks; the next one tells what it saw (Sample::handoffs).
  virtual void glance(Nanos now) = 0;
  // Whether threads took turns lately: else there is nothing to see for a glance.
  virtual bool takes_turns() const = 0;

  virtual std::vector<InterpreterInfo> interpreters() const = 0;  // every one that was seen
  // From the next tick on. At first kNone.
  virtual void show_tasks(AsyncTasks which) = 0;
  // From the next tick on samples have copies of native stacks (Sample::natives), for which threads that run are
  // stopped one at a time. Errors: kDenied, where they cannot be stopped.
  virtual Result<void> show_native() = 0;
  // Of all event loops, as they stand now; a process that runs on may change them meanwhile.
  virtual std::vector<TaskState> tasks() = 0;
  // Of one thread, between two ticks, with the stack that it has by then: that of the last tick unless it runs. Threads
  // that run are stopped meanwhile where Stopping allows it (kToComplete: if it does not succeed without).
  virtual StackVariables variables(ThreadIndex thread, VariableDetail detail) = 0;
  virtual const ThreadInfo& thread(ThreadIndex index) const = 0;  // with the best name known by now
};

namespace sample {

// The target, the layout and the table must outlive the sampler. Errors: kNotReady; kDenied, also where threads are to
// be stopped and cannot be.
Result<std::unique_ptr<Sampler>> make_sampler(Target& target, const RuntimeLocation& location,
                                              const RuntimeLayout& layout, StackTable& stacks,
                                              Stopping stopping = Stopping::kNever);

}  // namespace sample
}  // namespace gilspy
