// From a pid to something that can be sampled.
#pragma once

#include <memory>
#include <vector>

#include "gilspy/layout.h"
#include "gilspy/locate.h"
#include "gilspy/platform.h"
#include "gilspy/result.h"
#include "gilspy/sampler.h"
#include "gilspy/stacks.h"
#include "gilspy/target.h"

namespace gilspy::cli {

struct Attachment {  // in the order in which they depend on each other
  std::unique_ptr<Target> target;
  RuntimeLocation location;
  RuntimeLayout layout;
  std::unique_ptr<StackTable> stacks;
  std::unique_ptr<Sampler> sampler;
};

// One try. Errors as below, and kNotReady, kBadAddress, kCorrupt for a Python that is being set up.
Result<std::unique_ptr<Attachment>> attach_now(Pid pid, Stopping stopping);

// One that may well be built and placed as one of these: a copy that fork() made of a process is. Tried first, since it
// spares the search for the runtime. `known` grows by what is new.
struct KnownPython {
  RuntimeLocation location;
  RuntimeLayout layout;
};
Result<std::unique_ptr<Attachment>> attach_like(Pid pid, Stopping stopping, std::vector<KnownPython>& known);

// Errors as above.
Result<std::unique_ptr<Attachment>> attach_core(std::unique_ptr<Target> core);

// With whom the number may have meant instead, where it was taken from inside of a container: its logs have such
// numbers.
Error with_number_inside(Pid pid, Error error);

// A process that is just starting is given two seconds to become a Python. Errors: kNoProcess, kGone, kDenied,
// kNotPython, kUnsupported, kMisfit.
Result<std::unique_ptr<Attachment>> attach_python(Pid pid, Stopping stopping, const platform::StopFlag& stop);

}  // namespace gilspy::cli
