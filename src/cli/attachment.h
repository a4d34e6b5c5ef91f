// From a pid to something that can be sampled.
#pragma once

#include <memory>

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

// A process that is just starting is given two seconds to become a Python. Errors: kNoProcess, kGone, kDenied,
// kNotPython, kUnsupported, kMisfit.
Result<std::unique_ptr<Attachment>> attach_python(Pid pid, Stopping stopping, const platform::StopFlag& stop);

}  // namespace gilspy::cli
